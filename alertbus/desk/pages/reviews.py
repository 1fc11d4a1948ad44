"""`/reviews`: what waits for a person; `/reviews/{id}`: one question with the evidence side by side, its decision, and the way back."""

import contextlib
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.datastructures import FormData
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from alertbus.chronicle.reviews import ReviewState
from alertbus.desk import review_evidence, review_in_words
from alertbus.desk.desk import Desk, desk_of
from alertbus.desk.in_words import moment
from alertbus.desk.visitor import Visitor
from alertbus.intake.decisions import AlreadyDecided, ReviewDecision
from alertbus.intake.patience import until_found
from alertbus.model.errors import InvalidInput, NotAllowed, NotFound
from alertbus.model.events import ReviewReason
from alertbus.model.identity import ReviewOutcome
from alertbus.model.rights import Right
from alertbus.serving.reviews_shown import OpenedReview, ReviewsAsked, ReviewsPage

router = APIRouter(prefix="/reviews", include_in_schema=False)

SHOWN = 25
"""Questions on a page. Chosen: a screen or two of one line each."""

_REASON = "^(" + "|".join(("", *ReviewReason)) + ")$"
_HOUR, _DAY = 3600.0, 86400.0
_AGES = (
    (7 * _DAY, "For more than a week"),
    (_DAY, "For more than a day"),
    (_HOUR, "For more than an hour"),
    (0.0, "For less than an hour"),
)


@dataclass(slots=True)
class AnswerTyped:
    """What somebody chose and wrote, and what is wrong with it, by field."""

    outcome: ReviewOutcome | None = None
    person_id: str | None = None
    note: str = ""
    faults: dict[str, str] = field(default_factory=dict)

    @property
    def choice(self) -> str:
        return "" if self.outcome is None else ".".join(filter(None, (self.outcome.value, self.person_id)))


@router.get("")
async def reviews(
    request: Request,
    state: Annotated[str, Query(pattern="^(open|decided)$")] = "open",
    reason: Annotated[str, Query(pattern=_REASON)] = "",
    after: Annotated[str | None, Query(max_length=60)] = None,
) -> Response:
    """The questions that the visitor may see, the oldest first, by how long they wait. Nothing on it is about anybody."""
    desk = desk_of(request)
    visitor = await desk.visitor(request)
    asked = ReviewsAsked(ReviewState(state), ReviewReason(reason) if reason else None, SHOWN, after)
    try:
        page = await desk.reviews.page(asked, visitor.caller)
    except NotAllowed:
        if not visitor.is_asked:
            raise
        page = ReviewsPage((), None)  # an agency that is asked about flags of its own, when no question waits
    chosen = {"state": state, **({"reason": reason} if reason else {})}
    seen = desk.reviews.sees(visitor.caller) or frozenset({ReviewReason.FLAG_REVIEW_DUE})
    return desk.shown(
        request,
        visitor,
        "reviews.html",
        ages=_by_age(page) if state == "open" else [("The oldest first", page.items)] if page.items else [],
        state=state,
        reason=reason,
        reasons=sorted(((one.value, review_in_words.SHORT[one]) for one in seen), key=lambda pair: pair[1]),
        questions=review_in_words.QUESTIONS,
        short=review_in_words.SHORT,
        owner=review_in_words.owner_in_words,
        decided=review_in_words.decided_in_words,
        further=f"/reviews?{urlencode(chosen | {'after': page.next})}" if page.next else None,
        first_page=after is None,
        states_people=visitor.caller.holds_every_case,
    )


@router.get("/{item_id}")
async def review(item_id: str, request: Request, done: Annotated[str | None, Query(pattern="^[a-z]{4,10}$")] = None) -> Response:
    """One question, as the visitor may see it. `done` is what they have just decided."""
    desk = desk_of(request)
    visitor = await desk.visitor(request)
    opened = await desk.reviews.open(item_id, visitor.caller, by=visitor.name)
    return _page(desk, request, visitor, opened, AnswerTyped(), done=done)


