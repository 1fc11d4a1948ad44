"""A case on which somebody is asked, its events, and what came of them: for tests of who is asked next."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.base import INSTANT
from alertbus.model.case import Case
from alertbus.model.events import AlertReachedCase, Answered, NotDelivered, Tick
from alertbus.model.item import Item
from alertbus.model.notice import Notice
from alertbus.model.receipt import Intent
from alertbus.policy.load import load_policy
from alertbus.policy.policy import Policy
from alertbus.reach.due import next_moment
from alertbus.reach.follow import follow
from alertbus.reach.notices import notices_for
from alertbus.reach.reduce_case import CaseEvent, CaseState

POLICY = load_policy().model_copy(update={"items": {}})
"""The shipped policy without the rules of items, whose lapses would be asked about beside what a test is about."""
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday without a holiday near it, at the opening."""


def a_case(*agencies: Any, **stated: Any) -> Case:
    """The first version of a case with a mother, an ex-partner and a child. An agency is a name, or an involvement as it is stated."""
    involvements = [{"agency": one} if isinstance(one, str) else one for one in agencies or ("school",)]
    body = {
        "id": "c1",
        "people": [{"key": key, "person_ids": [f"id-{key}"]} for key in ("mother", "ex", "child")],
        "children": ["child"],
        "links": [{"person": "mother", "relation": "mother"}, {"person": "ex", "relation": "ex-partner"}],
        "involvements": involvements,
        "contact": "Ring 01604 000000",
    }
    case = Case.model_validate(body | stated).with_implied_links()
    return case.learned(None, MONDAY - timedelta(days=30))


def said(number: int, at: datetime = MONDAY, **stated: Any) -> AcceptedAlert:
    """A statement of the police about the ex-partner; by `amends` it speaks of another one."""
    body = {
        "id": f"A-{number}",
        "source": "police.north",
        "kind": "other",
        "occurred_at": at,
        "recorded_at": at,
        "subjects": [{"person": {"key": "ex"}}],
        "narrative": [{"text": f"What was seen, number {number}."}],
    }
    return AcceptedAlert.of(Alert.model_validate(body | stated), at).with_people((("id-ex",),))


def reached(statement: AcceptedAlert) -> AlertReachedCase:
    return AlertReachedCase(case_id="c1", via="id-ex", alert=statement)


def ticked(at: datetime, since: datetime | None = None) -> Tick:
    return Tick(case_id="c1", since=since or at - INSTANT, at=at)


def answered(notice: Notice, at: datetime, intent: Intent = Intent.ACTING, *, by: str = "A. Person", **more: Any) -> Answered:
    owing = notice.obligation
    who = {"case_id": owing.case_id, "alert_id": owing.alert_id, "obligation_id": owing.id, "agency": owing.agency}
    body = {"receipt_id": f"r-{by}-{at.isoformat()}", "by": by, "intent": intent, "at": at}
    return Answered.model_validate(who | body | more)


def not_delivered(notice: Notice, at: datetime, reason: str = "unreachable") -> NotDelivered:
    owing = notice.obligation
    return NotDelivered(
        case_id=owing.case_id,
        alert_id=owing.alert_id,
        obligation_id=owing.id,
        notice_id=notice.id,
        agency=owing.agency,
        role=owing.role,
        reason=reason,
        at=at,
    )


@dataclass
class Machine:
    """A case that follows events, and everything that came of them, in order."""

    policy: Policy = POLICY
    state: CaseState = field(default_factory=CaseState)
    notices: list[Notice] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    def follow(self, *events: CaseEvent) -> list[Notice]:
        """The notices of these events. What is given again is kept once."""
        found: list[Notice] = []
        for event in events:
            before = self.state
            outcome = follow(before, event, self.policy)
            told = notices_for(outcome.owed, before, outcome.after, self.policy)
            found += [*(one.notice for one in told), *outcome.notices]
            self.items += outcome.items
            self.state = outcome.after
        known = {one.id for one in self.notices}
        self.notices += {one.id: one for one in found if one.id not in known}.values()
        return found

    def until(self, end: datetime) -> list[Notice]:
        """Let the time pass as the owner of a partition does: a tick at each moment that the state names, up to the end. The notices that
        had not been given before.
        """
        known = {one.id for one in self.notices}
        found: list[Notice] = []
        while (at := self.state.next_at) is not None and at <= end:
            found += self.follow(ticked(at))
            assert self.state.next_at == next_moment(self.state, self.policy)
        found += self.follow(ticked(end))
        return list({one.id: one for one in found if one.id not in known}.values())

    @property
    def steps(self) -> list[Notice]:
        return [one for one in self.notices if one.step is not None]


def shown(notices: Iterable[Notice]) -> list[tuple[str, str, str]]:
    """Each step: why, to which role, and when (UTC)."""
    steps = [(one.step, one.obligation.role) for one in notices if one.step is not None]
    return [(step.kind, role, f"{step.at.astimezone(UTC):%a %d %H:%M}") for step, role in steps]
