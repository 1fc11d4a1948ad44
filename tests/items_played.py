"""A case played through the reducers with statements and ticks, for tests of what is owed on it by a time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from alertbus.model.alert import AcceptedAlert, Action, Alert
from alertbus.model.base import plus
from alertbus.model.case import Case
from alertbus.model.events import AlertReachedCase, CaseChanged, ItemDecided, ItemDecision, Tick
from alertbus.model.item import Item, ItemStep
from alertbus.model.notice import Notice
from alertbus.policy.load import load_policy
from alertbus.policy.policy import Policy
from alertbus.reach.items import next_item_moment, reduce_items
from alertbus.reach.reduce_case import CaseEvent, CaseState, reduce_case

UK = ZoneInfo("Europe/London")
SOCIAL_CARE = "childrens_social_care"
CHILDREN = ("ada", "ben")
ADULTS = ("mother", "partner")
START = datetime(2026, 1, 5, 9, tzinfo=UK)
"""A Monday. The case has been there since the week before."""


def at(day: str, clock: str = "12:00") -> datetime:
    """A moment by the clock of the United Kingdom."""
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), UK)


def end_of(day: str) -> datetime:
    return at(day, "23:59:59")


def a_family(version: int = 1, known_at: datetime = START - timedelta(days=7), **stated: Any) -> Case:
    """Two children, their mother, and who works with them; on a plan only where `episodes` say so."""
    since = known_at.isoformat()
    body: dict[str, Any] = {
        "id": "case-1",
        "version": version,
        "known_at": since,
        "people": [{"key": key, "person_ids": [f"id-{key}"]} for key in (*CHILDREN, *ADULTS)],
        "children": list(CHILDREN),
        "links": [
            {"person": "mother", "relation": "mother", "known_at": since},
            *({"person": child, "relation": "child", "known_at": since} for child in CHILDREN),
        ],
        "involvements": [
            {"agency": SOCIAL_CARE, "known_at": since},
            {"agency": "police", "known_at": since},
            {"agency": "school", "known_at": since},
            {"agency": "health_visiting", "known_at": since},
            {"agency": "housing", "scope": "plan_partner", "known_at": since},
            {"agency": "probation", "scope": "adult_linked", "adult": "mother", "known_at": since},
        ],
    }
    return Case.model_validate({**body, **stated})


def a_statement(name: str, moment: datetime, kind: str = "other", **stated: Any) -> AcceptedAlert:
    """What an agency states of the mother, social care unless it says another; `told` is when the bus accepted it."""
    told = stated.pop("told", moment)
    about = stated.pop("about", "mother")
    first_at = stated.pop("first_at", None)
    body: dict[str, Any] = {
        "id": name,
        "source": SOCIAL_CARE,
        "kind": kind,
        "occurred_at": moment,
        "recorded_at": told,
        "subjects": [{"person": {"label": about}}],
        "children": [{"role": "child", "person": {"label": child}} for child in CHILDREN],
        **stated,
    }
    people = ((f"id-{about}",), *((f"id-{child}",) for child in CHILDREN))
    return AcceptedAlert.of(Alert.model_validate(body), told, first_at).with_people(people)


@dataclass
class PlayedCase:
    """The case as it goes on. `items` are those given out, the latest of each id; `notices` those of the bus's own."""

    policy: Policy = field(default_factory=load_policy)
    state: CaseState = field(default_factory=CaseState)
    clock: datetime = START - timedelta(days=8)
    items: dict[str, Item] = field(default_factory=dict)
    notices: dict[str, Notice] = field(default_factory=dict)
    given: int = 0

    @classmethod
    def of(cls, case: Case | None = None, **fields: Any) -> "PlayedCase":
        played = cls(**fields)
        played.event(CaseChanged(case=case or a_family()))
        return played

    def event(self, event: CaseEvent) -> tuple[list[Item], list[Notice]]:
        before = self.state
        after, _ = reduce_case(before, event, self.policy)
        self.state, items, notices = reduce_items(before, after, event, self.policy)
        self.given += len(items) + len(notices)
        self.items |= {item.id: item for item in items}
        self.notices |= {notice.id: notice for notice in notices}
        return items, notices

    def until(self, moment: datetime) -> "PlayedCase":
        """Time passes: a tick at each moment at which something may become due, and one at the end."""
        while (due := next_item_moment(self.state, self.policy)) is not None and due <= moment:
            self._tick(max(due, plus(self.clock, timedelta(microseconds=1))))
        self._tick(moment)
        return self

    def _tick(self, moment: datetime) -> None:
        if moment > self.clock:
            self.event(Tick(case_id="case-1", since=self.clock, at=moment))
            self.clock = moment

    def say(self, name: str, moment: datetime, kind: str = "other", **stated: Any) -> AcceptedAlert:
        """Somebody states something, after the time until then has passed."""
        statement = a_statement(name, moment, kind, **stated)
        self.until(statement.at)
        self.reach(statement)
        return statement

    def reach(self, statement: AcceptedAlert, others: Iterable[AcceptedAlert] = ()) -> tuple[list[Item], list[Notice]]:
        """The statement arrives through each person that it is about."""
        found: tuple[list[Item], list[Notice]] = ([], [])
        for via in dict.fromkeys(person_id for ids in statement.people for person_id in ids):
            items, notices = self.event(AlertReachedCase(case_id="case-1", via=via, alert=statement, others=tuple(others)))
            found = (found[0] + items, found[1] + notices)
        return found

    def amend(self, earlier: AcceptedAlert, moment: datetime, **stated: Any) -> AcceptedAlert:
        said = {"kind": earlier.alert.kind, "action": Action.AMENDED, "amends": earlier.alert.id, "source": earlier.alert.source}
        name = f"{earlier.alert.id}-{moment:%d%H%M}"
        occurred = stated.pop("occurred", earlier.alert.occurred_at)
        return self.say(name, occurred, **{**said, "told": moment, "first_at": earlier.at, **stated})

    def decide(self, item: Item, decision: ItemDecision, moment: datetime, reason: str = "closed_doors") -> None:
        self.until(moment)
        self.event(ItemDecided(case_id="case-1", item_id=item.id, decision=decision, reason=reason, by="T. Manager", at=moment))

    def all_of(self, rule: str) -> list[Item]:
        return sorted((item for item in self.items.values() if item.rule == rule), key=lambda one: (one.opened_at, one.child or "", one.id))

    def one(self, rule: str, **wanted: Any) -> Item:
        """The only item of a rule, or the only one that is as `wanted`."""
        found = [one for one in self.all_of(rule) if all(getattr(one, name) == value for name, value in wanted.items())]
        assert len(found) == 1, f"{len(found)} items of {rule}"
        return found[0]

    def told_of(self, item: Item, agency: str | None = None) -> list[Notice]:
        """The notices of an item, to all agencies or to one, in the order in which they became owed."""
        mine = (one for one in self.notices.values() if one.obligation.source_id == item.id)
        return sorted((n for n in mine if agency in {None, n.obligation.agency}), key=lambda n: (n.obligation.since, n.id))


def steps(item: Item) -> list[tuple[str, str | None, datetime]]:
    return [_step(one) for one in item.steps]


def _step(one: ItemStep) -> tuple[str, str | None, datetime]:
    return (one.kind.value, one.role, one.at)


VISIT: Mapping[str, Any] = {"contact": {"mode": "visit"}}
CALL: Mapping[str, Any] = {"contact": {"mode": "telephone"}}


def seeing(*children: str) -> Mapping[str, Any]:
    return {"contact": {"mode": "visit", "seen": list(children)}}


def held(meeting: str, **more: Any) -> dict[str, Any]:
    return {"meeting": {"type": meeting, "state": "held", **more}}


def conference(kind: str = "initial", outcome: str = "child_in_need", **more: Any) -> dict[str, Any]:
    return {"conference": {"type": kind, "outcome": outcome, **more}}


def action(what: str, state: str = "agreed", **more: Any) -> dict[str, Any]:
    return {"action": {"what": what, "state": state, **more}}


STRATEGY_WITH_ENQUIRY = held("strategy", s47=True)
PLAN = [{"type": "child_in_need_plan", "from": "2026-01-05"}]
