"""The gateway as a FastAPI application: routes by subject, one error body, one description of it all at /openapi.json."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import alertbus
from alertbus.broker.faults import BrokerFault
from alertbus.gateway import (
    problems,
    routes_alerts,
    routes_cases,
    routes_docs,
    routes_exercises,
    routes_inbox,
    routes_ops,
    routes_sources,
)
from alertbus.gateway.answers import Acknowledgement
from alertbus.gateway.edge import Edge
from alertbus.gateway.parts import Parts
from alertbus.gateway.routes_exercises import Clock
from alertbus.gateway.watchdog import watch
from alertbus.model.alert import Alert
from alertbus.model.case import Case
from alertbus.model.errors import BusError

log = structlog.get_logger("alertbus.gateway")

_ROUTES = (routes_alerts, routes_sources, routes_cases, routes_inbox, routes_exercises, routes_ops, routes_docs)
_WORDS: tuple[type[BaseModel], ...] = (Alert, Case, Acknowledgement, Clock, problems.Problem)
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


WAKE_S = 15.0
"""How often cases are looked for of which something has begun: late by this much at most (ours)."""


async def _tick(parts: Parts) -> None:
    """Until the gateway stops. Trouble is told and tried again: nothing due is forgotten."""
    while not parts.stopping.is_set():
        try:
            await parts.intake.casework.wake()
        except (BusError, BrokerFault) as fault:
            log.warning("ticks wait", code=getattr(fault, "code", "broker_fault"))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(parts.stopping.wait(), WAKE_S)


def create_app(parts: Parts) -> FastAPI:
    """Give the application over these parts. Its lifespan finishes what an earlier process left before the first call."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            await parts.intake.republish()
        except Exception as error:
            parts.failure = error  # a server would only log its text
            raise
        working = [asyncio.create_task(_tick(parts)), asyncio.create_task(watch(parts))]
        yield
        parts.stopping.set()
        await asyncio.gather(*working)
        await parts.intake.sender.close()

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
    app.state.parts = parts
    for module in _ROUTES:
        app.include_router(module.router)
    problems.install(app)
    app.add_middleware(Edge, counts=parts.counts)
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
        components["schemas"] = {"CloudEvent": _CLOUD_EVENT} | words["$defs"]
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        schema["security"] = [{"token": []}, {}]
        app.openapi_schema = schema
    return app.openapi_schema
