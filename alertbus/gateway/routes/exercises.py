"""`/v1/exercises`: the clock of a rehearsal, which lives in the time its alerts state."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime

from alertbus.gateway.bodies import read
from alertbus.gateway.context import Bus, Who, answers
from alertbus.model.base import Word
from alertbus.model.sensitivity import Sensitivity as S

router = APIRouter(prefix="/v1/exercises", tags=["exercises"])


class Clock(Word):
    """The moment an exercise has reached."""

    at: Annotated[AwareDatetime, S.ROUTING]


@router.post(
    "/{exercise}/clock",
    summary="Move an exercise's clock",
    responses=answers(413),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Clock"}}},
        }
    },
)
async def advance(exercise: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,60}$")], request: Request, bus: Bus, caller: Who) -> Response:
    """Forward, never back: everything that becomes owed until then is owed when this has answered. For operations."""
    caller.must_operate()
    clock = read(Clock, await request.body())
    cases = await bus.intake.cases.advance_exercise(exercise, clock.at)
    return JSONResponse({"exercise": exercise, "at": clock.at.isoformat(), "cases": len(cases)})
