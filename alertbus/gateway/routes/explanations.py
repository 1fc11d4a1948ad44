"""`/v1/alerts/{id}/explanation` and `/v1/explanations`: who is told, who is not, and through whom. For who holds cases, of those cases."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from alertbus.audit.chain import AuditedDeed
from alertbus.gateway.bodies import read
from alertbus.gateway.context import CurrentCaller, CurrentGateway, Gateway, answers
from alertbus.intake.callers import Caller
from alertbus.model.alert import Alert
from alertbus.model.rights import Right
from alertbus.operations.explaining import Explainer, Explanation

router = APIRouter(prefix="/v1", tags=["alerts"])

_MOST_NAMED = 900
"""Cases named in an audit record, which holds a thousand ids at most."""


@router.get("/alerts/{alert_id}/explanation", summary="Who was told of an alert, and why not the others", responses=answers(404))
async def explain_sent(alert_id: str, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """What stands of it, and a line for each agency on each case that the caller holds, by the directory and the policy as they are now."""
    caller.must(Right.HOLD_CASES)
    found, explanation = await _explainer(gateway).of_sent(alert_id, caller.sight)
    return await _answer(explanation, gateway, caller, found)


@router.post(
    "/explanations",
    summary="Who would be told of an alert now",
    responses=answers(413),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Alert"}}}}},
)
async def explain_unsent(request: Request, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """As for one that was sent. Nothing is accepted, and nobody is told."""
    caller.must(Right.HOLD_CASES)
    explanation = await _explainer(gateway).of_unsent(read(Alert, await request.body()))
    return await _answer(explanation, gateway, caller)


def _explainer(gateway: Gateway) -> Explainer:
    return Explainer(gateway.engine, gateway.policy, gateway.now)


async def _answer(explanation: Explanation, gateway: Gateway, caller: Caller, *about: str) -> Response:
    lines = [line for line in explanation.lines if caller.holds_case(line["case"])]
    cases = sorted({line["case"] for line in lines})[:_MOST_NAMED]
    await gateway.intake.audited.note(AuditedDeed.EXPLANATION_READ, caller, about=[*about, *cases], reason="asked who is told, and why")
    return JSONResponse(asdict(explanation) | {"lines": lines})
