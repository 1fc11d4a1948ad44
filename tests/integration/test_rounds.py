"""One round after another: what it costs the database, and that order and the limits of each agency hold in it. No broker: a ledger, and
a sender that answers as told.
"""

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from alertbus.delivery.agencies import Agencies
from alertbus.delivery.channels import Channels
from alertbus.delivery.circuit import CircuitLimits
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.rows import Leased, Settlement
from alertbus.delivery.ledger.tables import LedgerState, beat, inbox_message, ledger
from alertbus.delivery.outcome import ACCEPTED, Backoff, Limits, Outcome, Trouble, decide
from alertbus.delivery.pace import Pace
from alertbus.delivery.publishing import Publishing
from alertbus.delivery.rounds import Rounds
from alertbus.model.notice import Message, Notice
from alertbus.model.receipt import Receipt
from alertbus.plugin.kit.samples import sample_notice, sample_obligation
from alertbus.sql.engine import make_engine, metadata
from alertbus.staff.tables import standing_team
from alertbus.wire.records import content

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SEVEN = ["children", "gp", "health_visiting", "housing", "police", "probation", "school"]
PACE = Pace(look_s=3600.0)


class Channel:
    name = "channel"

    async def send(self, message: Message, agency: str) -> Outcome:
        raise NotImplementedError


class Worker:
    """One worker's rounds. What it leases is `out` until the test says what came of it."""

    def __init__(self, book: Ledger, owner: str, pace: Pace, now: Callable[[], datetime]) -> None:
        self.book, self._pace, self._now = book, pace, now
        self.agencies = Agencies(Channels({}, Channel()), pace, now)
        self.publishing = Publishing(self._publish)
        self.rounds = Rounds(book, self.agencies, self.publishing, self._send, owner=owner, now=now, pace=pace)
        self.out: list[Leased] = []
        self.sent: list[Leased] = []
        self.told: list[Receipt] = []
        self._more = asyncio.Event()

    async def record(self, *notices: Notice) -> None:
        await self.rounds.record(notices, self._now(), bodies=[content(one) for one in notices])

    async def until_sent(self, number: int) -> None:
        async with asyncio.timeout(30):
            while len(self.sent) < number:
                self._more.clear()
                await self._more.wait()

    async def until_told(self, number: int) -> None:
        async with asyncio.timeout(30):
            while len(self.told) < number:
                self._more.clear()
                await self._more.wait()

    def answer(self, one: Leased, outcome: Outcome = ACCEPTED) -> None:
        self.out.remove(one)
        now = self._now()
        follow_up = decide(outcome, one.attempts, random=lambda: 1.0, limits=self._pace.limits)
        self.agencies.came_back(one.agency, outcome, follow_up, now)
        state = LedgerState.ACCEPTED if outcome.trouble is None else LedgerState.WAITING
        again = None if follow_up.wait is None else now + follow_up.wait
        self.rounds.settle(Settlement(one, state, error=outcome.trouble, retry_at=again, told=False))

    async def _publish(self, receipts: Sequence[Receipt]) -> None:
        self.told += receipts
        self._more.set()

    def _send(self, leased: Sequence[Leased]) -> None:
        self.out += leased
        self.sent += leased
        self._more.set()


@pytest.fixture
async def workers(tmp_path: Path) -> AsyncIterator[Any]:
    """Give a way to begin workers on one ledger, each as a process of its own would."""
    url = f"sqlite:///{tmp_path}/bus.db"
    engines, running = [make_engine(url)], []
    async with engines[0].begin() as connection:
        await connection.run_sync(metadata.create_all, tables=[ledger, beat, inbox_message, standing_team])

    async def begun(pace: Pace = PACE, now: Callable[[], datetime] = lambda: NOW) -> Worker:
        engines.append(make_engine(url))
        worker = Worker(Ledger(engines[-1]), f"worker-{len(engines)}", pace, now)
        publishing = asyncio.create_task(worker.publishing.run())
        running.append((worker, asyncio.create_task(worker.rounds.run()), publishing))
        while worker.book.stirred:  # noqa: ASYNC110  until its first look
            await asyncio.sleep(0)
        return worker

    yield begun
    for worker, rounds, publishing in running:
        worker.rounds.end()
        await rounds
        publishing.cancel()
    for engine in engines:
        await engine.dispose()


