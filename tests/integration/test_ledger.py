"""The promises of the delivery ledger, the same on SQLite and on PostgreSQL."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from alertbus.delivery.ledger.endings import WITHDRAWN_UNSENT
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.recording import HandOn
from alertbus.delivery.ledger.rows import Leased, Settlement
from alertbus.delivery.ledger.tables import LedgerState, beat, inbox_message, ledger
from alertbus.delivery.ledger.turns import promote
from alertbus.model import ids
from alertbus.model.notice import ENDINGS, Deed, Notice
from alertbus.model.receipt import Stage
from alertbus.plugin.kit.samples import sample_notice, sample_obligation
from alertbus.sql.engine import make_engine, metadata
from alertbus.wire.records import content

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
async def open_ledger(url: str) -> AsyncIterator[Any]:
    """Open the same ledger as another process would: its own engine, its own lock."""
    engines = []

    async def opened() -> Ledger:
        engines.append(make_engine(url))
        return Ledger(engines[-1])

    fresh = make_engine(url)
    await fresh.write(lambda connection: metadata.create_all(connection, tables=[ledger, beat, inbox_message]))
    await fresh.dispose()
    yield opened
    for engine in engines:
        await engine.dispose()


@pytest.fixture
async def book(open_ledger: Any) -> Ledger:
    return await open_ledger()


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def notice(name: str, *, agency: str = "school", case: str = "case-1", deed: Deed = Deed.DELIVER, owed: str = "") -> Notice:
    obligation = sample_obligation(id=owed or f"owed-{name}", agency=agency, case_id=case, due=None)
    return sample_notice(id=name, obligation=obligation, deed=deed)


def accepted(leased: Leased) -> Settlement:
    return Settlement(leased, LedgerState.ACCEPTED)


def again(leased: Leased, at: datetime, error: str = "connection_cut", **changed: Any) -> Settlement:
    return Settlement(leased, LedgerState.WAITING, error=error, retry_at=at, **{"told": False, **changed})


def names(leased: list[Leased]) -> list[str]:
    return [one.notice_id for one in leased]


async def states(book: Ledger) -> dict[str, str]:
    async with book._engine.reading() as connection:
        rows = await connection.execute(select(ledger.c.notice_id, ledger.c.state).order_by(ledger.c.seq))
        return {row.notice_id: row.state for row in rows.all()}


async def test_a_notice_is_recorded_once_however_often_it_comes(book: Ledger) -> None:
    await book.record([notice("a"), notice("a"), notice("b", case="case-2")], NOW)
    await book.record([notice("b", case="case-2"), notice("a")], later(1))

    leased = await book.lease("me", later(2), 10)
    assert names(leased) == ["a", "b"]
    assert Notice.model_validate_json(leased[0].notice) == notice("a")


def to(owner: str, *notices: Notice) -> HandOn:
    return HandOn(owner, frozenset(one.id for one in notices))


async def test_what_is_recorded_and_due_is_handed_on_leased_and_read_already(book: Ledger) -> None:
    first, second, elsewhere = notice("1"), notice("2"), notice("3", case="case-2")
    handed = await book.record([first, second, elsewhere], NOW, hand_on=to("me", first, second, elsewhere))

    assert [(one.notice_id, one.attempts, one.word) for one in handed] == [("1", 1, first), ("3", 1, elsewhere)]
    assert await states(book) == {"1": LedgerState.LEASED, "2": LedgerState.WAITING, "3": LedgerState.LEASED}
    assert await book.beats() == {"me": 0}
    assert await book.lease("other", later(1), 10) == []

    await book.settle([accepted(one) for one in handed], later(1))
    (next_one,) = await book.lease("me", later(1), 10)
    assert (next_one.notice_id, next_one.word, next_one.notice) == ("2", None, content(second))


async def test_what_is_handed_on_and_what_is_leased_from_the_ledger_are_the_same(book: Ledger) -> None:
    one = notice("1")
    (handed,) = await book.record([one], NOW, hand_on=to("me", one))
    await book.settle([again(handed, NOW)], NOW)
    (leased,) = await book.lease("me", NOW, 10)

    assert leased == replace(handed, attempts=2)


async def test_a_notice_is_kept_as_the_bytes_that_came(book: Ledger) -> None:
    one = notice("1")
    body = one.model_dump_json(indent=1).encode()
    await book.record([one], NOW, bodies=[body])

    (leased,) = await book.lease("me", NOW, 10)
    assert leased.notice == body
    assert Notice.model_validate_json(leased.notice) == one


async def test_only_what_there_is_room_for_is_handed_on_and_the_rest_is_due(book: Ledger) -> None:
    one, two = notice("1"), notice("2", case="case-2")
    handed = await book.record([one, two], NOW, hand_on=to("me", two))

    assert names(handed) == ["2"]
    assert [(one.notice_id, one.attempts) for one in await book.lease("other", NOW, 10)] == [("1", 1)]


async def test_what_is_here_already_is_not_handed_on_again(book: Ledger) -> None:
    one = notice("1")
    (handed,) = await book.record([one, one], NOW, hand_on=to("me", one))
    assert await book.record([one], later(1), hand_on=to("me", one)) == []
    await book.settle([accepted(handed)], later(2))
    assert await book.record([one], later(3), hand_on=to("me", one)) == []


async def test_nothing_is_handed_on_while_its_lane_has_something_open_with_any_worker(book: Ledger, open_ledger: Any) -> None:
    other = await open_ledger()
    one, two, three = notice("1"), notice("2"), notice("3")
    (first,) = await book.record([one], NOW, hand_on=to("me", one))
    assert await other.record([two], NOW, hand_on=to("other", two)) == []
    await book.settle([again(first, later(60))], later(1))
    assert await other.record([three], later(2), hand_on=to("other", three)) == []

    (first,) = await book.lease("me", later(60), 10)
    await book.settle([accepted(first)], later(60))
    assert names(await other.lease("other", later(60), 10)) == ["2"]


async def test_what_ends_something_is_not_handed_on_with_what_it_ends(book: Ledger) -> None:
    """Both are new, so nobody was told; handed on, the first would have left."""
    tell, take_back, after = notice("tell", owed="o"), notice("take back", owed="o", deed=Deed.WITHDRAW), notice("after")
    assert await book.record([tell, take_back, after], NOW, hand_on=to("me", tell, take_back, after)) == []

    assert await states(book) == {"tell": LedgerState.CANCELLED, "take back": LedgerState.CANCELLED, "after": LedgerState.WAITING}
    assert names(await book.lease("me", NOW, 10)) == ["after"]


async def test_a_notice_of_an_obligation_that_stepped_aside_is_not_handed_on(book: Ledger) -> None:
    (broken,) = await book.record([notice("broken", owed="o")], NOW, hand_on=to("me", notice("broken")))
    await book.settle([again(broken, later(60), error="plugin_fault", told=True, own_lane=True)], later(1))
    amend, other = notice("amend", owed="o", deed=Deed.AMEND), notice("other")

    assert names(await book.record([amend, other], later(2), hand_on=to("me", amend, other))) == ["other"]
    assert names(await book.lease("me", later(60), 10)) == ["broken"]


async def test_a_dead_workers_notice_that_was_handed_on_is_free_for_others(book: Ledger, open_ledger: Any) -> None:
    other = await open_ledger()
    one = notice("1")
    await book.record([one], NOW, hand_on=to("dead", one))
    assert await other.beats() == {"dead": 0}

    await other.release("dead", later(1))
    assert [(one.notice_id, one.attempts) for one in await other.lease("alive", later(1), 10)] == [("1", 2)]


async def test_recorders_that_hand_on_and_settle_at_once_keep_each_lane_in_order_and_one_at_a_time(open_ledger: Any) -> None:
    """Two workers each record half of every lane, and each sends what it is handed."""
    books = [await open_ledger(), await open_ledger()]
    out: set[str] = set()
    sent: dict[str, list[str]] = defaultdict(list)
    mine = [[notice(f"{lane}-{worker}-{n:02}", case=f"case-{lane}") for n in range(12) for lane in range(5)] for worker in range(2)]

    async def send(worker: int, leased: list[Leased]) -> None:
        while leased:
            for one in leased:
                assert one.lane not in out
                out.add(one.lane)
                sent[one.lane].append(one.notice_id)
            await asyncio.sleep(0)
            out.difference_update(one.lane for one in leased)
            await books[worker].settle([accepted(one) for one in leased], NOW)
            leased = await books[worker].lease(f"worker-{worker}", NOW, 10)

    async def work(worker: int) -> None:
        for n in range(0, 60, 3):
            some = mine[worker][n : n + 3]
            await send(worker, await books[worker].record(some, NOW, hand_on=to(f"worker-{worker}", *some)))

    async with asyncio.timeout(60):
        await asyncio.gather(work(0), work(1))
        await send(0, await books[0].lease("worker-0", NOW, 10))
    assert sorted(one for lane in sent.values() for one in lane) == sorted(one.id for some in mine for one in some)
    for lane in sent.values():
        assert all(
            [one for one in lane if f"-{worker}-" in one] == sorted(one for one in lane if f"-{worker}-" in one) for worker in range(2)
        )


async def test_a_late_duplicate_of_a_settled_notice_does_nothing(book: Ledger) -> None:
    await book.record([notice("a")], NOW)
    await book.settle([accepted(one) for one in await book.lease("me", NOW, 10)], later(1))
    await book.record([notice("a")], later(2))

    assert await book.lease("me", later(3), 10) == []
    assert await states(book) == {"a": LedgerState.ACCEPTED}


async def test_one_is_in_flight_per_agency_and_case_and_the_oldest_goes_first(book: Ledger) -> None:
    await book.record([notice("1"), notice("2"), notice("other case", case="case-2")], NOW)
    await book.record([notice("other agency", agency="gp"), notice("3")], NOW)

    first = await book.lease("me", NOW, 10)
    assert names(first) == ["1", "other case", "other agency"]
    assert await book.lease("me", later(1), 10) == []

    await book.settle([accepted(one) for one in first], later(1))
    assert names(await book.lease("me", later(1), 10)) == ["2"]


async def test_a_notice_that_waits_holds_back_its_lane_and_no_other(book: Ledger) -> None:
    await book.record([notice("1"), notice("2"), notice("x", case="case-2"), notice("y", case="case-2")], NOW)
    leased = await book.lease("me", NOW, 10)
    await book.settle([again(leased[0], later(60)), accepted(leased[1])], later(1))

    assert names(await book.lease("me", later(59), 10)) == ["y"]
    retried = await book.lease("me", later(60), 10)
    assert [(one.notice_id, one.attempts) for one in retried] == [("1", 2)]


async def test_what_a_dead_worker_had_is_free_when_somebody_says_so_and_at_no_hour(book: Ledger, open_ledger: Any) -> None:
    """A lease does not run out: clocks differ by hours. Whoever sees that a worker is dead frees what it had."""
    other = await open_ledger()
    await book.record([notice("1")], NOW)
    await book.lease("dead", NOW, 10)

    assert await other.lease("alive", later(10**6), 10) == []
    await other.release("dead", NOW)
    assert [(one.notice_id, one.attempts) for one in await other.lease("alive", NOW, 10)] == [("1", 2)]


async def test_the_beat_of_a_worker_is_seen_by_others_while_it_holds_a_lease(book: Ledger, open_ledger: Any) -> None:
    other = await open_ledger()
    await book.record([notice("1")], NOW)
    await book.beat("me")
    assert await other.beats() == {}
    await book.lease("me", NOW, 10)
    first = await other.beats()
    await book.beat("me")

    assert first == {"me": 1}
    assert await other.beats() == {"me": 2}
    await book.release("me", later(1))
    assert await other.beats() == {}
    await other.lease("never shown one", later(1), 10)
    assert await book.beats() == {"never shown one": 0}


async def test_a_worker_that_stops_gives_its_leases_back(book: Ledger) -> None:
    await book.record([notice("1")], NOW)
    await book.lease("me", NOW, 10)
    await book.release("me", later(16))
    assert names(await book.lease("other", later(16), 10)) == ["1"]


async def test_what_a_clock_far_ahead_has_put_off_is_due_for_one_that_is_right(book: Ledger) -> None:
    """A worker three hours ahead put it off for a second and died: nobody waits three hours."""
    await book.record([notice("1"), notice("2", case="case-2")], NOW)
    one, two = await book.lease("ahead", NOW, 10)
    await book.settle([again(one, later(3 * 3600)), again(two, later(50))], NOW)
    await book.undo_clock_skew(NOW, timedelta(minutes=5))

    assert names(await book.lease("right", NOW, 10)) == ["1"]
    assert names(await book.lease("right", later(50), 10)) == ["2"]


async def test_what_a_worker_brings_after_its_lease_ran_out_counts_only_if_it_is_final(book: Ledger) -> None:
    await book.record([notice("1"), notice("2")], NOW)
    (slow,) = await book.lease("slow", NOW, 10)
    await book.release("slow", later(10))
    (quick,) = await book.lease("quick", later(10), 10)

    assert await book.settle([again(slow, later(99), told=True)], later(11)) == []
    assert await states(book) == {"1": LedgerState.LEASED, "2": LedgerState.WAITING}

    assert [r.stage for r in await book.settle([accepted(slow)], later(12))] == [Stage.ACCEPTED]
    assert await book.settle([accepted(quick)], later(13)) == []  # told once
    assert await states(book) == {"1": LedgerState.ACCEPTED, "2": LedgerState.WAITING}


async def test_many_workers_share_the_work_without_taking_anything_twice(open_ledger: Any) -> None:
    books = [await open_ledger() for _ in range(3)]
    everything = [notice(f"{case}-{n}", case=f"case-{case}") for case in range(40) for n in range(5)]
    await books[0].record(everything, NOW)
    taken: list[str] = []
    per_lane: dict[str, list[str]] = defaultdict(list)
    in_flight: set[str] = set()

    async def work(number: int) -> None:
        while len(taken) < len(everything):
            for one in await books[number].lease(f"worker-{number}", NOW, 7):
                assert one.lane not in in_flight
                in_flight.add(one.lane)
                taken.append(one.notice_id)
                per_lane[one.lane].append(one.notice_id)
                in_flight.discard(one.lane)
                await books[number].settle([accepted(one)], NOW)

    async with asyncio.timeout(60):
        await asyncio.gather(*map(work, range(3)))
    assert sorted(taken) == sorted(one.id for one in everything)
    assert all(taken_of_it == sorted(taken_of_it) for taken_of_it in per_lane.values())


async def test_recording_and_settling_at_once_strands_no_lane(open_ledger: Any) -> None:
    """Each must see whether the other has left the lane a next one; else a notice would wait for ever."""
    recorder, settler = await open_ledger(), await open_ledger()
    everything = [notice(f"n{n}") for n in range(120)]
    done: list[str] = []

    async def record() -> None:
        for one in everything:
            await recorder.record([one], NOW)

    async def settle() -> None:
        while len(done) < len(everything):
            leased = await settler.lease("me", NOW, 10)
            done.extend(names(leased))
            await settler.settle([accepted(one) for one in leased], NOW)

    async with asyncio.timeout(60):
        await asyncio.gather(record(), settle())
    assert done == [one.id for one in everything]


async def test_a_notice_recorded_while_its_lane_is_being_freed_gets_its_turn(open_ledger: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The race of the test above, held open: the settler has looked for a next one and has not yet committed."""
    settler, recorder = await open_ledger(), await open_ledger()
    await settler.record([notice("1")], NOW)
    leased = await settler.lease("me", NOW, 10)
    looked, go_on = threading.Event(), threading.Event()

    def promote_then_wait(*arguments: Any) -> None:
        promote(*arguments)
        if not looked.is_set():
            looked.set()
            go_on.wait()

    monkeypatch.setattr("alertbus.delivery.ledger.turns.promote", promote_then_wait)
    settling = asyncio.create_task(settler.settle([accepted(leased[0])], NOW))
    await asyncio.to_thread(looked.wait)
    recording = asyncio.create_task(recorder.record([notice("2")], NOW))
    await asyncio.wait([recording], timeout=0.3)  # it is to wait for the settler, and would be done otherwise
    go_on.set()
    await asyncio.gather(settling, recording)

    assert names(await settler.lease("me", NOW, 10)) == ["2"]


