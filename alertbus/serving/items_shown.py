"""What is owed by a time, as whoever asks is shown it: that others' was looked at is audited first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle.inbox_order import EVERYTHING
from alertbus.chronicle.item_queries import ItemsAsked, item_owed, items_owed
from alertbus.chronicle.item_sight import ItemShown
from alertbus.intake.callers import Caller
from alertbus.intake.intake import Intake
from alertbus.model.rights import Right
from alertbus.policy.policy import Policy
from alertbus.sql.database import Database


@dataclass(frozen=True, slots=True)
class ItemsWanted:
    """Which items: of one case or of all, of reality, everything or one exercise. `as_agency`: as the caller's agency sees them, though the
    caller holds cases.
    """

    asked: ItemsAsked = ItemsAsked.OPEN
    case_id: str | None = None
    exercise: str | None = EVERYTHING
    as_agency: bool = False
    limit: int = 100
    after: str | None = None


@dataclass(frozen=True, slots=True)
class ItemsPage:
    """Items, the earliest due first, and the id to give as `after` for what follows, if there is more."""

    items: tuple[ItemShown, ...]
    next: str | None


class ItemsReader:
    """Reads items. What an agency owes itself is its inbox; that others' was looked at is noted, by case, before it is shown."""

    def __init__(self, engine: Database, intake: Intake, policy: Policy, now: Callable[[], datetime]) -> None:
        self._engine, self._intake, self._policy, self._now = engine, intake, policy, now

    async def page(self, wanted: ItemsWanted, caller: Caller, *, by: str | None = None) -> ItemsPage:
        """Give a page. `by` is the person who reads. Raises `NotAllowed` for who neither receives nor holds cases."""
        _must_see(caller)
        found = await items_owed(
            self._engine,
            self._policy,
            caller.item_sight(as_agency=wanted.as_agency),
            wanted.asked,
            case_id=wanted.case_id,
            exercise=wanted.exercise,
            now=self._now(),
            limit=wanted.limit + 1,
            after=wanted.after,
        )
        shown = found[: wanted.limit]
        await self._audited(shown, caller, by)
        return ItemsPage(tuple(shown), shown[-1].id if len(found) > wanted.limit else None)

    async def one(self, item_id: str, caller: Caller, *, as_agency: bool = False, by: str | None = None) -> ItemShown:
        """Give one item. Raises `NotFound` for what is not there or not to be seen."""
        _must_see(caller)
        sight = caller.item_sight(as_agency=as_agency)
        found = await item_owed(self._engine, self._policy, sight, item_id, now=self._now())
        await self._audited([found], caller, by)
        return found

    async def _audited(self, shown: list[ItemShown], caller: Caller, by: str | None) -> None:
        others = sorted({one.case_id for one in shown if one.agency != caller.agency})
        if others and caller.agency is not None:
            await self._intake.audited.note(AuditedDeed.ITEMS_READ, caller, about=others, reason="read what is owed on the case", by=by)


def _must_see(caller: Caller) -> None:
    if Right.HOLD_CASES not in caller.rights:
        caller.must(Right.RECEIVE)