def notice(name: str, agency: str = "school", case: str = "case-1") -> Notice:
    return sample_notice(id=name, obligation=sample_obligation(id=f"owed-{name}", agency=agency, case_id=case, due=None))


def alert(number: int) -> list[Notice]:
    return [notice(f"{number}-{agency}", agency, f"case-{number}") for agency in SEVEN]


@contextlib.contextmanager
def counted(worker: Worker) -> Any:
    """Count the statements of a worker, and its transactions by `COMMIT`."""
    found: Counter[str] = Counter()

    def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found[statement.split(maxsplit=1)[0]] += 1

    def committed(_connection: Any) -> None:
        found["COMMIT"] += 1

    engine = worker.book._engine.engine
    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "commit", committed)
    yield found
    event.remove(engine, "before_cursor_execute", executed)
    event.remove(engine, "commit", committed)


async def test_seven_notices_are_recorded_sent_settled_and_noted_in_two_writes_of_seven_statements(workers: Any) -> None:
    worker = await workers(replace(PACE, gather_s=60.0))
    await worker.record(*alert(0))
    await worker.until_sent(7)
    for one in worker.out[:]:
        worker.answer(one)
    await worker.until_told(7)

    with counted(worker) as found:
        await worker.record(*alert(1))
        await worker.until_sent(14)
        for one in worker.out[:]:
            worker.answer(one)
        await worker.until_told(14)

    # Recorded: what is here of it, and the insert. Settled: what was published before, the end, and whose turn it is now.
    assert found == {"BEGIN": 2, "SELECT": 1, "INSERT": 1, "UPDATE": 3, "COMMIT": 2}


async def test_what_is_handed_on_was_read_once_and_is_what_the_ledger_holds(workers: Any) -> None:
    worker = await workers()
    await worker.record(*alert(0))
    await worker.until_sent(7)

    assert [one.word for one in worker.sent] == alert(0)
    assert [one.notice for one in worker.sent] == [content(one) for one in alert(0)]


async def test_the_next_of_a_lane_goes_out_with_the_write_that_settles_the_one_before(workers: Any) -> None:
    worker = await workers()
    await worker.record(notice("a"), notice("b"))
    await worker.until_sent(1)
    with counted(worker) as found:
        worker.answer(worker.out[0])
        await worker.until_sent(2)

    assert [one.notice_id for one in worker.sent] == ["a", "b"]
    assert found["COMMIT"] == 1


async def test_an_agency_that_is_full_gets_the_oldest_first_as_room_comes_and_holds_up_nobody_else(workers: Any) -> None:
    worker = await workers(replace(PACE, per_agency=2))
    await worker.record(*(notice(f"s{n}", "school", f"case-{n}") for n in range(5)), notice("g", "gp"))
    await worker.until_sent(3)
    assert [one.notice_id for one in worker.sent] == ["s0", "s1", "g"]

    await worker.record(notice("s5", "school", "case-5"), notice("h", "gp", "case-5"))
    await worker.until_sent(4)
    for sent in range(5, 9):
        worker.answer(next(one for one in worker.out if one.agency == "school"))
        await worker.until_sent(sent)
    assert [one.notice_id for one in worker.sent] == ["s0", "s1", "g", "h", "s2", "s3", "s4", "s5"]


async def test_what_a_retry_waits_for_is_its_own_time_and_no_look(workers: Any) -> None:
    ahead = [timedelta(0)]
    worker = await workers(now=lambda: datetime.now(UTC) + ahead[0])
    await worker.record(notice("a"))
    await worker.until_sent(1)
    worker.answer(worker.out[0], Outcome(Trouble.CUT))  # again in a second
    ahead[0] = timedelta(seconds=0.99)
    await worker.until_sent(2)

    assert [(one.notice_id, one.attempts) for one in worker.sent] == [("a", 1), ("a", 2)]


