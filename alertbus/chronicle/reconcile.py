"""Does what the bus did agree with what it should have done? Everything is read from Kafka and worked out again from scratch.

Imports nothing of `alertbus.reach`: who is owed what comes from `scratch`, so that a fault there cannot hide itself. Run it
when the bus is quiet, because what is under way at this moment counts as a difference.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import ValidationError
from sqlalchemy import inspect, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from alertbus.broker import topics
from alertbus.broker.consumer import Received, read_all
from alertbus.broker.envelope import decode
from alertbus.broker.faults import EnvelopeFault
from alertbus.chronicle import tables
from alertbus.chronicle.scratch import ALWAYS, Due, obligations_from_scratch, stands_until, withdrawals
from alertbus.chronicle.views import view
from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.base import Word
from alertbus.model.case import Case
from alertbus.model.events import AlertAboutPerson, AlertReachedCase, ReviewNeeded, Tick
from alertbus.model.notice import Deed, Notice, Receipt
from alertbus.policy.policy import Policy


class Reconciliation(Word):
    """What does not agree. All are obligation ids, but `unidentified`, which are statements of alerts."""

    difference: int
    """How many obligations and alerts stand in any of the lists but `undelivered`."""
    owed: int
    """How many obligations there should be."""
    missing: tuple[str, ...] = ()
    """Owed, and no notice says so; or taken back by the sender, and no notice says so."""
    extra: tuple[str, ...] = ()
    """A notice stands, or an agency was sent one, and nobody owes anything."""
    unrecorded: tuple[str, ...] = ()
    """A notice stands and the chronicle does not show it."""
    unledgered: tuple[str, ...] = ()
    """A notice stands that delivery never took up."""
    unreceipted: tuple[str, ...] = ()
    """Delivery is done with a notice, and no receipt says so."""
    unidentified: tuple[str, ...] = ()
    """An alert was accepted, and neither its persons nor a question for review came out of it."""
    undelivered: tuple[str, ...] = ()
    """Not yet with its agency, and still tried: late, not lost."""


async def reconcile(
    bootstrap: str, engine: AsyncEngine, policy: Policy, exercise: str | None = None, *, now: datetime | None = None
) -> Reconciliation:
    """Compare what is owed at `now` with notices, chronicle, delivery ledger and receipts: of reality, or of one exercise.

    `now` None is this moment, or in an exercise the latest that its alerts and ticks have reached. Holds everything read in
    memory: of the order of 10 kB an alert.
    """
    topic = _Topics(exercise)
    async for record in read_all(bootstrap, _READ):
        topic.take(record)
    latest = {case_id: versions[-1] for case_id, versions in topic.cases.items()}
    until = now or (datetime.now(UTC) if exercise is None else topic.clock)
    owed = obligations_from_scratch(list(topic.statements.values()), latest, policy, until)
    judge = _Judge(topic, policy, until)
    recorded = await _recorded(engine, exercise)
    ledger = await _ledger(engine)

    missing = {one for one, due in owed.items() if judge.missing(one, due)}
    extra = {one for one in topic.notices if one not in owed and judge.extra(one)}
    extra |= recorded - set(topic.notices)
    unrecorded = set(topic.notices) - recorded
    unledgered: set[str] = set()
    unreceipted: set[str] = set()
    undelivered: set[str] = set()
    if ledger is not None:
        told = {notice.id: one for one, notices in topic.notices.items() for notice in notices}
        unledgered = {one for notice_id, one in told.items() if notice_id not in ledger}
        undelivered = {one for notice_id, one in told.items() if ledger.get(notice_id, ("", ""))[1] in _STILL_TRIED}
        unreceipted = {
            one
            for notice_id, one in told.items()
            if ledger.get(notice_id, ("", ""))[1] in _DONE and notice_id not in topic.receipts
        }
        extra |= {one for notice_id, (one, _) in ledger.items() if notice_id not in topic.every_notice}
    unidentified = topic.accepted - set(topic.statements) - topic.asked_about
    differing = missing | extra | unrecorded | unledgered | unreceipted
    return Reconciliation(
        difference=len(differing) + len(unidentified),
        owed=len(owed),
        missing=tuple(sorted(missing)),
        extra=tuple(sorted(extra)),
        unrecorded=tuple(sorted(unrecorded)),
        unledgered=tuple(sorted(unledgered)),
        unreceipted=tuple(sorted(unreceipted)),
        unidentified=tuple(sorted(unidentified)),
        undelivered=tuple(sorted(undelivered)),
    )


_READ = (
    topics.ALERTS,
    topics.CASES,
    topics.PERSON_EVENTS,
    topics.CASE_EVENTS,
    topics.NOTICES,
    topics.RECEIPTS,
    topics.REVIEW,
)
# The words of the delivery room (`ledger.state`), which this room does not import.
_STILL_TRIED = frozenset({"waiting", "leased", "failed"})
_DONE = frozenset({"sent", "accepted", "refused"})


@dataclass
class _Topics:
    """What stands on the topics about one exercise, or about reality."""

    exercise: str | None
    clock: datetime = ALWAYS
    accepted: set[str] = field(default_factory=set)
    asked_about: set[str] = field(default_factory=set)
    statements: dict[str, AcceptedAlert] = field(default_factory=dict)
    cases: dict[str, list[Case]] = field(default_factory=dict)
    notices: dict[str, list[Notice]] = field(default_factory=lambda: defaultdict(list))
    every_notice: set[str] = field(default_factory=set)
    receipts: set[str] = field(default_factory=set)
    _by_alert: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _questions: set[str] = field(default_factory=set)

    def take(self, record: Received) -> None:
        """Add one record. What is no word of ours is in quarantine and is passed over here."""
        try:
            envelope = decode(record.headers, record.key, record.value)
            self._take(record.topic, envelope.type, envelope.data)
        except (EnvelopeFault, ValidationError):
            return