async def test_a_withdrawal_is_delivered_after_what_it_withdraws(book: Ledger) -> None:
    await book.record([notice("tell", owed="o")], NOW)
    (told,) = await book.lease("me", NOW, 10)
    await book.record([notice("take back", owed="o", deed=Deed.WITHDRAW)], later(1))
    assert await book.lease("me", later(1), 10) == []

    await book.settle([accepted(told)], later(2))
    assert names(await book.lease("me", later(2), 10)) == ["take back"]


async def test_an_attempt_that_failed_may_have_arrived_so_its_withdrawal_is_delivered(book: Ledger) -> None:
    await book.record([notice("tell", owed="o")], NOW)
    (told,) = await book.lease("me", NOW, 10)
    await book.settle([again(told, later(5))], later(1))
    await book.record([notice("take back", owed="o", deed=Deed.WITHDRAW)], later(1))

    assert await states(book) == {"tell": LedgerState.WAITING, "take back": LedgerState.WAITING}


@pytest.mark.parametrize("deed", sorted(ENDINGS))
async def test_a_notice_never_attempted_and_what_ends_it_are_cancelled_together(book: Ledger, deed: Deed) -> None:
    await book.record([notice("before"), notice("tell", owed="o"), notice("amend", owed="o", deed=Deed.AMEND)], NOW)
    await book.record([notice("take back", owed="o", deed=deed), notice("after")], later(1))

    assert await states(book) == {
        "before": LedgerState.WAITING,
        "tell": LedgerState.CANCELLED,
        "amend": LedgerState.CANCELLED,
        "take back": LedgerState.CANCELLED,
        "after": LedgerState.WAITING,
    }
    await book.settle([accepted(one) for one in await book.lease("me", later(2), 10)], later(2))
    assert names(await book.lease("me", later(2), 10)) == ["after"]
    async with book._engine.reading() as connection:
        why = await connection.execute(select(ledger.c.error_class).where(ledger.c.notice_id == "tell"))
        assert why.scalar_one() == WITHDRAWN_UNSENT


