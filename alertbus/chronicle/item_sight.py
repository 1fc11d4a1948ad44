"""What somebody may see of items. Pure.

Who holds the case sees all of an item. The agency that owes it sees it as its own notice says it. Any other agency that works with
the children sees that it is owed, by whom and by when, and whether it is recorded (CLK-12), and of the alert that opened it what its own
notice says. An agency that acts for an adult sees what it owes itself, and nothing else. What another agency has been asked to answer is
seen by who holds the case alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import AwareDatetime

from alertbus.model.base import Word
from alertbus.model.calendar import day_alone
from alertbus.model.item import ANSWER, Item, ItemState, ItemStep
from alertbus.model.notice import Notice
from alertbus.model.sensitivity import Sensitivity

ToldOf = Mapping[tuple[str, str], Notice]
"""By case and alert, what the agency's own notice of it says."""


class ItemShown(Word):
    """Something owed by a time, as its reader may see it. What may not be seen is null."""

    id: str
    case_id: str
    rule: str
    """A rule of the policy's `items`, or `answer`."""
    title: str
    agency: str
    role: str
    state: ItemState
    overdue: bool
    opened_at: AwareDatetime
    due: AwareDatetime | None
    closed_at: AwareDatetime | None = None
    kind: str | None = None
    alert_id: str | None = None
    source_id: str | None = None
    obligation_id: str | None = None
    """The obligation by which people answer."""
    child: str | None = None
    closed_by: str | None = None
    reason: str | None = None
    """Why it lapsed, by a code of the policy's list."""
    suspended_at: AwareDatetime | None = None
    steps: tuple[ItemStep, ...] = ()
    """Who was told, in order."""
    next: ItemStep | None = None
    """Who is told next, and when."""
    unowned: bool = False
    """Every step is taken and nobody by name has answered."""
    cite: tuple[str, ...] = ()
    exercise: str | None = None


@dataclass(frozen=True, slots=True)
class ItemSight:
    """For whom: an agency (None: nobody's in particular), and who holds cases whose ids begin so (None: all; nothing: none)."""

    agency: str | None = None
    areas: tuple[str, ...] | None = ()

    def holds(self, case_id: str) -> bool:
        return self.areas is None or (bool(self.areas) and case_id.startswith(self.areas))

    def of(self, item: Item, told: ToldOf, serves: frozenset[str] | None, *, stated_due: bool) -> ItemShown:
        """The item as it may be seen. `serves`: the keys of the children that the agency works with on the case; None for all of them.
        `stated_due`: its day is not the rule's, but stands in the plan, which not everybody may see.
        """
        whole = _shown(item)
        if self.holds(item.case_id):
            return whole
        notice = told.get((item.case_id, item.alert_id or ""))
        ours = item.agency == self.agency
        shown: dict[str, Any] = {"kind": None, "alert_id": None, "source_id": None, "opened_at": day_alone(item.opened_at)}
        if notice is not None:
            owed = notice.obligation
            shown = {"kind": owed.kind, "alert_id": owed.alert_id, "source_id": owed.source_id}
            if notice.do_not_reveal_source:
                shown["opened_at"] = day_alone(item.opened_at)
        if item.rule == ANSWER:  # its title may be the kind's, which the agency's own notice may withhold
            shown["title"] = "An answer" if notice is None else notice.title
        if not ours and stated_due and not _shows_plan(notice, item):
            shown["due"] = None
        if not ours:
            shown |= {"obligation_id": None, "reason": None, "steps": (), "next": None, "unowned": False}
        if not (ours and item.obligation_id == item.id):  # of an answer it is the agency's own receipt, else another's statement
            shown["closed_by"] = None
        if serves is not None and item.child not in serves:
            shown["child"] = None
        return whole.model_copy(update=shown)


def _shows_plan(notice: Notice | None, item: Item) -> bool:
    """True if the agency was told of the alert as what it is, with the plan."""
    return notice is not None and notice.obligation.kind == item.kind and Sensitivity.PLAN not in notice.withheld


def _shown(item: Item) -> ItemShown:
    left_out = {"at", "policy_version"}
    said = {name: getattr(item, name) for name in Item.model_fields if name not in left_out}
    return ItemShown(**said, overdue=item.overdue_since is not None)
