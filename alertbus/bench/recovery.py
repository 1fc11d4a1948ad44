"""How long a dead stream worker is missed: from the moment it ends to the first notice of an alert that was waiting then.

The tables hold a county at rest: so many persons, each linked to a case with seven agencies, every tenth with an alert that still stands.
Their states are the reducers' own, written straight to the changelogs, which is where a worker finds them; one family goes the whole way
and is asked about. Medians of the runs; each run starts the worker again at once, as the supervisor does.
"""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from alertbus.bench import county
from alertbus.bench.floor_plan import CASE_STATE, PARTITIONS, PERSON_STATE
from alertbus.bench.process import Memory, Parts, Running
from alertbus.bench.stage import Stage, stage
from alertbus.broker import topics
from alertbus.broker.producer import Record, partition_for
from alertbus.model.alert import AcceptedAlert
from alertbus.model.events import AlertAboutPerson, CaseChanged, LinkChanged
from alertbus.policy.load import load_policy
from alertbus.reach.reduce_case import EMPTY as NO_CASE
from alertbus.reach.reduce_case import reduce_case
from alertbus.reach.reduce_person import EMPTY as NOBODY
from alertbus.reach.reduce_person import reduce_person
from alertbus.stream import state_parts

STANDING = 10
"""Of so many persons one has an alert that still stands (ours)."""

AT_ONCE = 20_000
"""Changelog records written together."""

PATIENCE_S = 600.0


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds to the first new notice, and the worker's memory once its tables are back."""

    persons: int
    state_mib: float
    """Of keys and values written to the two changelogs."""
    killed: float | None
    stopped: float | None
    empty_disk: float | None
    memory: Memory


async def recovery(folder: Path, *, persons: int, runs: int, empty_disk_only: bool = False) -> Recovery:
    """Measure on a broker of its own, filled with so many persons."""
    async with stage(folder) as on, Parts(on.folder, on.bootstrap) as parts:
        await on.settle(1)
        worker = await parts.start("stream")
        await on.quiet()
        await worker.stop()
        state_bytes = await _fill(on, persons)
        empty, killed, stopped = [], [], []
        for _ in range(runs):
            parts.forget_disk()
            worker, seconds = await _missed(on, parts, time.perf_counter())
            empty.append(seconds)
            if not empty_disk_only:
                began = time.perf_counter()
                worker.kill()
                worker, seconds = await _missed(on, parts, began)
                killed.append(seconds)
            began = time.perf_counter()
            await worker.stop()
            if not empty_disk_only:
                worker, seconds = await _missed(on, parts, began)
                stopped.append(seconds)
                await worker.stop()
        return Recovery(persons, round(state_bytes / 2**20, 1), _median(killed), _median(stopped), _median(empty), worker.memory)


async def _missed(on: Stage, parts: Parts, began: float) -> tuple[Running, float]:
    """Start the worker with an alert waiting for it: the worker, once all is quiet, and seconds from `began` to the first notice."""
    before = await on.log.count(topics.NOTICES)
    await on.producer.send_all(county.accepted(1, 1, datetime.now(UTC)))
    worker = parts.spawn("stream")
    await on.log.until(topics.NOTICES, before + 1, [worker], patience_s=PATIENCE_S)
    seconds = time.perf_counter() - began
    await on.quiet()
    worker.note_memory()
    return worker, seconds


def _median(seconds: list[float]) -> float | None:
    return round(statistics.median(seconds), 2) if seconds else None


async def _fill(on: Stage, persons: int) -> int:
    """Write the persons' and their cases' states to the changelogs; the bytes of keys and values."""
    written, total = [], 0
    for record in states(persons, datetime.now(UTC)):
        written.append(record)
        total += len(record.key) + len(record.value or b"")
        if len(written) == AT_ONCE:
            await on.producer.send_all(written)
            written = []
    await on.producer.send_all(written)
    return total


def states(persons: int, at: datetime) -> Iterator[Record]:
    """Changelog records of persons 1 to `persons` and their cases, as the reducers leave them: those of one are made, the others are its
    copies under their own numbers.
    """
    plain, standing = list(_states_of_one(at, standing=False)), list(_states_of_one(at, standing=True))
    for number in range(1, persons + 1):
        marks = _marks(number)
        for topic, key, path, value in standing if number % STANDING == 0 else plain:
            own = _renamed(key, marks)
            yield Record(topic, _renamed(path, marks), _renamed(value, marks), partition=partition_for(own, PARTITIONS))


def _marks(number: int) -> tuple[tuple[bytes, bytes], ...]:
    """What names person 0 and their case, and what names another's."""

    def named(one: int) -> tuple[bytes, ...]:
        return county.case_id(one).encode(), county.crn(one).encode(), str(UUID(int=one)).encode()

    return tuple(zip(named(0), named(number), strict=True))


def _renamed(text: bytes, marks: tuple[tuple[bytes, bytes], ...]) -> bytes:
    for old, new in marks:
        text = text.replace(old, new)
    return text


def _states_of_one(at: datetime, *, standing: bool) -> Iterator[tuple[str, bytes, bytes, bytes]]:
    """Person 0 and their case through the reducers: changelog, state's key, part's key, part's value."""
    policy, person_id = load_policy(), str(UUID(int=0))
    snapshot = county.case_of(0).with_implied_links()
    people = tuple(person.model_copy(update={"person_ids": (person_id,)}) for person in snapshot.people)
    case = snapshot.model_copy(update={"people": people}).learned(None, at)
    links = LinkChanged(person_id=person_id, case_id=case.id, version=case.version, links=case.links)
    person, _ = reduce_person(NOBODY, links, policy)
    family, _ = reduce_case(NO_CASE, CaseChanged(case=case), policy)
    if standing:
        flag = county.alert_of(0, 1).model_copy(update={"kind": "violent_person_flag"})
        alert = AcceptedAlert.of(flag, at).with_people(((person_id,),))
        person, arrivals = reduce_person(person, AlertAboutPerson(person_id=person_id, alert=alert), policy)
        for arrival in arrivals:
            family, _ = reduce_case(family, arrival, policy)
    for topic, key, empty, state in ((PERSON_STATE, person_id, NOBODY, person), (CASE_STATE, case.id, NO_CASE, family)):
        for path, value in state_parts.changes(key.encode(), empty, state):
            assert value is not None, "what was never there is not deleted"
            yield topic, key.encode(), path, value