@router.post("/{item_id}/decide")
async def decide(item_id: str, request: Request) -> Response:
    """Record the decision in the visitor's own name; what tells agencies, or cannot be taken back, is asked about first."""
    desk = desk_of(request)
    visitor = await desk.visitor(request)
    form = await desk.door.checked_form(request)
    item = await desk.reviews.item(item_id, visitor.caller)
    typed = _typed(form)
    if typed.outcome is None:
        typed.faults["outcome"] = "Choose what you decide."
        return await _again(desk, request, visitor, item_id, typed)
    if review_in_words.is_asked_first(item, typed.outcome) and form.get("confirmed") != "yes":
        return await _asked_first(desk, request, visitor, item_id, typed)
    try:
        said = ReviewDecision(outcome=typed.outcome, person_id=typed.person_id, by=visitor.name, note=typed.note or None)
        decided = await desk.reviews.decide(item_id, said, visitor.caller)
    except ValidationError:
        typed.faults["note"] = "Write at most 2,000 characters."
    except InvalidInput as error:
        typed.faults["outcome"] = _refused(error)
    except AlreadyDecided:
        typed.faults["outcome"] = "Somebody has decided it meanwhile, and that stands. What you chose was not recorded."
        return await _again(desk, request, visitor, item_id, typed, status=409)
    else:

        async def shown() -> bool | None:
            now = await desk.reviews.item(item_id, visitor.caller)
            return (now.outcome, now.decided_at) == (decided.outcome, decided.decided_at) or None

        with contextlib.suppress(NotFound):
            await until_found(shown, "not shown yet")
        return RedirectResponse(f"/reviews/{item_id}?done={typed.outcome}", 303)
    return await _again(desk, request, visitor, item_id, typed)


async def _again(desk: Desk, request: Request, visitor: Visitor, item_id: str, typed: AnswerTyped, *, status: int = 422) -> Response:
    opened = await desk.reviews.open(item_id, visitor.caller, by=visitor.name)
    return _page(desk, request, visitor, opened, typed, status=status)


async def _asked_first(desk: Desk, request: Request, visitor: Visitor, item_id: str, typed: AnswerTyped) -> Response:
    opened = await desk.reviews.open(item_id, visitor.caller, by=visitor.name)
    assert typed.outcome is not None
    if typed.outcome not in review_in_words.possible(opened.item):
        typed.faults["outcome"] = "That is not possible any more: somebody has decided it meanwhile."
        return _page(desk, request, visitor, opened, typed, status=422)
    columns = review_evidence.columns_of(opened.people)
    chosen = next((one for one in columns if one.person_id == typed.person_id), None)
    tells = typed.outcome is not ReviewOutcome.KEEP
    cases = set(chosen.cases if chosen else ()) | {opened.item.case_id}
    return desk.shown(
        request,
        visitor,
        "review_confirm.html",
        item=opened.item,
        question=review_in_words.QUESTIONS[opened.item.reason],
        typed=typed,
        says=review_in_words.DONE[typed.outcome] + (f": {chosen.letter}" if chosen else ""),
        follows=review_in_words.CONSEQUENCES[typed.outcome],
        agencies=[
            (case_id, len(names), review_evidence.agencies_in_words(names))
            for case_id, names in opened.agencies.items()
            if tells and (case_id in cases or typed.outcome is ReviewOutcome.REOPENED)
        ],
        tells=tells,
    )


def _page(
    desk: Desk,
    request: Request,
    visitor: Visitor,
    opened: OpenedReview,
    typed: AnswerTyped,
    *,
    status: int = 200,
    done: str | None = None,
) -> Response:
    item = opened.item
    return desk.shown(
        request,
        visitor,
        "review.html",
        status=status,
        item=item,
        question=review_in_words.QUESTIONS[item.reason],
        owner=review_in_words.owner_in_words(item),
        decided=review_in_words.decided_in_words(item),
        columns=review_evidence.columns_of(opened.people),
        rows=review_evidence.evidence_rows(opened.people) if opened.people.candidates else (),
        place=opened.people.in_question,
        names_shown=visitor.caller.holds_every_case,
        pieces=review_evidence.marked(opened.words),
        clues=review_evidence.clue_lines(item.clues),
        agencies={case_id: review_evidence.agencies_in_words(names) for case_id, names in opened.agencies.items()},
        possible=review_in_words.possible(item),
        done=review_in_words.DONE.get(ReviewOutcome(done)) if done in set(ReviewOutcome) else None,
        shown_yet=done is None or item.outcome == done,
        typed=typed,
        opens_alerts=Right.RECEIVE in visitor.rights,
        waits_since=moment(item.at, desk.now()),
    )


def _by_age(page: ReviewsPage) -> list[tuple[str, list[object]]]:
    found: dict[str, list[object]] = {}
    for item in page.items:
        words = next(words for least, words in _AGES if max(item.age_s, 0.0) >= least)
        found.setdefault(words, []).append(item)
    return list(found.items())


def _typed(form: FormData) -> AnswerTyped:
    """Read `same.ID`, or another outcome; anything else is none."""
    name, _, person_id = str(form.get("outcome") or "").partition(".")
    note = form.get("note")
    outcome = ReviewOutcome(name) if name in set(ReviewOutcome) else None
    return AnswerTyped(outcome, person_id or None, note.strip() if isinstance(note, str) else "")


def _refused(error: InvalidInput) -> str:
    codes = {fault.code for fault in error.faults}
    if "contradicted" in codes:
        return review_in_words.CONTRADICTED
    if codes & {"gone", "not_a_candidate"}:
        return review_in_words.GONE
    return "That is not possible here any more: somebody has decided it, or the question has changed. Read the page again."
