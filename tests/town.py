"""A whole bus in memory but for its database: the stages over records in lists, for tests of what follows from a call in all of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from alertbus.broker import topics
from alertbus.broker.producer import Producer, Queued
from alertbus.broker.record import Record
from alertbus.chronicle.projector import apply, read
from alertbus.chronicle.reviews import ReviewItem, review_items
from alertbus.directory.directory import Directory
from alertbus.intake.acknowledgements import AnswerIntake
from alertbus.intake.by_name import Audited
from alertbus.intake.callers import Caller
from alertbus.intake.cases import CaseIntake
from alertbus.intake.completion import AnswerCompletion
from alertbus.intake.decisions import DecisionIntake
from alertbus.intake.who import WhoIsWhoIntake
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.base import INSTANT
from alertbus.model.case import Case
from alertbus.model.events import NOTICE_OWED, ReviewReason
from alertbus.model.identity import ReviewOutcome
from alertbus.model.notice import Notice
from alertbus.model.rights import Right
from alertbus.policy.identity_rules import IdentityRules
from alertbus.policy.load import load_policy
from alertbus.reach import reduce_case, reduce_person
from alertbus.sql.database import Database
from alertbus.stream.stages import CaseStage, Identify, PersonStage
from alertbus.stream.state_table import StateKey, StateTable
from alertbus.wire import records
from alertbus.wire.reading import understand
from alertbus.wire.words import STREAM, TABLE, words
from tests.story import Arrived

POLICY = load_policy()
HOLDER = Caller("desk", "childrens_social_care", frozenset({Right.RECEIVE, Right.HOLD_CASES}), sources=())


class CutShort(Exception):
    """The process ended here."""


class Wire(Producer):
    """A broker and an audit that keep what they are given, each record once."""

    def __init__(self) -> None:
        super().__init__("nowhere:1")
        self.records: dict[str, Record] = {}
        self.deeds: list[Any] = []
        self.ends_at: int | None = None
        """After so many calls of a gateway's the process ends."""

    async def queue_all(self, records: Sequence[Record]) -> Queued:
        for record in records:
            self.records.setdefault(dict(record.headers)["ce_id"].decode(), record)
        return Queued()

    def step(self) -> None:
        if self.ends_at is not None:
            self.ends_at -= 1
            if self.ends_at < 0:
                raise CutShort

    async def send(self, *written: Any, **_: Any) -> Any:
        self.step()
        await self.queue_all(written)

    async def within(self, work: Any) -> Any:
        return await work

    async def append_all(self, chain: str, entries: Sequence[Any]) -> None:
        self.step()
        self.deeds += [(chain, one.deed, one) for one in entries]


class OnNoDisk(StateTable[Any]):
    """A table without a disk."""

    def __init__(self, state: type, empty: Any) -> None:
        super().__init__(None, state, empty)  # type: ignore[arg-type]

    def _read(self, state_key: StateKey) -> Any:
        return None

    async def put(self, steps: Mapping[StateKey, Any]) -> None:
        pass


class Town:
    """Cases, alerts and decisions go in; what the stages make of them is on `wire`. The clock is set by the test."""

    def __init__(self, engine: Database, now: datetime) -> None:
        self.engine, self.now, self.wire = engine, now, Wire()
        self.directory = Directory(engine, IdentityRules(), POLICY.front_door)
        self.identify = Identify(self.directory, POLICY, lambda: self.wire)
        self.cases_table = OnNoDisk(reduce_case.CaseState, reduce_case.EMPTY)
        self.persons = PersonStage(OnNoDisk(reduce_person.PersonState, reduce_person.EMPTY), POLICY, lambda: self.wire)
        self.case_stage = CaseStage(self.cases_table, POLICY, lambda: self.wire)
        publisher: Any = self.wire
        nothing: Any = None
        self.cases = CaseIntake(engine, publisher, IdentityRules(), lambda: self.now)
        people = WhoIsWhoIntake(engine, publisher, self.cases, lambda: self.now)
        audited = Audited(publisher, publisher)
        self.answers = AnswerIntake(engine, publisher, nothing, audited, lambda: self.now)
        self.completion = AnswerCompletion(engine, publisher, lambda: self.now)
        self.decisions = DecisionIntake(engine, publisher, people, self.answers, audited, POLICY.front_door, lambda: self.now)
        self._done: set[str] = set()
        self.later_stands = False
        """Of two records of one id the chronicle lets the later one stand, as on a broker; else the first, where a test compares."""

    async def put(self, case: Mapping[str, Any]) -> None:
        await self.cases.put(Case.model_validate(case))
        await self.flow()

    async def state(self, alert: Mapping[str, Any], first_at: datetime | None = None) -> AcceptedAlert:
        stated = AcceptedAlert.of(Alert.model_validate(alert), self.now, first_at)
        await self.wire.send(records.alert_accepted(stated))
        await self.flow()
        return stated

    async def flow(self) -> None:
        """Let every stage and the chronicle take what is new, until nothing is."""
        stages = {topics.ALERTS: self.identify, topics.PERSON_EVENTS: self.persons, topics.CASE_EVENTS: self.case_stage}
        while new := [(one, record) for one, record in self.wire.records.items() if one not in self._done]:
            for one, record in new:
                self._done.add(one)
                offset = len(self._done)
                stood = Arrived(record.topic, 0, offset, record.key, record.value, record.headers, int(self.now.timestamp() * 1000))
                if stage := stages.get(record.topic):
                    await (await stage({0: [stood]}))()
                alone = Arrived(record.topic, offset, offset if self.later_stands else 0, record.key, record.value, record.headers)
                async with self.engine.begin() as connection:
                    await apply(connection, read([alone]), starts={(alone.topic, alone.partition)})
        assert not [r for r in self.wire.records.values() if r.topic == topics.QUARANTINE], "a stage could not decide a record"

    async def later(self, days: float) -> None:
        self.now += timedelta(days=days)

    async def tick(self, case_id: str) -> None:
        """Tell a case that time has passed up to now."""
        await self.wire.send(records.ticked(case_id, self.now - INSTANT, self.now, by=STREAM))
        await self.flow()

    async def decide(self, item: ReviewItem, outcome: ReviewOutcome) -> ReviewItem:
        decided = await self.decisions.decide(item.id, outcome, by="Jo Okafor", caller=HOLDER)
        await self.flow()
        return decided

    async def asked(self, state: Any = None) -> list[ReviewItem]:
        """The questions about words."""
        front_door = POLICY.front_door
        return await review_items(self.engine, self.now, front_door, state=state, reasons=[ReviewReason.WORDS_HELD])

    def notices(self, agency: str, case_id: str) -> list[Notice]:
        """What the agency was told of alerts on the case, in the order written; not how it was chased, or briefed."""
        read_all = [understand(self._stood(r), words(*TABLE)) for r in self.wire.records.values() if r.topic == topics.NOTICES]
        found = [one.word for one in read_all if one.type == NOTICE_OWED]
        return [
            n for n in found if (n.obligation.agency, n.obligation.case_id) == (agency, case_id) and n.step is None and n.briefing is None
        ]

    def _stood(self, record: Record) -> Arrived:
        return Arrived(record.topic, 0, 0, record.key, record.value, record.headers)
