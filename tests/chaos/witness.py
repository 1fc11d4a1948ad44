"""Asks everybody what they saw: the topics, the ledger, the inbox, the chronicle, the reconciler. Reads only; decides nothing.

The topics are read here and not through the reconciler's eyes, so that a fault in how it reads cannot hide a loss. The watchdog's notices are
left out: the ledger keeps the latest alone, and one that comes late is passed over, both on purpose.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from pydantic import ValidationError
from sqlalchemy import text

from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.broker.envelope import decode
from alertbus.broker.faults import BrokerFault, EnvelopeFault
from alertbus.broker.record import Received
from alertbus.model import watchdog
from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Case
from alertbus.model.errors import BusError
from alertbus.model.events import NOTICE_OWED, AlertReachedCase, Answered, CaseChanged, NotDelivered, Tick
from alertbus.model.item import Item
from alertbus.model.notice import Notice
from alertbus.operations.progress import pending
from alertbus.policy.load import load_policy
from alertbus.reconcile.full import Reconciliation, reconcile
from alertbus.wire.reading import understand
from alertbus.wire.words import words
from tests.chaos.bus import Bus
from tests.chaos.clocks import BEGINNING, Ahead, Change, Heard, StepsSeen
from tests.chaos.faults import Injector
from tests.chaos.judge import Place, Row, Seen
from tests.chaos.load import Load
from tests.chaos.schedule import AGENCIES

_STEP_WORDS = words(NOTICE_OWED, AlertReachedCase.type, CaseChanged.type, Tick.type, Answered.type, NotDelivered.type, Item.type)

_CALM_LOOKS = 3
_LOOK_S = 0.5


async def quiet(bus: Bus, limit_s: float) -> str:
    """Wait until nothing is under way, three looks in a row. Says what still was when the time was up; empty when all is calm."""
    deadline = time.monotonic() + limit_s
    calm, last = 0, "not asked yet"
    while calm < _CALM_LOOKS:
        if time.monotonic() > deadline:
            return last
        try:
            last = await _under_way(bus)
        except (BusError, BrokerFault, OSError) as fault:
            last = type(fault).__name__
        calm = 0 if last else calm + 1
        await asyncio.sleep(_LOOK_S)
    return ""


async def _under_way(bus: Bus) -> str:
    behind = {name: group.pending for name, group in (await pending(bus.bootstrap)).items() if group.pending}
    async with bus.engine.reading() as connection:
        counts = await connection.execute(
            text("SELECT state, COUNT(*) FROM ledger WHERE done_at IS NULL OR receipt_pending GROUP BY state")
        )
        still = {row[0]: row[1] for row in counts}
    return ", ".join(f"{name} {count}" for name, count in {**behind, **still}.items())


async def steps_seen(bus: Bus, injector: Injector) -> StepsSeen:
    """What was seen of steps, so far: who was told when, what cases heard in between, and which clocks were ahead."""
    notices: dict[str, tuple[Notice, datetime]] = {}
    heard: dict[str, list[Heard]] = defaultdict(list)
    ticked: dict[str, datetime] = defaultdict(lambda: BEGINNING)
    changed: dict[str, dict[tuple[str | None, datetime], Change]] = defaultdict(dict)
    unowned: set[str] = set()
    async for record in read_all(bus.bootstrap, [topics.CASE_EVENTS, topics.NOTICES, topics.ITEMS]):
        read = understand(record, _STEP_WORDS)
        match read.word:
            case Notice() as notice if read.time is not None:
                notices.setdefault(notice.id, (notice, read.time))
            case Tick() as tick:
                ticked[tick.case_id] = max(ticked[tick.case_id], tick.at)
            case Answered() | NotDelivered() as said:
                answer = isinstance(said, Answered)
                heard[said.obligation_id].append(Heard(said.at, ticked[said.case_id], answer))
            case CaseChanged(case=case) if case.known_at is not None:
                changed[case.id].setdefault((None, case.known_at), Change(case.known_at, ticked[case.id], record.offset))
                ticked[case.id] = max(ticked[case.id], case.known_at)  # what is due by then is given out, though a clock was ahead
            case AlertReachedCase(case_id=case_id, alert=stated):
                change = Change(stated.at, ticked[case_id], record.offset, stated.alert_id)
                changed[case_id].setdefault((stated.alert_id, stated.at), change)
            case Item() as item if item.unowned:
                unowned.add(item.id)
    return StepsSeen(
        notices=list(notices.values()),
        heard=heard,
        arrived=_arrived(bus),
        unowned=unowned,
        changed={case_id: list(found.values()) for case_id, found in changed.items()},
        ahead=[Ahead(_wall(done.ended - done.seconds), _wall(done.ended), done.fault.how["by_s"]) for done in injector.clocks_ahead],
    )


def _arrived(bus: Bus) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for attempt in bus.receivers.attempts:
        began = _wall(attempt.began)
        found[attempt.key] = min(began, found.get(attempt.key, began))
    return found


def _wall(monotonic: float) -> datetime:
    """A moment of this process's monotonic clock, by its wall clock, which no fault moves."""
    return datetime.now(UTC) - timedelta(seconds=time.monotonic() - monotonic)


