"""The gateway as a FastAPI application: routes by subject, one error body, one description of it all at /openapi.json."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import alertbus
from alertbus.gateway import problems
from alertbus.gateway.context import Gateway
from alertbus.gateway.edge import Edge
from alertbus.gateway.routes import alerts as routes_alerts
from alertbus.gateway.routes import audit as routes_audit
from alertbus.gateway.routes import briefings as routes_briefings
from alertbus.gateway.routes import cases as routes_cases
from alertbus.gateway.routes import docs as routes_docs
from alertbus.gateway.routes import exercises as routes_exercises
from alertbus.gateway.routes import explanations as routes_explanations
from alertbus.gateway.routes import inbox as routes_inbox
from alertbus.gateway.routes import item_decisions as routes_item_decisions
from alertbus.gateway.routes import item_escalations as routes_item_escalations
from alertbus.gateway.routes import items as routes_items
from alertbus.gateway.routes import obligations as routes_obligations
from alertbus.gateway.routes import operating as routes_operating
from alertbus.gateway.routes import ops as routes_ops
from alertbus.gateway.routes import people as routes_people
from alertbus.gateway.routes import reports as routes_reports
from alertbus.gateway.routes import reviews as routes_reviews
from alertbus.gateway.routes import sources as routes_sources
from alertbus.gateway.routes import teams as routes_teams
from alertbus.gateway.routes.exercises import ExerciseClock
from alertbus.gateway.routes.operating import FollowAsked
from alertbus.gateway.routes.teams import WhoAnswers
from alertbus.gateway.straight import straight_calls
from alertbus.intake.answer_bodies import Acknowledgement, ActedOn, AnswerTakenBack
from alertbus.intake.decisions import ReviewDecision
from alertbus.intake.finishing import run_finishing
from alertbus.intake.item_decisions import DecisionOnItem
from alertbus.intake.item_escalations import EscalationByName
from alertbus.intake.people import StatedOfPeople
from alertbus.intake.watchdog_rounds import run_watchdog
from alertbus.model.alert import Alert
from alertbus.model.case import Case
from alertbus.model.team import Team
from alertbus.model.ways_out import OWN_CHANNELS
from alertbus.serving.quarantine_kept import PutBack

if TYPE_CHECKING:
    from alertbus.intake.returns import Returns

_ROUTES = (
    *(routes_alerts, routes_explanations, routes_sources, routes_cases, routes_inbox, routes_obligations, routes_items),
    *(routes_item_decisions, routes_item_escalations, routes_reviews, routes_briefings, routes_people, routes_teams, routes_exercises),
    *(routes_audit, routes_reports, routes_operating, routes_ops, routes_docs),
)
_WORDS: tuple[type[BaseModel], ...] = (
    *(Alert, Case, Acknowledgement, ActedOn, AnswerTakenBack, DecisionOnItem, EscalationByName, ReviewDecision, StatedOfPeople),
    *(Team, WhoAnswers, ExerciseClock, PutBack, FollowAsked, problems.Problem),
)
_CLOUD_EVENT = {
    "type": "object",
    "description": "A CloudEvent 1.0 in structured mode, whose data is an alert",
    "required": ["specversion", "id", "source", "type", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string"},
        "source": {"type": "string"},
        "type": {"type": "string"},
        "data": {"$ref": "#/components/schemas/Alert"},
    },
}


def _returns(gateway: Gateway) -> "Returns | None":
    """What looks at the channels of plugins; None where no agency has one. Raises `SettingsFault`."""
    if all(one.channel in OWN_CHANNELS for one in gateway.settings.channels.values()):
        return None
    from alertbus.intake.returns import returns_for  # it needs what delivery needs

    return returns_for(gateway.intake, gateway.settings.channels)


def create_app(gateway: Gateway) -> FastAPI:
    """Make the application of one gateway. Before the first call it publishes the cases that an earlier process left unpublished."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            await gateway.intake.people.republish()
            await gateway.intake.teams.republish()
            returns = _returns(gateway)
        except Exception as error:
            gateway.failure = error  # uvicorn would only log its text
            raise
        working = [
            *([] if returns is None else [asyncio.create_task(returns.run(gateway.stopping))]),
            asyncio.create_task(run_finishing(gateway.intake, gateway.stopping)),
            asyncio.create_task(run_watchdog(gateway.intake, timedelta(seconds=gateway.settings.watchdog_interval_s), gateway.stopping)),
        ]
        yield
        gateway.stopping.set()
        await asyncio.gather(*working)
        await gateway.intake.close()

    app = FastAPI(
        title="alertbus",
        lifespan=lifespan,
        docs_url=None,  # they would load scripts from somebody else's server
        redoc_url=None,
        redirect_slashes=False,
        # Newer FastAPI exports query strings and exception texts to whatever OTEL_* names; an older one passes this over.
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    app.state.gateway = gateway
    for module in _ROUTES:
        app.include_router(module.router)
    problems.install(app)
    app.add_middleware(Edge, counts=gateway.counts, straight=straight_calls(module.router for module in _ROUTES))
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]  # FastAPI's own way to replace it
    return app


def _described(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title="alertbus",
            version=alertbus.__version__,
            description="A safeguarding alert bus: what an agency states reaches every agency that must know, and is "
            "chased until a named person there has acknowledged it. Errors are RFC 9457 problems.",
            routes=app.routes,
        )
        _, words = models_json_schema([(word, "validation") for word in _WORDS], ref_template="#/components/schemas/{model}")
        components = schema.setdefault("components", {})
        components["schemas"] = components.get("schemas", {}) | {"CloudEvent": _CLOUD_EVENT} | words["$defs"]
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        schema["security"] = [{"token": []}, {}]
        app.openapi_schema = schema
    return app.openapi_schema
