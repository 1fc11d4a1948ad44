"""`/v1/alerts/{id}/explanation` and `/v1/explanations`: who is told, who is not, and through whom. For who holds cases, of those cases."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from alertbus.gateway.bodies import read
from alertbus.gateway.context import CurrentCaller, CurrentGateway, Gateway, answers
from alertbus.model.alert import Alert
from alertbus.model.rights import Right
from alertbus.serving.explanation_shown import ExplanationReader

router = APIRouter(prefix="/v1", tags=["alerts"])


@router.get("/alerts/{alert_id}/explanation", summary="Who was told of an alert, and why not the others", responses=answers(404))
async def explain_sent(alert_id: str, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """What stands of it, and a line for each agency on each case that the caller holds, by the directory and the policy as they are now."""
    return JSONResponse(asdict(await _reader(gateway).of_sent(alert_id, caller)))


@router.post(
    "/explanations",
    summary="Who would be told of an alert now",
    responses=answers(413),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Alert"}}}}},
)
async def explain_unsent(request: Request, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """As for one that was sent. Nothing is accepted, and nobody is told."""
    caller.must(Right.HOLD_CASES)  # before the body is read: what is wrong with it is said to nobody else
    return JSONResponse(asdict(await _reader(gateway).of_unsent(read(Alert, await request.body()), caller)))


def _reader(gateway: Gateway) -> ExplanationReader:
    return ExplanationReader(gateway.engine, gateway.intake, gateway.policy, gateway.now)
