"""`/v1/people`: a person states that two people are one, or are not. For who holds cases."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from alertbus.directory.who_is_who import WhoIsWho
from alertbus.gateway.bodies import read
from alertbus.gateway.context import CurrentCaller, CurrentGateway, Gateway, answers
from alertbus.intake.callers import Caller
from alertbus.intake.people import StatedOfPeople
from alertbus.model.identity import PersonMerged, PersonSplit
from alertbus.serving.people_stated import must_hold_every_case, state_of_people

router = APIRouter(prefix="/v1/people", tags=["people"])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/StatedOfPeople"}}},
    }
}


@router.post("/merges", status_code=201, summary="State that two people are one", responses=answers(404, 413), openapi_extra=_BODY)
async def merge(request: Request, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """What stands about either meets the cases of both. `taken_back` undoes it. Saying it again has no second effect."""
    return await _state(PersonMerged, request, gateway, caller)


@router.post("/splits", status_code=201, summary="State that two people are two", responses=answers(404, 413), openapi_extra=_BODY)
async def split(request: Request, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """What joined them counts no longer: who was told by it hears that it was not about their case. `taken_back` undoes it."""
    return await _state(PersonSplit, request, gateway, caller)


async def _state(kind: type[WhoIsWho], request: Request, gateway: Gateway, caller: Caller) -> Response:
    must_hold_every_case(caller)
    stated = read(StatedOfPeople, await request.body())
    outcome = await state_of_people(gateway.intake, gateway.policy, kind, stated, caller)
    return JSONResponse(outcome.model_dump(mode="json"), 201)
