"""What waits for a person, as whoever asks may see it, and who may decide it: for the API and the desk alike.

All of it is for who holds every case; the front door has its own questions, by what agrees and not by names; who integrates has what asks
for a sender's system to be mended; and an agency is asked about flags that it stated. Nobody else sees that there is anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle.case_agencies import agencies_on
from alertbus.chronicle.reviews import INTEGRATION, ReviewItem, ReviewState, owner_of, review_item, review_items
from alertbus.intake.callers import Caller
from alertbus.intake.decisions import ReviewDecision
from alertbus.intake.held_words import PieceHeld, pieces_held
from alertbus.intake.intake import Intake
from alertbus.intake.side_by_side import MOST_PLACES, SideBySide, side_by_side
from alertbus.model.errors import NotAllowed, NotFound
from alertbus.model.events import ReviewReason
from alertbus.model.rights import Right
from alertbus.policy.policy import Policy
from alertbus.sql.database import Database

_OF_ITS_OWN = frozenset({ReviewReason.FLAG_REVIEW_DUE})
"""What an agency is asked about statements of its own."""
_NO_ITEM = "no such review item; `GET /v1/reviews` lists those that are open, a moment after they arose"


@dataclass(frozen=True, slots=True)
class ReviewsAsked:
    """Which items. `state` None: open and decided; `reason` None: every one; `after`: the id of the last item seen."""

    state: ReviewState | None = ReviewState.OPEN
    reason: ReviewReason | None = None
    limit: int = 100
    after: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewsPage:
    """Items, the oldest first, and the id after which the rest comes, if there is more."""

    items: tuple[ReviewItem, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class OpenedReview:
    """A review item as its reader may see it."""

    item: ReviewItem
    people: SideBySide
    words: tuple[PieceHeld, ...]
    agencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By case that the decision may reach, the agencies that work with its children now: only for who may read case files."""


class ReviewReader:
    """Shows review items and takes decisions about them. What has people or words in it is audited before it is shown."""

    def __init__(self, engine: Database, intake: Intake, policy: Policy, now: Callable[[], datetime]) -> None:
        self._engine, self._intake, self._policy, self._now = engine, intake, policy, now

    async def page(self, asked: ReviewsAsked, caller: Caller) -> ReviewsPage:
        """Give a page. Raises `NotAllowed` for a caller of whom nothing is asked, `NotFound` for an `after` that is no item."""
        seen = self.sees(caller)
        stated_by = None if seen else caller.agency
        reasons = seen or _OF_ITS_OWN
        if asked.reason is not None:
            reasons = reasons & {asked.reason}
        front_door, now = self._policy.front_door, self._now()
        last = await review_item(self._engine, asked.after, now, front_door) if asked.after else None
        items = (
            await review_items(
                self._engine,
                now,
                front_door,
                state=asked.state,
                reasons=reasons,
                stated_by=stated_by,
                limit=asked.limit + 1,
                after=last,
            )
            if reasons
            else []
        )
        if not seen and not items:
            raise NotAllowed(
                "the right `hold_cases`, for all cases, or `integrate` is missing; else what waits for a person is for the front door, and "
                "for whoever is asked about a flag of its own"
            )
        following = items[asked.limit - 1].id if len(items) > asked.limit else None
        return ReviewsPage(tuple(items[: asked.limit]), following)

    async def open(self, item_id: str, caller: Caller, *, by: str | None = None) -> OpenedReview:
        """Open an item; `by` is the person who reads. Raises `NotFound` for what is not the caller's, as for what is not there."""
        item = await self.item(item_id, caller)
        may_see = caller.holds_every_case
        people = await side_by_side(self._engine, item, self._policy.identity, may_see=may_see)
        words = await pieces_held(self._engine, item) if may_see else ()
        cases = {case_id for candidate in people.candidates for case_id in candidate.cases}
        cases |= {item.case_id} if item.case_id else set()
        if words or people.in_question or people.candidates or by:
            about = [item_id, *sorted(cases)[:MOST_PLACES]]
            await self._intake.audited.note(AuditedDeed.REVIEW_READ, caller, about=about, reason="read the review item", by=by)
        agencies = await agencies_on(self._engine, sorted(cases)[:MOST_PLACES], self._now()) if may_see else {}
        return OpenedReview(item, people, words, agencies)

    async def item(self, item_id: str, caller: Caller) -> ReviewItem:
        """Give the item alone. Raises as `open`."""
        try:
            item = await review_item(self._engine, item_id, self._now(), self._policy.front_door)
        except NotFound:
            raise NotFound(_NO_ITEM) from None
        own = (
            item.reason in _OF_ITS_OWN and caller.agency is not None and item.source is not None and _is_source(caller.agency, item.source)
        )
        if item.reason not in self.sees(caller) and not own:
            raise NotFound(_NO_ITEM)
        return item

    async def decide(self, item_id: str, said: ReviewDecision, caller: Caller) -> ReviewItem:
        """Decide an item that is the caller's to see, and give it as it is then. Raises as `open`, and as `DecisionIntake.decide`."""
        await self.item(item_id, caller)
        return await self._intake.decisions.decide(item_id, said.outcome, said.person_id, by=said.by, note=said.note, caller=caller)

    def sees(self, caller: Caller) -> frozenset[ReviewReason]:
        """Give the reasons whose items the caller may see: all for who holds all cases, their own for the front door and who integrates."""
        if caller.holds_every_case:
            return frozenset(ReviewReason)
        front_door = self._policy.front_door
        owners = {front_door} if caller.acts_for(front_door) else set()
        if Right.INTEGRATE in caller.rights:
            owners.add(INTEGRATION)
        return frozenset(one for one in ReviewReason if owner_of(one, front_door) in owners)

    def may_be_asked(self, caller: Caller) -> bool:
        """Whether anything may ever wait for the caller: what they see, or a flag of a kind that the policy lets their agency state."""
        if self.sees(caller):
            return True
        flags = [kind for kind, rule in self._policy.kinds.items() if rule.flag]
        agency = caller.agency
        return agency is not None and caller.acts_for(agency) and any(self._policy.lets_state(agency, kind) for kind in flags)


def _is_source(agency: str, source: str) -> bool:
    return source == agency or source.startswith(f"{agency}.")