@pytest.mark.parametrize("deed", sorted(ENDINGS))
async def test_a_second_telling_is_ended_without_regard_to_the_first(book: Ledger, deed: Deed) -> None:
    for n in (1, 2):
        await book.record([notice(f"tell {n}", owed="o")], NOW)
        if n == 1:
            await book.settle([accepted(one) for one in await book.lease("me", NOW, 10)], NOW)
        await book.record([notice(f"take back {n}", owed="o", deed=deed)], NOW)
        if n == 1:
            await book.settle([accepted(one) for one in await book.lease("me", NOW, 10)], NOW)

    assert await states(book) == {
        "tell 1": LedgerState.ACCEPTED,
        "take back 1": LedgerState.ACCEPTED,
        "tell 2": LedgerState.CANCELLED,
        "take back 2": LedgerState.CANCELLED,
    }


async def test_a_withdrawal_of_something_unknown_is_delivered(book: Ledger) -> None:
    await book.record([notice("take back", owed="o", deed=Deed.WITHDRAW)], NOW)
    assert names(await book.lease("me", NOW, 10)) == ["take back"]


async def test_trouble_that_is_told_gives_one_receipt_and_the_answer_another(book: Ledger) -> None:
    await book.record([notice("1")], NOW)
    (one,) = await book.lease("me", NOW, 10)
    (failed,) = await book.settle([again(one, later(2), error="plugin_fault", told=True)], later(1))
    await book.note_published([failed])
    assert (failed.id, failed.stage, failed.at) == (ids.receipt_id("1", "failed"), Stage.FAILED, later(1))
    assert (failed.detail, failed.case_id, failed.agency) == ("plugin_fault", "case-1", "school")

    (one,) = await book.lease("me", later(2), 10)
    assert await book.settle([again(one, later(4), error="plugin_fault", told=True)], later(3)) == []
    assert await states(book) == {"1": LedgerState.FAILED}

    (one,) = await book.lease("me", later(4), 10)
    (done,) = await book.settle([accepted(one)], later(5))
    assert (done.stage, done.at, done.detail) == (Stage.ACCEPTED, later(5), None)
    assert await states(book) == {"1": LedgerState.ACCEPTED}


