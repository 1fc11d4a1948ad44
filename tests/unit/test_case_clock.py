"""The clock of the real cases of one worker: what it writes when, and what an idle one does."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import rocksdict

from alertbus.broker.faults import BrokerFault
from alertbus.broker.producer import Producer
from alertbus.broker.record import Record
from alertbus.model.errors import StateUnreadable
from alertbus.model.events import Tick
from alertbus.reach.reduce_case import EMPTY, CaseState
from alertbus.stream import clock as clock_module
from alertbus.stream import state_parts
from alertbus.stream.clock import CaseClock
from alertbus.stream.state_table import StateKey, StateTable
from alertbus.stream.store import apply_changes
from alertbus.waiting import eventually
from alertbus.wire.reading import understand
from alertbus.wire.words import STREAM, words
from tests.story import Arrived, a_case

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Hands:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.at = NOON
        self.looks = 0

    def __call__(self) -> datetime:
        self.looks += 1
        return self.at

    async def looked(self, times: int = 3) -> None:
        """Return when it was looked at so many times more."""
        wanted = self.looks + times
        await until(lambda: self.looks >= wanted)


class Broker(Producer):
    """A producer that keeps what it is given, once it may."""

    def __init__(self) -> None:
        super().__init__("nowhere:1")
        self.ticks: list[Tick] = []
        self.sources: set[str] = set()
        self.trouble: BrokerFault | None = None

    async def send_all(self, records: Sequence[Record]) -> dict[tuple[str, int], int]:
        if self.trouble is not None:
            raise self.trouble
        for record in records:
            read = understand(Arrived(record.topic, 0, 0, record.key, record.value, record.headers), words(Tick.type))
            self.ticks.append(read.word)
            self.sources.add(dict(record.headers)["ce_source"].decode())
        return {}


class Disk:
    """What a table is to its states: a RocksDB for each partition."""

    changelog_topic_name = "case-changelog"

    def __init__(self, folder: Any) -> None:
        self._folder, self._open = folder, dict[int, Any]()
        self.data = SimpleNamespace(_db_for_partition=self._database, set_persisted_offset=lambda *_: None)

    def _database(self, partition: int) -> Any:
        if partition not in self._open:
            options = rocksdict.Options(raw_mode=True)
            options.create_if_missing(True)
            self._open[partition] = rocksdict.Rdict(str(self._folder / str(partition)), options=options)
        return self._open[partition]

    def close(self) -> None:
        for database in self._open.values():
            database.close()


class Bench:
    """A clock, its table and its broker."""

    def __init__(self, folder: Any) -> None:
        self.disk, self.hands, self.broker, self.failed = Disk(folder), Hands(), Broker(), list[BaseException]()
        changelog: Any = SimpleNamespace(table=self.disk, topic="case-changelog")
        self.table = StateTable(changelog, CaseState, EMPTY)
        self.clock = CaseClock(self.table, lambda: self.broker, self.hands, self.failed.append, look_s=0.01)

    def stands(self, name: str, moment: datetime | None, *, partition: int = 0, exercise: str | None = None) -> StateKey:
        """A case is on the disk with its next moment."""
        key = name.encode()
        state = a_state(name, moment, exercise)
        apply_changes(self.disk, partition, state_parts.changes(key, EMPTY, state), 0)
        return partition, key

    def says(self, name: str, moment: datetime | None, *ticks: Tick) -> None:
        """The case stage has decided about a case."""
        place, state = (0, name.encode()), a_state(name, moment)
        self.table.decided({place: state})
        self.clock.told({place: state}, [(place, tick) for tick in ticks])

    async def ticked(self, count: int = 1) -> list[tuple[str, datetime]]:
        """Return when so many ticks were written: of which cases, and since when."""
        await until(lambda: len(self.broker.ticks) >= count)
        return [(tick.case_id, tick.since) for tick in self.broker.ticks]


def a_state(name: str, moment: datetime | None, exercise: str | None = None) -> CaseState:
    case = a_case().model_copy(update={"id": name, "exercise": exercise})
    before = NOON - timedelta(days=1)
    return EMPTY.model_copy(update={"case": case, "next_at": moment, "now": before, "chased_from": before})


def just_before(moment: datetime) -> datetime:
    return moment - timedelta(microseconds=1)


@pytest.fixture
async def bench(tmp_path: Any) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.clock.drop()
    await asyncio.sleep(0)
    bench.disk.close()


async def test_clk_02_a_case_is_ticked_when_its_moment_has_come_and_not_before(bench: Bench) -> None:
    moment = NOON + timedelta(hours=1)
    bench.stands("case-1", moment)
    bench.clock.assign([0])

    bench.hands.at = just_before(moment)
    await bench.hands.looked()
    assert bench.broker.ticks == []

    bench.hands.at = moment
    assert await bench.ticked() == [("case-1", just_before(moment))]
    assert bench.broker.ticks[0].at == moment
    assert bench.broker.sources == {STREAM}


async def test_while_a_tick_is_under_way_no_other_is_written_for_its_moment(bench: Bench) -> None:
    bench.stands("case-1", NOON)
    bench.clock.assign([0])
    await bench.ticked()

    bench.hands.at += timedelta(days=1)
    bench.says("case-1", NOON)
    await bench.hands.looked()

    assert len(bench.broker.ticks) == 1


async def test_what_the_stage_says_counts_and_not_what_the_disk_said(bench: Bench) -> None:
    for name in ("case-1", "case-2", "case-3"):
        bench.stands(name, NOON + timedelta(hours=1))
    bench.clock.assign([0])
    bench.says("case-1", NOON + timedelta(hours=3))
    bench.says("case-2", None)

    bench.hands.at = NOON + timedelta(hours=2)
    await bench.ticked()
    await bench.hands.looked()

    assert [tick.case_id for tick in bench.broker.ticks] == ["case-3"]


async def test_a_moment_that_comes_sooner_than_the_others_is_not_waited_for_in_vain(bench: Bench) -> None:
    bench.clock._look_s = 3600
    bench.stands("case-1", NOON + timedelta(hours=9))
    bench.clock.assign([0])
    await bench.hands.looked(2)

    bench.hands.at = NOON + timedelta(hours=1)
    bench.says("case-2", NOON + timedelta(minutes=30))

    assert await bench.ticked() == [("case-2", just_before(NOON + timedelta(minutes=30)))]


async def test_a_worker_that_starts_hours_late_ticks_all_that_has_lapsed_at_once_the_earliest_first(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_module, "HERD", 500)
    count = 1_400
    for number in range(count):
        bench.stands(f"case-{number:04}", NOON - timedelta(seconds=number), partition=number % 4)
    bench.clock.assign(range(4))

    found = await bench.ticked(count)

    assert sorted(found) == [(f"case-{number:04}", just_before(NOON - timedelta(seconds=number))) for number in range(count)]
    assert {tick.at for tick in bench.broker.ticks} == {NOON}


async def test_where_many_moments_have_come_a_case_where_somebody_may_be_in_danger_is_ticked_first(bench: Bench) -> None:
    for number in range(20):
        bench.stands(f"case-{number}", NOON - timedelta(seconds=number))
    place, state = bench.stands("case-urgent", NOON), a_state("case-urgent", NOON, None)
    apply_changes(bench.disk, 0, state_parts.changes(place[1], state, state.model_copy(update={"urgent": True})), 0)
    bench.clock.assign([0])

    found = await bench.ticked(21)

    assert [case_id for case_id, _ in found[:3]] == ["case-urgent", "case-19", "case-18"]


async def test_a_case_that_an_earlier_bus_has_left_is_ticked_once_at_an_assignment_and_has_a_moment_from_then_on(bench: Bench) -> None:
    key = b"case-1"
    left = a_state("case-1", None).model_copy(update={"chased_from": None})
    apply_changes(bench.disk, 0, state_parts.changes(key, EMPTY, left), 0)
    bench.stands("case-2", None)
    bench.clock.assign([0])
    assert await bench.ticked() == [("case-1", just_before(NOON))]

    bench.says("case-1", NOON + timedelta(hours=1), *bench.broker.ticks)
    bench.hands.at += timedelta(minutes=30)
    await bench.hands.looked()

    assert len(bench.broker.ticks) == 1


async def test_a_clock_that_stands_still_or_is_set_back_writes_nothing_and_forgets_nothing(bench: Bench) -> None:
    moment = NOON + timedelta(seconds=1)
    bench.stands("case-1", moment)
    bench.clock.assign([0])
    await bench.hands.looked()

    bench.hands.at = NOON - timedelta(hours=1)
    await bench.hands.looked()
    assert bench.broker.ticks == []

    bench.hands.at = moment
    assert await bench.ticked() == [("case-1", just_before(moment))]


async def test_a_clock_that_is_an_instant_short_is_not_asked_without_end(bench: Bench) -> None:
    bench.clock._look_s = 3600
    bench.stands("case-1", NOON + timedelta(microseconds=1))
    bench.clock.assign([0])
    await bench.hands.looked()

    before = bench.hands.looks
    await asyncio.sleep(10 * clock_module.SOON_S)

    assert bench.hands.looks - before <= 2 * 10 + 2, "two looks for each wait"


async def test_an_exercises_cases_are_never_ticked(bench: Bench) -> None:
    bench.stands("case-1", NOON, exercise="x1")
    bench.stands("case-2", NOON)
    bench.clock.assign([0])
    await bench.ticked()

    bench.clock.told({(0, b"case-3"): a_state("case-3", NOON, exercise="x1")}, [])
    await bench.hands.looked()

    assert [tick.case_id for tick in bench.broker.ticks] == ["case-2"]


async def test_after_a_revocation_nothing_is_written_until_the_partition_is_ours_again(bench: Bench) -> None:
    bench.stands("case-1", NOON + timedelta(hours=1))
    bench.clock.assign([0])
    await bench.hands.looked()
    bench.clock.drop()

    bench.hands.at += timedelta(hours=2)
    await asyncio.sleep(0.05)
    assert bench.broker.ticks == []

    bench.clock.assign([1])
    await bench.hands.looked()
    assert bench.broker.ticks == []

    bench.clock.assign([0])
    assert len(await bench.ticked()) == 1


async def test_a_tick_that_cannot_be_written_stops_the_worker(bench: Bench) -> None:
    bench.broker.trouble = BrokerFault("no broker", "Start it.")
    bench.stands("case-1", NOON)
    bench.clock.assign([0])

    await until(lambda: bench.failed)

    assert bench.failed == [bench.broker.trouble]


@pytest.mark.parametrize(("name", "raw"), [("next_at", b'"Canary"'), ("case", b'{"id": "Canary'), ("case", b'"Canary"')])
async def test_what_cannot_be_read_of_a_due_case_stops_the_worker_and_nothing_of_it_is_told(bench: Bench, name: str, raw: bytes) -> None:
    bench.stands("case-1", NOON)
    apply_changes(bench.disk, 0, [(state_parts.path_of(b"case-1", name), raw)], 0)
    bench.clock.assign([0])

    await until(lambda: bench.failed)

    [found] = bench.failed
    assert isinstance(found, StateUnreadable)
    assert "Canary" not in str(found)
    assert found.__suppress_context__


async def test_a_tick_that_came_to_nothing_is_written_again_only_after_a_while(bench: Bench) -> None:
    bench.stands("case-1", NOON)
    bench.clock.assign([0])
    await bench.ticked()

    bench.says("case-1", NOON, *bench.broker.ticks)
    await bench.hands.looked()
    assert len(bench.broker.ticks) == 1

    bench.hands.at += timedelta(minutes=1)
    await bench.ticked(2)


async def until(holds: Callable[[], Any]) -> None:
    async def now_holds() -> bool:
        return bool(holds())

    assert await eventually(now_holds, within_s=10, every_s=0.001)
