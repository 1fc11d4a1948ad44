"""`/v1/inbox` and `/v1/events`: the obligations of an agency."""

import contextlib
from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from alertbus.chronicle import inbox_order
from alertbus.gateway.context import CurrentCaller, CurrentGateway, Gateway, answers
from alertbus.model.errors import Fault, InvalidInput
from alertbus.model.rights import Right
from alertbus.model.team import WORKER_REF
from alertbus.serving.feed import shown
from alertbus.serving.inbox_shown import InboxAsked, InboxReader
from alertbus.serving.returned import answered_while_away

router = APIRouter(prefix="/v1", tags=["inbox"])

AgencyQuery = Annotated[str | None, Query(description="the caller's own agency; another's is 404", max_length=120)]
StateQuery = Annotated[str | None, Query(description="open, or one state of an obligation", max_length=20)]
WorkerQuery = Annotated[
    str | None,
    Query(description="the `ref` of a person, from `GET /v1/teams`; never a name: this is an address", pattern=WORKER_REF),
]
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
    worker: WorkerQuery = None,
) -> Response:
    """Overdue first, then by severity, then the oldest first. `next` is the cursor for the rest, if there is more.

    `recipient` and `answering` of a notice say who answers now, where the agency has teams; else `recipient` is whom the case names.
    With `worker` what that person answers for now: what names them, and what names somebody who is away or has left and whom they cover.
    """
    caller.must(Right.RECEIVE)
    asked = InboxAsked(caller.agency, state, which_exercise(exercise), worker, limit, after)
    page = await InboxReader(gateway.engine, gateway.intake.teams.book, gateway.policy, gateway.now).page(asked)
    body = f'{{"items":[{",".join(map(shown, page.items))}],"next":{orjson.dumps(page.next).decode()}}}'
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


@router.get("/inbox/returned", summary="What was answered while somebody was away", responses=answers(404))
async def returned(
    gateway: CurrentGateway,
    caller: CurrentCaller,
    worker: Annotated[str, Query(description="the `ref` of whoever was away, from `GET /v1/teams`", pattern=WORKER_REF)],
    agency: AgencyQuery = None,
) -> Response:
    """Of the person's last absence: from when to when, and what of theirs was answered meanwhile, by whom (`acknowledged_by`), the earliest
    first. What was not answered is in their inbox again.
    """
    caller.must(Right.RECEIVE)
    wanted = agency or caller.agency
    if wanted is None:
        raise InvalidInput([Fault("agency", "the agency at which the person works", "missing")])
    away, items = await answered_while_away(gateway.intake, wanted, worker, gateway.now())
    spell = orjson.dumps({"from": away.since, "to": away.until, "over": away.over}).decode()
    return Response(f'{{"away":{spell},"items":[{",".join(map(shown, items))}]}}', media_type="application/json")


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
