"""`/v1/reviews`: what waits for a person, and the decision. For who holds cases, for the front door where the question is its own, and for
an agency that is asked about a flag it stated.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from alertbus.chronicle.reviews import ReviewState
from alertbus.gateway.bodies import read
from alertbus.gateway.context import CurrentCaller, CurrentGateway, answers
from alertbus.intake.decisions import ReviewDecision
from alertbus.model.errors import Fault, InvalidInput
from alertbus.model.events import ReviewReason
from alertbus.serving.reviews_shown import ReviewsAsked

router = APIRouter(prefix="/v1/reviews", tags=["reviews"])

_ALL = "all"


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
    asked = ReviewsAsked(_state(state), None if reason is None else _reason(reason), limit, after)
    page = await gateway.reviews.page(asked, caller)
    items = [item.model_dump(mode="json", exclude={"note"}) for item in page.items]
    return JSONResponse({"items": items, "next": page.next})


@router.get("/{item_id}", summary="One review item, with the candidates side by side", responses=answers(404))
async def review(item_id: str, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """What agrees and what differs, by field; of words held back from a case, what was found in them. Names, births, addresses,
    numbers and the words themselves (with `found`: where in them, and on which cases the people stand to whom it may lead) are only for
    who may read case files, as is `agencies`: by case that a decision may reach, who works with its children now. Which of them are
    told, the policy says.
    """
    opened = await gateway.reviews.open(item_id, caller)
    shown = opened.item.model_dump(mode="json") | opened.people.model_dump(mode="json", exclude_defaults=True)
    if opened.words:
        shown["words"] = [piece.model_dump(mode="json", exclude=None if piece.found else {"found"}) for piece in opened.words]
    if opened.agencies:
        shown["agencies"] = {case_id: list(some) for case_id, some in opened.agencies.items()}
    return JSONResponse(shown)


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
    await gateway.reviews.item(item_id, caller)
    said = read(ReviewDecision, await request.body())
    decided = await gateway.reviews.decide(item_id, said, caller)
    return JSONResponse(decided.model_dump(mode="json"), 201)


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