async def test_a_receipt_that_was_never_told_is_found_again(book: Ledger) -> None:
    await book.record([notice("1"), notice("2", case="case-2")], NOW)
    one, two = await book.lease("me", NOW, 10)
    receipts = await book.settle([accepted(one), Settlement(two, LedgerState.REFUSED, error="refused")], later(1))

    assert await book.receipts_to_publish(NOW) == []
    assert sorted(await book.receipts_to_publish(later(1)), key=lambda r: r.notice_id) == sorted(receipts, key=lambda r: r.notice_id)
    await book.note_published(receipts[:1])
    assert await book.receipts_to_publish(later(1)) == receipts[1:]


async def test_telling_of_a_failure_late_does_not_hide_that_the_answer_is_untold(book: Ledger) -> None:
    await book.record([notice("1")], NOW)
    (one,) = await book.lease("me", NOW, 10)
    failed = await book.settle([again(one, later(2), told=True)], later(1))
    (one,) = await book.lease("me", later(2), 10)
    done = await book.settle([accepted(one)], later(3))
    await book.note_published(failed)

    assert await book.receipts_to_publish(later(9)) == done


async def test_what_cannot_be_rendered_steps_aside_with_its_whole_obligation(book: Ledger) -> None:
    """Its case's other notices go on, and its own withdrawal still comes after it."""
    await book.record([notice("broken", owed="o"), notice("next"), notice("amend", owed="o", deed=Deed.AMEND)], NOW)
    (broken,) = await book.lease("me", NOW, 10)
    await book.settle([again(broken, later(60), error="plugin_fault", told=True, own_lane=True)], later(1))
    await book.record([notice("take back", owed="o", deed=Deed.WITHDRAW), notice("last")], later(2))

    for at, name in ((2, "next"), (3, "last"), (60, "broken"), (61, "amend"), (62, "take back")):
        (one,) = await book.lease("me", later(at), 10)
        assert one.notice_id == name
        await book.settle([accepted(one)], later(at))