async def testimony(bus: Bus, load: Load, poison: Collection[Place]) -> tuple[Seen, Reconciliation]:
    """What everybody saw, once it is quiet."""
    on_topic: set[str] = set()
    statements: dict[str, list[str]] = defaultdict(list)
    decided: dict[str, int] = defaultdict(int)
    versions: dict[str, set[int]] = defaultdict(set)
    notices: dict[str, Notice] = {}
    quarantined: set[Place] = set()
    async for record in read_all(bus.bootstrap, [topics.ALERTS, topics.CASES, topics.NOTICES, topics.QUARANTINE]):
        match _word(record):
            case AcceptedAlert() as accepted:
                decided[accepted.statement_id] = max(decided[accepted.statement_id], accepted.people_version)
                if accepted.statement_id not in on_topic:
                    on_topic.add(accepted.statement_id)
                    statements[accepted.alert_id].append(accepted.statement_id)
            case Case() as case:
                versions[case.id].add(case.version)
            case Notice() as notice if notice.obligation.exercise != watchdog.EXERCISE:
                notices.setdefault(notice.id, notice)
            case (str(topic), int(partition), int(offset)):
                quarantined.add((topic, partition, offset))
    found = await reconcile(bus.bootstrap, bus.engine, load_policy(bus.policy_file))
    async with bus.engine.reading() as connection:
        ledger = await connection.execute(text("SELECT notice_id, agency, case_id, state, error_class, aside FROM ledger ORDER BY seq"))
        rows = [Row(*row) for row in ledger]
        unsettled = set((await connection.execute(text("SELECT notice_id FROM chaos_unsettled"))).scalars())
        inbox = set((await connection.execute(text("SELECT idempotency_key FROM inbox_message"))).scalars())
        obligations = {row[0]: row[1] for row in await connection.execute(text("SELECT id, state FROM chronicle_obligation"))}
        unreadable = await connection.execute(text('SELECT topic, partition, "offset" FROM chronicle_unreadable'))
        places = {(row[0], row[1], row[2]) for row in unreadable}
    seen = Seen(
        accepted={one.statement_id for one in load.accepted},
        on_topic=on_topic,
        statements=statements,
        recorded=load.recorded,
        versions=versions,
        missing={name: getattr(found, name) for name in ("missing", "unrecorded", "unledgered", "unreceipted", "unidentified")},
        extra=found.extra,
        notices=list(notices.values()),
        rows=rows,
        unsettled=unsettled,
        attempts=bus.receivers.attempts,
        unsigned=bus.receivers.unsigned,
        inbox=inbox,
        systems=AGENCIES,
        obligations=obligations,
        poison=poison,
        quarantined=quarantined,
        unreadable=places,
        answered=load.answered,
        decided=decided,
    )
    return seen, found


def _word(record: Received) -> AcceptedAlert | Case | Notice | Place | None:
    """What a record says; one that cannot be read is poison, and judged by where it stands."""
    try:
        envelope = decode(record.headers, record.key, record.value)
        match record.topic:
            case topics.ALERTS:
                return AcceptedAlert.model_validate_json(envelope.data)
            case topics.CASES:
                return Case.model_validate_json(envelope.data)
            case topics.NOTICES:
                return Notice.model_validate_json(envelope.data)
            case _:
                about = envelope.extensions
                return about["originaltopic"], int(about["originalpartition"]), int(about["originaloffset"])
    except (EnvelopeFault, ValidationError, KeyError, ValueError):
        return None
