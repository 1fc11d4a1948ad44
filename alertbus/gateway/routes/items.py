"""`/v1/items`: what is owed by a time on the cases of the caller, by whom, by when, and who is asked next."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response

from alertbus.chronicle.item_queries import ItemsAsked, item_owed
from alertbus.gateway.context import CurrentCaller, CurrentGateway, answers
from alertbus.gateway.routes.inbox import ExerciseQuery, WorkerQuery, which_exercise
from alertbus.intake.callers import Caller
from alertbus.model.case import AGENCY_NAME, CASE_ID
from alertbus.model.rights import Right
from alertbus.serving.items_shown import ItemsWanted, audit_of_others, items_shown

router = APIRouter(prefix="/v1/items", tags=["items"])

AsAgency = Annotated[str | None, Query(description="as this agency sees it: the caller's own; another's is 404", max_length=120)]


@router.get("", summary="What is owed by a time", responses=answers(404))
async def items(
    gateway: CurrentGateway,
    caller: CurrentCaller,
    agency: AsAgency = None,
    case: Annotated[str | None, Query(description="only this case's", pattern=CASE_ID)] = None,
    owner: Annotated[str | None, Query(description="only what this agency owes", pattern=AGENCY_NAME, max_length=120)] = None,
    overdue: Annotated[bool, Query(description="only what is late and not recorded")] = False,
    unowned: Annotated[bool, Query(description="only what everybody was asked for and nobody by name has answered")] = False,
    state: Annotated[ItemsAsked, Query(description="`all`: recorded ones and void ones too")] = ItemsAsked.OPEN,
    exercise: ExerciseQuery = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[str | None, Query(description="`next` of the page before: the id of the last item seen", max_length=200)] = None,
    worker: WorkerQuery = None,
) -> Response:
    """Clocks of the policy's rules, and answers that are owed (`rule` is `answer`), the earliest due first. The page's `next`, given as
    `after`, asks for the rest; an item's `next` is who is told next, and when.

    Every agency that works with the children sees the state of what is owed on the case, whoever owes it; one that acts for an adult sees
    what it owes itself. Who holds the case sees all of it.

    With `worker` what that person of the caller's agency owes or is asked for now, and what falls to them while somebody is away: as
    `GET /v1/inbox` has it, for the same callers.
    """
    _must_see(caller)
    asked = ItemsAsked.UNOWNED if unowned else ItemsAsked.OVERDUE if overdue else state
    only = which_exercise(exercise)
    wanted = ItemsWanted(asked, case, owner, only, limit, after, as_agency=agency is not None, worker=worker)
    page = await items_shown(gateway.intake, caller, wanted, gateway.now())
    body = f'{{"items":[{",".join(one.model_dump_json() for one in page.items)}],"next":{orjson.dumps(page.next).decode()}}}'
    return Response(body, media_type="application/json")


@router.get("/{item_id}", summary="One item, with its steps", responses=answers(404))
async def item(item_id: str, gateway: CurrentGateway, caller: CurrentCaller, agency: AsAgency = None) -> Response:
    """Who was told and when, who is next, and how it ended, as the caller may see it."""
    _must_see(caller)
    found = await item_owed(gateway.engine, gateway.policy, caller.item_sight(as_agency=agency is not None), item_id, now=gateway.now())
    await audit_of_others(gateway.intake, caller, [found])
    return Response(found.model_dump_json(), media_type="application/json")


def _must_see(caller: Caller) -> None:
    if Right.HOLD_CASES not in caller.rights:
        caller.must(Right.RECEIVE)
