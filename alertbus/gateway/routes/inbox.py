"""`/v1/inbox` and `/v1/events`: the obligations of an agency."""

import contextlib
from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from alertbus.chronicle import inbox_order, queries
from alertbus.gateway.context import CurrentCaller, CurrentGateway, Gateway, answers
from alertbus.gateway.feed import shown
from alertbus.model.rights import Right

router = APIRouter(prefix="/v1", tags=["inbox"])

AgencyQuery = Annotated[str | None, Query(description="the caller's own agency; another's is 404", max_length=120)]
StateQuery = Annotated[str | None, Query(description="open, or one state of an obligation", max_length=20)]
ExerciseQuery = Annotated[
    str | None, Query(description="only this exercise; `none` for what is real; without it both, each item saying which", max_length=60)
]


@router.get("/inbox", summary="The caller's obligations", responses=answers(404))
async def inbox(
    gateway: CurrentGateway,
    caller: CurrentCaller,
    agency: AgencyQuery = None,  # noqa: ARG001  read by `callers`; here for OpenAPI
    state: StateQuery = None,
    exercise: ExerciseQuery = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[str | None, Query(description="the `cursor` of the last item seen", max_length=200)] = None,
) -> Response:
    """Overdue first, then by severity, then the oldest first. `next` is the cursor for the rest, if there is more."""
    caller.must(Right.RECEIVE)
    items = await queries.inbox(
        gateway.engine, caller.agency, state, which_exercise(exercise), now=gateway.now(), limit=limit + 1, after=after
    )
    following = items[limit - 1].cursor if len(items) > limit else None
    body = f'{{"items":[{",".join(map(shown, items[:limit]))}],"next":{orjson.dumps(following).decode()}}}'
    return Response(body, media_type="application/json")


@router.get(
    "/events",
    summary="The caller's inbox, live",
    responses=answers(404, also={200: {"description": "Server-sent events named `obligation`", "content": {"text/event-stream": {}}}}),
)
async def events(gateway: CurrentGateway, caller: CurrentCaller, agency: AgencyQuery = None, exercise: ExerciseQuery = None) -> Response:  # noqa: ARG001
    """Every open obligation first, then each as it arises or changes, until the caller goes away."""
    caller.must(Right.RECEIVE)
    stream = _live(gateway, caller.agency, which_exercise(exercise))
    return StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


def which_exercise(exercise: str | None) -> str | None:
    """Give the exercise as the chronicle's queries take it: all of them, one, or None for what is real."""
    if exercise is None:
        return inbox_order.EVERYTHING
    return None if exercise == "none" else exercise


async def _live(gateway: Gateway, agency: str | None, exercise: str | None) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    async with contextlib.aclosing(gateway.feed.follow(agency, exercise)) as events:
        async for event in events:
            yield event