async def test_what_waited_for_a_system_that_answers_again_goes_out_at_once(workers: Any) -> None:
    """Each was put off for longer than the test takes, and the next look is in an hour."""
    hour = timedelta(hours=1)
    worker = await workers(replace(PACE, circuit=CircuitLimits(failures=3), limits=Limits(Backoff(hour, hour))))
    await worker.record(*(notice(f"n{n}", case=f"case-{n}") for n in range(4)))
    await worker.until_sent(4)
    for one in worker.out[:3]:
        worker.answer(one, Outcome(Trouble.UNREACHABLE))
    await worker.record(notice("g", "gp"))
    await worker.until_sent(5)
    worker.answer(worker.out[1])
    await worker.until_told(1)

    worker.answer(worker.out[0])
    await worker.until_sent(8)
    assert [one.notice_id for one in worker.sent] == ["n0", "n1", "n2", "n3", "g", "n0", "n1", "n2"]


async def test_two_workers_share_lanes_that_both_record_and_none_is_out_twice_or_overtaken(workers: Any) -> None:
    """Each is handed half of every lane. What the other frees it takes at its next look at the latest."""
    both = [await workers(replace(PACE, look_s=0.05, per_agency=3)) for _ in range(2)]
    out: set[str] = set()
    sent: dict[str, list[str]] = defaultdict(list)

    async def answering(worker: Worker, seen: int = 0) -> None:
        while True:
            await worker.until_sent(seen + 1)
            for one in worker.sent[seen:]:
                assert one.lane not in out
                out.add(one.lane)
                sent[one.lane].append(one.notice_id)
            seen = len(worker.sent)
            await asyncio.sleep(0)
            for one in worker.out[:]:
                out.discard(one.lane)
                worker.answer(one)

    async def recording(number: int) -> None:
        for n in range(12):
            await both[number].record(*(notice(f"{lane}-{number}-{n:02}", case=f"case-{lane}") for lane in range(5)))

    answers = [asyncio.create_task(answering(worker)) for worker in both]
    async with asyncio.timeout(60):
        await asyncio.gather(recording(0), recording(1))
        while sum(map(len, sent.values())) < 120:
            assert not any(task.done() for task in answers)
            await asyncio.sleep(0.01)
    for task in answers:
        task.cancel()
    for lane in sent.values():
        for number in range(2):
            mine = [one for one in lane if one.split("-")[1] == str(number)]
            assert mine == sorted(mine)
            assert len(mine) == len(set(mine)) == 12


async def test_what_arrives_while_a_worker_stops_is_recorded_and_left_to_others(workers: Any) -> None:
    worker, other = await workers(), await workers(replace(PACE, look_s=0.02))
    await worker.record(notice("a"))
    await worker.until_sent(1)
    await worker.rounds.stop_leasing()
    await worker.record(notice("b", "gp"))
    worker.answer(worker.out[0])
    worker.rounds.end()
    await worker.record(notice("c", "police"))

    await other.until_sent(2)
    assert [one.notice_id for one in worker.sent] == ["a"]
    assert {one.notice_id for one in other.sent} == {"b", "c"}


async def test_what_the_ledger_will_not_have_is_told_to_who_brought_it_and_outcomes_are_settled_all_the_same(workers: Any) -> None:
    worker = await workers(replace(PACE, gather_s=60.0))
    await worker.record(notice("a"), notice("z", "gp"))
    await worker.until_sent(2)
    worker.answer(worker.out[0])  # waits for the other one, and is taken along
    with pytest.raises(ValueError, match="zone"):
        await worker.rounds.record([notice("b")], NOW.replace(tzinfo=None), bodies=[b"{}"])
    await worker.until_told(1)

    assert [receipt.notice_id for receipt in worker.told] == ["a"]
    async with worker.book._engine.reading() as connection:
        assert set((await connection.execute(select(ledger.c.notice_id))).scalars()) == {"a", "z"}
