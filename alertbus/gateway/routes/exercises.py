"""`/v1/exercises`: the clock of a rehearsal, which lives in the time its alerts state."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse

from alertbus.gateway.bodies import read
from alertbus.gateway.context import CurrentCaller, CurrentGateway, answers
from alertbus.model.base import Moment, Word
from alertbus.model.rights import Right
from alertbus.model.sensitivity import Sensitivity as S

router = APIRouter(prefix="/v1/exercises", tags=["exercises"])


class ExerciseClock(Word):
    """The moment an exercise has reached."""

    at: Annotated[Moment, S.ROUTING]


@router.post(
    "/{exercise}/clock",
    summary="Move an exercise's clock",
    responses=answers(413),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ExerciseClock"}}},
        }
    },
)
async def advance(
    exercise: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,60}$")], request: Request, gateway: CurrentGateway, caller: CurrentCaller
) -> Response:
    """Forward, never back: everything that becomes owed until then is owed when this has answered. For who operates the bus."""
    caller.must(Right.OPERATE)
    clock = read(ExerciseClock, await request.body())
    cases = await gateway.intake.cases.advance_exercise(exercise, clock.at)
    return JSONResponse({"exercise": exercise, "at": clock.at.isoformat(), "cases": len(cases)})
