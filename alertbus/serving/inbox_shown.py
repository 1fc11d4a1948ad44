"""An agency's inbox, or one person's part of it, as whoever asks is shown it: each item with who answers for it now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from alertbus.chronicle import inbox_order, queries
from alertbus.chronicle.answers import InboxItem
from alertbus.chronicle.worker_inbox import Theirs, inbox_of_worker
from alertbus.delivery.addressing import addressed
from alertbus.model.team import worker_ref
from alertbus.policy import neutral
from alertbus.policy.policy import Policy
from alertbus.policy.recipient import Recipient
from alertbus.policy.sight import Sight
from alertbus.sql.database import Database
from alertbus.staff.covering import Inquiry
from alertbus.staff.staffing import Staffing
from alertbus.staff.team_book import TeamBook


@dataclass(frozen=True, slots=True)
class InboxAsked:
    """Which part of which inbox. `state` and `exercise` are as in `queries.inbox`; `after` is the cursor of the last item seen."""

    agency: str | None
    state: str | None = inbox_order.OPEN
    exercise: str | None = inbox_order.EVERYTHING
    worker: str | None = None
    """The `ref` of a person: only what they answer for now. None: all of it."""
    limit: int = 100
    after: str | None = None
    kind: str | None = None
    """As the agency was told it; None for every kind."""


@dataclass(frozen=True, slots=True)
class InboxPage:
    """Items in the order of the inbox, and the cursor for what follows, if there is more."""

    items: tuple[InboxItem, ...]
    next: str | None


class InboxReader:
    """Reads inboxes. What a caller may see is the caller's to decide; polling an inbox is not audited (README, rights)."""

    def __init__(self, engine: Database, book: TeamBook, policy: Policy, now: Callable[[], datetime]) -> None:
        self._engine, self._book, self._policy, self._now = engine, book, policy, now

    async def page(self, asked: InboxAsked) -> InboxPage:
        """Give a page. `recipient` and `answering` of a notice say who answers now, where the agency has teams."""
        now, staffing = self._now(), await self._book.fresh()
        which = (self._engine, asked.agency, asked.state, asked.exercise)
        if asked.worker is None:
            items = await queries.inbox(*which, now=now, limit=asked.limit + 1, after=asked.after, kind=asked.kind)
        else:
            theirs = answers_for_now(asked.worker, Inquiry(staffing, now, self._policy))
            items = await inbox_of_worker(*which, theirs, now=now, limit=asked.limit + 1, after=asked.after, kind=asked.kind)
        following = items[asked.limit - 1].cursor if len(items) > asked.limit else None
        return InboxPage(tuple(self.addressed(item, staffing, now) for item in items[: asked.limit]), following)

    def addressed(self, item: InboxItem, staffing: Staffing, now: datetime) -> InboxItem:
        """Give the item with who answers for it now; as it is, where the agency has no teams."""
        notice = addressed(item.notice, staffing, self._policy, now)
        return item if notice is item.notice else item.model_copy(update={"notice": notice})


def kinds_of_inbox(policy: Policy, agency: str) -> dict[str, str]:
    """Give kind → title for the kinds that the agency may know: all others come to it as the neutral one, and none is named to it."""
    sight = Sight(policy, Recipient(policy.agency(agency).sector))
    known = {kind: rule.title for kind, rule in policy.kinds.items() if sight.tells(kind)}
    return {neutral.KIND: neutral.TITLE} | known


def answers_for_now(worker: str, inquiry: Inquiry) -> Theirs:
    """Tell what a person answers for now."""
    return lambda asked: inquiry.falls_to(asked.agency, asked.role, asked.named, asked.exercise) == worker


def names_or_falls_to(worker: str, inquiry: Inquiry) -> Theirs:
    """Tell what a person answers for, and what names them although somebody answers in their place."""
    now = answers_for_now(worker, inquiry)
    return lambda asked: now(asked) or (asked.named is not None and worker_ref(asked.agency, asked.named) == worker)
