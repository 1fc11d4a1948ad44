"""Records of a bus in memory, for tests of what reads the topics: cases, alerts, what a bus without a fault writes about them."""

import random
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from alertbus.broker import topics
from alertbus.broker.envelope import encode
from alertbus.broker.producer import partition_for
from alertbus.chronicle.projector import TOPICS
from alertbus.model.alert import AcceptedAlert, Action, Severity
from alertbus.model.base import Word
from alertbus.model.case import Case
from alertbus.model.events import (
    ALERT_ACCEPTED,
    CASE_RECORDED,
    NOTICE_OWED,
    RECEIPT_GIVEN,
    AlertAboutPerson,
    AlertReachedCase,
    CaseChanged,
    ReviewNeeded,
    ReviewReason,
    Tick,
)
from alertbus.model.identity import ReviewDecided, ReviewOutcome
from alertbus.model.item import Item, ItemState, ItemStep, StepKind
from alertbus.model.notice import Deed, Notice
from alertbus.model.receipt import ANSWERS, Intent, Receipt, Stage
from alertbus.plugin.kit.samples import sample_alert, sample_notice, sample_obligation
from alertbus.policy.load import load_policy
from alertbus.reach.notices import notices_for
from alertbus.reach.reduce_case import CaseState, reduce_case

POLICY = load_policy()
T0 = datetime(2026, 1, 5, 12, tzinfo=UTC)
LATER = T0 + timedelta(days=400)
PARTITIONS = 3


def hours(number: float) -> datetime:
    return T0 + timedelta(hours=number)


