"""One family as somebody on its case is shown it: how it stands, what is open, and what their own agency was told. Audited first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle.answers import InboxItem
from alertbus.chronicle.case_status import NO_CASE, CaseStatus, case_status
from alertbus.chronicle.item_sight import ItemShown
from alertbus.chronicle.queries import told_on_case
from alertbus.intake.callers import Caller
from alertbus.intake.intake import Intake
from alertbus.model.errors import NotFound
from alertbus.policy.policy import Policy
from alertbus.serving.items_shown import ItemsWanted, items_shown
from alertbus.sql.database import Database

MOST_ITEMS = 200
"""Open items on one page. Chosen: more than any family of the reviews had; what follows is in the inbox of whoever owes it."""


@dataclass(frozen=True, slots=True)
class FamilyOpened:
    """A family as its reader may see it."""

    status: CaseStatus
    items: Sequence[ItemShown]
    """What is open, the earliest due first."""
    told: Sequence[InboxItem]
    """What the reader's own agency was told on this case, the latest first."""
    holds: bool
    """The reader holds the case, and may read its chronology."""


class FamilyReader:
    """Reads how a family's case stands. Every reading is on the audit chain of the caller's agency before anything is shown."""

    def __init__(self, engine: Database, intake: Intake, policy: Policy, now: Callable[[], datetime]) -> None:
        self._engine, self._intake, self._policy, self._now = engine, intake, policy, now

    def holds(self, case_id: str, caller: Caller) -> bool:
        """Whether the caller reads the case as the agency that holds it."""
        return caller.holds_case(case_id) and (caller.agency is None or self._policy.holds_cases(caller.agency))

    async def status(self, case_id: str, caller: Caller, *, by: str | None = None) -> CaseStatus:
        """Tell how the case stands. `by` is the person who asks. Raises `NotFound` for whoever is not on it, as where there is none."""
        holds = self.holds(case_id, caller)
        if not holds and (caller.agency is None or not caller.acts_for(caller.agency)):
            raise NotFound(NO_CASE)
        found = await case_status(self._engine, self._policy, case_id, None if holds else caller.agency, now=self._now())
        await self._intake.audited.note(AuditedDeed.STATUS_READ, caller, about=[case_id], reason="asked how the case stands", by=by)
        return found

    async def must_exist(self, case_id: str) -> None:
        """Raise `NotFound` where there is no such case. It is for who asks to see what is not theirs, and shows nothing."""
        await case_status(self._engine, self._policy, case_id, None, now=self._now())

    async def through_glass(self, case_id: str, caller: Caller, *, by: str) -> FamilyOpened:
        """How a case stands that is not theirs, for somebody who has broken the glass before it: its plan, its people, who is on it and how
        to reach them, and nothing of what any agency was told. Raises `NotFound`, and what the audit raises.
        """
        found = await case_status(self._engine, self._policy, case_id, None, now=self._now())
        reason = "asked how the case stands, by break-glass"
        await self._intake.audited.note(AuditedDeed.STATUS_READ, caller, about=[case_id], reason=reason, by=by)
        return FamilyOpened(found, (), (), holds=False)

    async def open(self, case_id: str, caller: Caller, *, by: str | None = None) -> FamilyOpened:
        """Open the family's page. Raises as `status`."""
        status = await self.status(case_id, caller, by=by)
        items = await items_shown(self._intake, caller, ItemsWanted(case_id=case_id, limit=MOST_ITEMS), self._now(), by=by)
        told: Sequence[InboxItem] = ()
        if caller.agency is not None and caller.acts_for(caller.agency):
            told = await told_on_case(self._engine, caller.agency, case_id, now=self._now())
        return FamilyOpened(status, items.items, told, self.holds(case_id, caller))
