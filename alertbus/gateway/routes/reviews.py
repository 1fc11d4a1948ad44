"""`/v1/reviews`: what waits for a person, and the decision. For who holds cases, for the front door where the question is its own, and for
an agency that is asked about a flag it stated.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle.reviews import INTEGRATION, ReviewItem, ReviewState, owner_of, review_item, review_items
from alertbus.gateway.bodies import read
from alertbus.gateway.context import CurrentCaller, CurrentGateway, Gateway, answers
from alertbus.intake.callers import Caller
from alertbus.intake.decisions import ReviewDecision
from alertbus.intake.held_words import pieces_held
from alertbus.intake.side_by_side import MOST_PLACES, side_by_side
from alertbus.model.errors import Fault, InvalidInput, NotAllowed, NotFound
from alertbus.model.events import ReviewReason
from alertbus.model.rights import Right

router = APIRouter(prefix="/v1/reviews", tags=["reviews"])

_ALL = "all"
_OF_ITS_OWN = frozenset({ReviewReason.FLAG_REVIEW_DUE})
"""What an agency is asked about statements of its own."""
_NO_ITEM = "no such review item; `GET /v1/reviews` lists those that are open, a moment after they arose"


@router.get("", summary="What waits for a person", responses=answers(404))
async def reviews(
    gateway: CurrentGateway,
    caller: CurrentCaller,
    state: Annotated[str, Query(description="open, decided or all", max_length=20)] = ReviewState.OPEN,
    reason: Annotated[str | None, Query(description="only this reason", max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    after: Annotated[str | None, Query(description="the `next` of the list before", max_length=60)] = None,
) -> Response:
    """The oldest first: ids, reasons, times and whose it is to decide, nothing about anybody. `next` is for the rest, if there is more."""
    seen = _seen_by(caller, gateway)
    stated_by = None if seen else caller.agency
    reasons = seen or _OF_ITS_OWN
    if reason is not None:
        reasons = reasons & {_reason(reason)}
    front_door, now, which = gateway.policy.front_door, gateway.now(), _state(state)
    last = await review_item(gateway.engine, after, now, front_door) if after else None
    items = (
        await review_items(gateway.engine, now, front_door, state=which, reasons=reasons, stated_by=stated_by, limit=limit + 1, after=last)
        if reasons
        else []
    )
    if not seen and not items:
        raise NotAllowed(
            "the right `hold_cases`, for all cases, or `integrate` is missing; else what waits for a person is for the front door, and for "
            "whoever is asked about a flag of its own"
        )
    following = items[limit - 1].id if len(items) > limit else None
    return JSONResponse({"items": [item.model_dump(mode="json", exclude={"note"}) for item in items[:limit]], "next": following})


@router.get("/{item_id}", summary="One review item, with the candidates side by side", responses=answers(404))
async def review(item_id: str, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """What agrees and what differs, by field; of words held back from a case, what was found in them. Names, births, addresses,
    numbers and the words themselves are only for who may read case files.
    """
    item = await _item(item_id, gateway, caller)
    may_see = caller.holds_every_case
    people = await side_by_side(gateway.engine, item, gateway.policy.identity, may_see=may_see)
    words = await pieces_held(gateway.engine, item) if may_see else ()
    if words or people.in_question or people.candidates:
        cases = {case_id for candidate in people.candidates for case_id in candidate.cases}
        cases |= {item.case_id} if item.case_id else set()
        about = [item_id, *sorted(cases)[:MOST_PLACES]]
        await gateway.intake.audited.note(AuditedDeed.REVIEW_READ, caller, about=about, reason="read the review item")
    shown = item.model_dump(mode="json") | people.model_dump(mode="json", exclude_defaults=True)
    return JSONResponse(shown | ({"words": [piece.model_dump(mode="json") for piece in words]} if words else {}))


@router.post(
    "/{item_id}/decisions",
    status_code=201,
    summary="Decide a review item",
    responses=answers(404, 409, 413),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ReviewDecision"}}},
        }
    },
)
async def decide(item_id: str, request: Request, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """`same` joins the candidate named in `person_id` and tells who should have been told; `different` keeps all of them apart; `seen` says
    that somebody has dealt with it; `reopened` takes the earlier decision back. Of words held back from a case `release` sends them to its
    agencies, as an amendment of what they were told, and `keep` leaves them out for good: neither is taken back.

    When this has answered, what follows is on its way. The same decision again changes nothing.
    """
    await _item(item_id, gateway, caller)
    said = read(ReviewDecision, await request.body())
    decided = await gateway.intake.decisions.decide(item_id, said.outcome, said.person_id, by=said.by, note=said.note, caller=caller)
    return JSONResponse(decided.model_dump(mode="json"), 201)


def _seen_by(caller: Caller, gateway: Gateway) -> frozenset[ReviewReason]:
    """Give the reasons whose items the caller may see: all for who holds all cases, their own for the front door and for who integrates."""
    if caller.holds_every_case:
        return frozenset(ReviewReason)
    front_door = gateway.policy.front_door
    owners = {front_door} if caller.acts_for(front_door) else set()
    if Right.INTEGRATE in caller.rights:
        owners.add(INTEGRATION)
    return frozenset(one for one in ReviewReason if owner_of(one, front_door) in owners)


async def _item(item_id: str, gateway: Gateway, caller: Caller) -> ReviewItem:
    """Give the item. One that is not the caller's to see raises `NotFound`, exactly as one that is not there."""
    try:
        item = await review_item(gateway.engine, item_id, gateway.now(), gateway.policy.front_door)
    except NotFound:
        raise NotFound(_NO_ITEM) from None
    own = item.reason in _OF_ITS_OWN and caller.agency is not None and item.source is not None and _is_source(caller.agency, item.source)
    if item.reason not in _seen_by(caller, gateway) and not own:
        raise NotFound(_NO_ITEM)
    return item


def _is_source(agency: str, source: str) -> bool:
    return source == agency or source.startswith(f"{agency}.")


def _state(name: str) -> ReviewState | None:
    if name == _ALL:
        return None
    return ReviewState(_one_of("state", name, [*ReviewState, _ALL]))


def _reason(name: str) -> ReviewReason:
    return ReviewReason(_one_of("reason", name, list(ReviewReason)))


def _one_of(parameter: str, name: str, allowed: list[Any]) -> str:
    if name not in allowed:
        raise InvalidInput([Fault(parameter, f"one of {', '.join(allowed)}", "enum")])
    return name