async def test_each_agency_gets_only_its_room_and_one_that_is_shut_nothing(book: Ledger) -> None:
    slow = [notice(f"slow {n}", agency="slow", case=f"case-{n}") for n in range(30)]
    dead = [notice(f"dead {n}", agency="dead", case=f"case-{n}") for n in range(30)]
    await book.record([*slow, *dead, notice("quick", agency="quick")], NOW)

    def room(agency: str) -> int:
        return 2 if agency == "slow" else 100

    assert names(await book.lease("me", NOW, 10, full=["dead"], room=room)) == ["slow 0", "slow 1", "quick"]
    assert names(await book.lease("me", NOW, 3, full=["slow"])) == ["dead 0", "dead 1", "dead 2"]


async def test_when_a_system_answers_again_what_waited_for_it_is_due_at_once(book: Ledger) -> None:
    await book.record([notice("1"), notice("2", case="case-2"), notice("3", agency="gp")], NOW)
    one, two, three = await book.lease("me", NOW, 10)
    waiting = [again(one, later(300)), again(two, later(300), error="plugin_fault"), again(three, later(300))]
    await book.settle(waiting, later(1))
    await book.retry_agency_now("school", later(2))

    assert names(await book.lease("me", later(2), 10)) == ["1"]


async def test_find_gives_what_is_known_of_a_notice(book: Ledger) -> None:
    await book.record([notice("1")], NOW)

    found = await book.find("1")
    assert found is not None
    assert (found.agency, found.case_id, found.state) == ("school", "case-1", LedgerState.WAITING)
    assert await book.find("2") is None


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)  # PostgreSQL chooses by the size of the table
async def test_no_query_walks_through_the_part_that_is_done(book: Ledger) -> None:
    """A ledger of years is nearly all done; each regular question must have an index over the open part."""
    questions = [
        "SELECT seq, agency FROM ledger WHERE next_attempt_at <= '2026' ORDER BY next_attempt_at, seq LIMIT 5",
        "SELECT min(seq) FROM ledger WHERE done_at IS NULL AND lane IN ('a', 'b') GROUP BY lane",
        "UPDATE ledger SET next_attempt_at = '2026' WHERE lease_owner = 'me'",
        "SELECT seq FROM ledger WHERE fallback_due <= '2026' ORDER BY fallback_due, seq LIMIT 5",
        "SELECT obligation_id, lane FROM ledger WHERE aside AND done_at IS NULL",
        "SELECT notice_id FROM ledger WHERE receipt_pending ORDER BY seq LIMIT 5",
        "SELECT agency, state, count(*) FROM ledger WHERE done_at IS NULL GROUP BY agency, state",
    ]
    async with book._engine.reading() as connection:
        for question in questions:
            plan = [row[3] for row in (await connection.execute(text(f"EXPLAIN QUERY PLAN {question}"))).all()]
            assert any("USING INDEX ix_ledger" in step or "COVERING INDEX ix_ledger" in step for step in plan), plan
        assert (await connection.execute(select(func.count()).select_from(ledger))).scalar_one() == 0


