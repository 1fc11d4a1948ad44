"""`/v1/items/{id}/decisions`: a named person stops an item's clock, lets it run again, or says why it lapsed."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from alertbus.gateway.bodies import read
from alertbus.gateway.context import CurrentCaller, CurrentGateway, answers
from alertbus.intake.item_decisions import DecisionOnItem
from alertbus.model.rights import Right

router = APIRouter(prefix="/v1/items", tags=["items"])


@router.post(
    "/{item_id}/decisions",
    status_code=201,
    summary="Decide about an item",
    responses=answers(404, 413),
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/DecisionOnItem"}}}}
    },
)
async def decide(item_id: str, request: Request, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """For the agency that owes it and for who holds the case. `suspended` and `resumed` stop its clock and let it run on; `reason_given`
    says why it lapsed. `reason` is a code of the policy's `reason_codes`. Nothing here closes an item: what was owed is recorded by whoever
    did it.
    """
    if Right.HOLD_CASES not in caller.rights:
        caller.must(Right.RECEIVE)
    made = read(DecisionOnItem, await request.body())
    decided = await gateway.intake.item_decisions.decide(item_id, made, caller)
    return JSONResponse(decided.model_dump(mode="json"), 201)
