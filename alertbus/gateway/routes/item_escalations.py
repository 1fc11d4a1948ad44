"""`/v1/items/{id}/escalations`: a named person who sees that something is late has the next of its chain told (CLK-12)."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from alertbus.gateway.bodies import read
from alertbus.gateway.context import CurrentCaller, CurrentGateway, answers
from alertbus.intake.item_escalations import EscalationByName
from alertbus.model.rights import Right

router = APIRouter(prefix="/v1/items", tags=["items"])


@router.post(
    "/{item_id}/escalations",
    status_code=201,
    summary="Escalate an item",
    responses=answers(404, 413),
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/EscalationByName"}}}}
    },
)
async def escalate(item_id: str, request: Request, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """For every agency that sees the item, whoever owes it. The next of its chain is told now, by whom it was escalated, and whoever comes
    after that has their full time from now on. For an item that is late, or of which whoever owes it has been reminded; and at any time for
    one of a rule that reminds nobody. The same call
    again, or a second person who saw the same, has nobody told twice.
    """
    if Right.HOLD_CASES not in caller.rights:
        caller.must(Right.RECEIVE)
    said = read(EscalationByName, await request.body())
    escalated = await gateway.intake.item_escalations.escalate(item_id, said, caller)
    return JSONResponse(escalated.model_dump(mode="json", exclude={"seen"}), 201)