async def refuse(book: Ledger, at: datetime = NOW) -> list[int]:
    """Lease what is due, have it refused for good, and say at which attempts."""
    leased = await book.lease("me", at, 10)
    await book.settle([Settlement(one, LedgerState.REFUSED, error="refused") for one in leased], at)
    return [one.attempts for one in leased]


async def test_what_was_refused_for_good_is_tried_again_when_it_is_redriven_and_a_repeat_of_that_does_nothing(book: Ledger) -> None:
    await book.record([notice("a"), notice("b")], NOW)
    assert await refuse(book) == [1]

    assert await book.reopen({"a": 1}, later(1)) == ["a"]
    assert await book.reopen({"a": 1}, later(1)) == []
    assert await book.refused(["a", "b"]) == []

    assert await refuse(book, later(2)) == [2]
    assert await book.reopen({"a": 1}, later(3)) == [], "the entry of the first attempt says nothing of the second"
    assert await states(book) == {"a": LedgerState.REFUSED, "b": LedgerState.WAITING}
    assert [(one.notice_id, one.attempts, one.error) for one in await book.refused(["a", "b"])] == [("a", 2, "refused")]


async def test_a_redriven_notice_goes_before_what_waits_in_its_lane_and_after_what_is_out(book: Ledger) -> None:
    await book.record([notice("a"), notice("b")], NOW)
    await refuse(book)
    await book.reopen({"a": 1}, later(1))
    assert names(await book.lease("me", later(1), 10)) == ["a"]

    await book.record([notice("c", case="case-2"), notice("d", case="case-2")], NOW)
    await refuse(book, later(2))
    out = await book.lease("me", later(2), 10)
    assert names(out) == ["d"]
    await book.reopen({"c": 1}, later(3))
    assert await book.lease("me", later(3), 10) == []
    await book.settle([accepted(one) for one in out], later(4))
    assert names(await book.lease("me", later(4), 10)) == ["c"]


@pytest.mark.parametrize("deed", [*sorted(ENDINGS), Deed.AMEND])
async def test_what_a_later_notice_has_overtaken_is_not_sent_again(book: Ledger, deed: Deed) -> None:
    await book.record([notice("a", owed="o")], NOW)
    await refuse(book)
    await book.record([notice("b", owed="o", deed=deed)], later(1))
    await book.settle([accepted(one) for one in await book.lease("me", later(1), 10)], later(1))

    assert await book.reopen({"a": 1}, later(2)) == []
    assert await states(book) == {"a": LedgerState.REFUSED, "b": LedgerState.ACCEPTED}


async def test_what_was_never_refused_or_is_not_there_is_not_opened(book: Ledger) -> None:
    await book.record([notice("a"), notice("b", case="case-2")], NOW)
    await book.settle([accepted(one) for one in (await book.lease("me", NOW, 10))[:1]], NOW)

    assert await book.reopen({"a": 1, "b": 1, "nobody": 1}, later(1)) == []