@dataclass
class Arrived:
    """A record as the consumer gives it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int = 0


class Log:
    """The topics, in memory. `at` is when the next record is written."""

    def __init__(self, at: datetime = T0) -> None:
        self.at = at
        self.records: list[Arrived] = []
        self._ends: Counter[tuple[str, int]] = Counter()

    def raw(self, topic: str, key: str, value: bytes, headers: Sequence[tuple[str, bytes]] = ()) -> None:
        partition = partition_for(key.encode(), PARTITIONS)
        stamp = int(self.at.timestamp() * 1000)
        self.records.append(Arrived(topic, partition, self._ends[topic, partition], key.encode(), value, headers, stamp))
        self._ends[topic, partition] += 1

    def add(self, topic: str, key: str, type_: str, word: Word) -> None:
        data = word.model_dump_json(by_alias=True, exclude_defaults=True).encode()
        headers, value = encode(type=type_, source="/test", id=str(uuid.uuid4()), time=T0, subject="x", data=data)
        self.raw(topic, key, value, headers)

    def alert(self, accepted: AcceptedAlert) -> None:
        self.add(topics.ALERTS, accepted.alert_id, ALERT_ACCEPTED, accepted.with_people(()))

    def identified(self, accepted: AcceptedAlert) -> None:
        for person_id in {i for person_ids in accepted.people for i in person_ids}:
            word = AlertAboutPerson(person_id=person_id, alert=accepted)
            self.add(topics.PERSON_EVENTS, person_id, AlertAboutPerson.type, word)

    def reached(self, accepted: AcceptedAlert, case_id: str) -> None:
        word = AlertReachedCase(case_id=case_id, via="p-adult", alert=accepted)
        self.add(topics.CASE_EVENTS, case_id, AlertReachedCase.type, word)

    def case(self, case: Case) -> None:
        self.add(topics.CASES, case.id, CASE_RECORDED, case)

    def notice(self, notice: Notice) -> None:
        owed = notice.obligation
        self.add(topics.NOTICES, f"{owed.agency}/{owed.case_id}", NOTICE_OWED, notice)

    def receipt(self, receipt: Receipt) -> None:
        self.add(topics.RECEIPTS, receipt.case_id, RECEIPT_GIVEN, receipt)

    def item(self, item: Item) -> None:
        self.add(topics.ITEMS, item.case_id, Item.type, item)

    def decided(self, decision: ReviewDecided, key: str) -> None:
        self.add(topics.REVIEW, key, ReviewDecided.type, decision)

    def review(self, needed: ReviewNeeded) -> None:
        self.add(topics.REVIEW, needed.alert_id or "x", ReviewNeeded.type, needed)


def accepted(name: str = "T-1", at: datetime = T0, **stated: Any) -> AcceptedAlert:
    alert = sample_alert(**{"id": name, "occurred_at": at, "recorded_at": at, **stated})
    return AcceptedAlert.of(alert, at).with_people((("p-adult",), ("p-child",)))


def a_case(case_id: str = "case-1", version: int = 1, **stated: Any) -> Case:
    body: dict[str, Any] = {
        "id": case_id,
        "version": version,
        "people": [
            {"key": "mother", "label": "Mother", "person_ids": ["p-mother"]},
            {"key": "adult", "label": "Ex-Partner 2", "person_ids": ["p-adult"]},
            {"key": "child", "label": "Child", "person_ids": ["p-child"]},
        ],
        "children": ["child"],
        "links": [{"person": "adult", "relation": "ex_partner"}, {"person": "child", "relation": "child"}],
        "involvements": [{"agency": "gp"}, {"agency": "health_visiting"}, {"agency": "childrens_social_care"}],
    }
    return Case.model_validate({**body, **stated})


def a_notice(name: str, owed: str = "", *, deed: Deed = Deed.DELIVER, since: datetime = T0, **stated: Any) -> Notice:
    of_obligation = {"alert_id", "case_id", "agency", "severity", "due", "exercise"}
    given = {key: stated.pop(key) for key in of_obligation & stated.keys()}
    obligation = sample_obligation(id=owed or f"owed-{name}", since=since, **{"due": None, **given})
    return sample_notice(id=name, deed=deed, obligation=obligation, **stated)


def a_receipt(notice: Notice, stage: Stage, at: datetime = T0, **stated: Any) -> Receipt:
    owed = notice.obligation
    if stage in ANSWERS:
        stated = {"by": "R. Postholder", "intent": Intent.ACTING, "note": "as agreed", **stated}
    if stage is Stage.UNDONE:
        stated = {"undoes": f"{Stage.ACKNOWLEDGED}-{notice.id}-{T0.timestamp()}", **stated}
    if stage is Stage.COPIED:
        stated = {"channel": "inbox", **stated}
    return Receipt(
        id=f"{stage}-{notice.id}-{at.timestamp()}",
        notice_id=notice.id,
        obligation_id=owed.id,
        alert_id=owed.alert_id,
        case_id=owed.case_id,
        agency=owed.agency,
        stage=stage,
        at=at,
        **stated,
    )


def an_item(name: str = "item-1", state: ItemState = ItemState.OPEN, at: datetime = T0, **stated: Any) -> Item:
    """What the case stage says of an item at a moment: of a meeting that social care owes by the day after."""
    body: dict[str, Any] = {
        "id": name,
        "case_id": "case-1",
        "rule": "strategy_meeting",
        "title": "Strategy meeting",
        "agency": "childrens_social_care",
        "role": "team_manager",
        "kind": "strategy_meeting",
        "alert_id": "alert-1",
        "source_id": "T-1",
        "opened_at": T0,
        "due": hours(24),
        "state": state,
        "policy_version": "test",
        "at": at,
    }
    return Item.model_validate({**body, **stated})


def unowned(name: str, at: datetime, **stated: Any) -> Item:
    """An answer that everybody was asked for and nobody has given."""
    steps = (
        ItemStep(kind=StepKind.REMINDER, role="health_visitor", at=hours(1)),
        ItemStep(kind=StepKind.DUTY_LEAD, role="duty_lead", at=at - timedelta(hours=1)),
        ItemStep(kind=StepKind.UNOWNED, at=at),
    )
    owed = {
        "rule": "answer",
        "title": "An answer",
        "agency": "health_visiting",
        "role": "health_visitor",
        "kind": "ppn",
        "obligation_id": name,
    }
    return an_item(name, ItemState.MISSED, at, **{**owed, "steps": steps, "unowned": True, **stated})


def bus(log: Log, cases: Sequence[Case], statements: Sequence[AcceptedAlert], until: datetime = LATER) -> list[Notice]:
    """Write what a bus without a fault writes about these, but for receipts. Give the notices."""
    states: dict[str, CaseState] = {}
    said: list[Notice] = []

    def decide(case_id: str, event: AlertReachedCase | CaseChanged | Tick) -> None:
        before = states.get(case_id, CaseState())
        states[case_id], owed = reduce_case(before, event, POLICY)
        for told in notices_for(owed, before, states[case_id], POLICY):
            said.append(told.notice)
            log.notice(told.notice)

    for case in cases:
        log.case(case)
        decide(case.id, CaseChanged(case=case))
    for statement in statements:
        log.alert(statement)
        log.identified(statement)
        for case_id in dict.fromkeys(case.id for case in cases):
            log.reached(statement, case_id)
            decide(case_id, AlertReachedCase(case_id=case_id, via="p-adult", alert=statement))
    for case_id in dict.fromkeys(case.id for case in cases):
        tick = Tick(case_id=case_id, since=T0, at=until)
        log.add(topics.CASE_EVENTS, case_id, Tick.type, tick)
        decide(case_id, tick)
    return said


def story(prefix: str = "", *, everything: bool = False) -> Log:
    """Cases of two versions, alerts raised, amended, withdrawn and old, every sort of answer; some of it twice."""
    log, dice = Log(), random.Random(20201118)
    cases = [a_case(f"{prefix}case-{n}", 1) for n in range(4)]
    cases += [case.model_copy(update={"version": 2, "status": "child_in_need"}) for case in cases]
    statements = []
    for n in range(12):
        raised = accepted(f"{prefix}T-{n}", hours(n), history=n % 5 == 0, kind=dice.choice(["ppn", "threat_to_staff"]))
        statements.append(raised)
        if n % 3 == 0:
            statements.append(accepted(raised.alert.id, hours(n + 5), action=Action.AMENDED, severity=Severity.CRITICAL))
        if n % 4 == 0:
            statements.append(accepted(raised.alert.id, hours(n + 9), action=Action.WITHDRAWN))
    notices = bus(log, cases, statements)
    for notice in notices:
        for stage in dice.sample(list(Stage), 3):
            log.receipt(a_receipt(notice, stage, hours(dice.randint(0, 20))))
    for n, statement in enumerate(statements):
        log.review(ReviewNeeded(id=f"{prefix}review-{n}", reason=ReviewReason.UNKNOWN_KIND, at=T0, alert_id=statement.alert_id))
    for n, statement in enumerate(statements[::2]):
        for hour, outcome in ((1, ReviewOutcome.SEEN), (2, ReviewOutcome.REOPENED), (3, ReviewOutcome.SEEN))[: 1 + n % 3]:
            decision = ReviewDecided(id=f"{prefix}review-{2 * n}", outcome=outcome, at=hours(hour), by="R. Postholder")
            log.decided(decision, statement.alert_id)
    for n, state in enumerate(ItemState):
        log.item(an_item(f"{prefix}item-{n}", case_id=f"{prefix}case-1"))
        closed = hours(9) if state is ItemState.MET else None
        log.item(an_item(f"{prefix}item-{n}", state, hours(n), case_id=f"{prefix}case-1", closed_at=closed))
    log.item(unowned(f"{prefix}item-unowned", hours(30), case_id=f"{prefix}case-2"))
    for record in dice.sample(log.records, 60):  # written a second time, by somebody who did not hear the first was heard
        assert record.key is not None
        log.raw(record.topic, record.key.decode(), record.value or b"", record.headers)
    log.records = [record for record in log.records if record.topic in TOPICS or everything]
    return log
