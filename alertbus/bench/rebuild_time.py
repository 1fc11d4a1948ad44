"""How long it takes to get everything back: an invented county's records straight into the topics, then `alertbus audit rebuild`.

The records are those the bus would have written: for each family one case with seven agencies and alerts about its adult, one in ten
amended and one in twenty withdrawn; of each notice that the built-in inbox accepted it, and of one in three that somebody acknowledged it.
The first families are made by the bus's own reducers; the others are their copies under other ids, because a million records would take the
reducers longer than everything else. A copy's ids are not those the reconciler would compute, so with copies the rebuild leaves the
comparison out. The rebuild is the real command in a process of its own.
"""

import hashlib
import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from alertbus.bench import county
from alertbus.bench.bench_broker import bench_broker
from alertbus.bench.family import Family, notice_records, receipts
from alertbus.bench.process import BenchParts
from alertbus.broker.producer import Producer
from alertbus.broker.record import Record
from alertbus.model.alert import Action, Alert, Severity
from alertbus.policy.load import load_policy

ORIGINALS = 100
"""Families made by the reducers. Chosen: enough that no two stories in a row are alike, and made in some seconds."""

KINDS = ("threat_to_staff", "ppn", "school_concern", "domestic_abuse_incident", "non_engagement", "other")
ALERTS_EACH = 8
AMENDED, WITHDRAWN, ACKNOWLEDGED = 0.1, 0.05, 1 / 3
AT_ONCE = 5_000
"""Records written together."""

BEGAN = datetime(2026, 11, 19, 9, 0, tzinfo=UTC)
_UUID = rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@dataclass(frozen=True, slots=True)
class RebuildTime:
    """One rebuild: seconds from the command's start to its end, and the most memory its process had."""

    events: int
    families: int
    seconds: float
    per_s: int
    peak_mib: float | None
    in_inbox: int
    """Messages that are in the built-in inbox again."""
    difference: int | None
    """The reconciler's. None: not compared, because there were copies."""


async def rebuild_time(folder: Path, *, events: int, database: str | None) -> RebuildTime:
    """Measure on a broker of its own with at least so many records, whole families. `database` None: SQLite in the folder."""
    settings = {} if database is None else {"ALERTBUS_DATABASE_URL": database}
    async with bench_broker(folder) as broker, BenchParts(broker.folder, broker.bootstrap, settings) as parts:
        written, families = await fill(broker.producer, events)
        compare = "--reconcile" if families <= ORIGINALS else "--no-reconcile"
        answer = await parts.answer("rebuild", "-m", "alertbus", "audit", "rebuild", "--json", compare)
        return RebuildTime(
            events=written,
            families=families,
            seconds=round(answer.seconds, 1),
            per_s=round(written / answer.seconds),
            peak_mib=answer.memory.peak,
            in_inbox=answer.found["in_inbox"],
            difference=answer.found["difference"],
        )


async def fill(producer: Producer, events: int) -> tuple[int, int]:
    """Write at least so many records, whole families. How many records and families that was."""
    batch: list[Record] = []
    written = families = 0
    for story in stories():
        batch += story
        written, families = written + len(story), families + 1
        if len(batch) > AT_ONCE:
            await producer.send_all(batch)
            batch = []
        if written >= events:
            break
    await producer.send_all(batch)
    return written, families


def stories() -> Iterator[list[Record]]:
    """One family after the other, for ever."""
    policy = load_policy()
    made: list[list[Record]] = []
    for number in itertools.count():
        if number < ORIGINALS:
            made.append(list(_story(Family(number, policy))))
            yield made[number]
        else:
            yield list(copied(made[number % ORIGINALS], number % ORIGINALS, number))


def _story(family: Family) -> Iterator[Record]:
    chance = random.Random(family.number)
    at = BEGAN + timedelta(seconds=family.number)
    yield from family.opened(at)
    for _ in range(ALERTS_EACH):
        for statement in _statements(county.alert_about(family.number, chance.choice(KINDS)), chance):
            at += timedelta(minutes=7)
            caused = family.stated(statement, at)
            yield from caused.records
            yield from notice_records(caused.notices)
            for notice in caused.notices:
                yield from receipts(notice, at, answered_at=at + timedelta(hours=1) if chance.random() < ACKNOWLEDGED else None)


def _statements(alert: Alert, chance: random.Random) -> Iterator[Alert]:
    yield alert
    if chance.random() < AMENDED:
        yield alert.model_copy(update={"action": Action.AMENDED, "severity": Severity.HIGH})
    if chance.random() < WITHDRAWN:
        yield alert.model_copy(update={"action": Action.WITHDRAWN})


def copied(story: Sequence[Record], original: int, number: int) -> Iterator[Record]:
    """The same story of another family: every id is another one, always the same for the same."""
    known = {name(original).encode(): name(number).encode() for name in (county.case_id, county.crn)}
    pattern = re.compile(_UUID + b"|" + b"|".join(known))

    def other(found: re.Match[bytes]) -> bytes:
        return known.get(found[0]) or str(UUID(bytes=hashlib.md5(b"%d" % number + found[0]).digest(), version=4)).encode()

    for record in story:
        headers = [(name, pattern.sub(other, text)) for name, text in record.headers]
        yield replace(record, key=pattern.sub(other, record.key), value=pattern.sub(other, record.value or b""), headers=headers)
