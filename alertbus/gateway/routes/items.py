"""`/v1/items`: what is owed by a time on the cases of the caller, by whom, by when, and who is asked next."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response

from alertbus.chronicle.item_queries import ItemsAsked
from alertbus.gateway.context import CurrentCaller, CurrentGateway, Gateway, answers
from alertbus.gateway.routes.inbox import ExerciseQuery, which_exercise
from alertbus.model.case import CASE_ID
from alertbus.serving.items_shown import ItemsReader, ItemsWanted

router = APIRouter(prefix="/v1/items", tags=["items"])

AsAgency = Annotated[str | None, Query(description="as this agency sees it: the caller's own; another's is 404", max_length=120)]


@router.get("", summary="What is owed by a time", responses=answers(404))
async def items(
    gateway: CurrentGateway,
    caller: CurrentCaller,
    agency: AsAgency = None,
    case: Annotated[str | None, Query(description="only this case's", pattern=CASE_ID)] = None,
    overdue: Annotated[bool, Query(description="only what is late and not recorded")] = False,
    unowned: Annotated[bool, Query(description="only what everybody was asked for and nobody by name has answered")] = False,
    state: Annotated[ItemsAsked, Query(description="`all`: recorded ones and void ones too")] = ItemsAsked.OPEN,
    exercise: ExerciseQuery = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[str | None, Query(description="`next` of the page before: the id of the last item seen", max_length=200)] = None,
) -> Response:
    """Clocks of the policy's rules, and answers that are owed (`rule` is `answer`), the earliest due first. The page's `next`, given as
    `after`, asks for the rest; an item's `next` is who is told next, and when.

    Every agency that works with the children sees the state of what is owed on the case, whoever owes it; one that acts for an adult sees
    what it owes itself. Who holds the case sees all of it.
    """
    asked = ItemsAsked.UNOWNED if unowned else ItemsAsked.OVERDUE if overdue else state
    wanted = ItemsWanted(asked, case, which_exercise(exercise), agency is not None, limit, after)
    page = await _reader(gateway).page(wanted, caller)
    body = f'{{"items":[{",".join(one.model_dump_json() for one in page.items)}],"next":{orjson.dumps(page.next).decode()}}}'
    return Response(body, media_type="application/json")


@router.get("/{item_id}", summary="One item, with its steps", responses=answers(404))
async def item(item_id: str, gateway: CurrentGateway, caller: CurrentCaller, agency: AsAgency = None) -> Response:
    """Who was told and when, who is next, and how it ended, as the caller may see it."""
    found = await _reader(gateway).one(item_id, caller, as_agency=agency is not None)
    return Response(found.model_dump_json(), media_type="application/json")


def _reader(gateway: Gateway) -> ItemsReader:
    return ItemsReader(gateway.engine, gateway.intake, gateway.policy, gateway.now)
