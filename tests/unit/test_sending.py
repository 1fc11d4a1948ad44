"""The pieces of sending by themselves: how much an agency is sent, and the order in which outcomes are written down."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from alertbus.delivery.agencies import Agencies
from alertbus.delivery.channels import Channels
from alertbus.delivery.ledger.recording import HandOn
from alertbus.delivery.ledger.rows import FINAL, STATE_TOLD_BY, Leased, Settlement
from alertbus.delivery.ledger.tables import LedgerState
from alertbus.delivery.outcome import ACCEPTED, Limits, Outcome, Trouble, decide
from alertbus.delivery.pace import Pace
from alertbus.delivery.publishing import Publishing
from alertbus.delivery.rounds import Rounds
from alertbus.model.notice import Message, Notice
from alertbus.model.receipt import Receipt, Stage
from tests.story import a_notice, a_receipt
from tests.unit.test_slow_bodies import Leaping

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RECEIPT = a_receipt(a_notice("n"), Stage.ACCEPTED)
SETTLEMENT = Settlement(cast("Leased", object()), LedgerState.ACCEPTED)
PACE = Pace()


class Channel:
    name = "channel"

    async def send(self, message: Message, agency: str) -> Outcome:
        raise NotImplementedError


def came_back(agencies: Agencies, agency: str, outcome: Outcome) -> None:
    agencies.came_back(agency, outcome, decide(outcome, 1, random=lambda: 0.5, limits=Limits()), NOON)


@given(st.lists(st.tuples(st.sampled_from(["gp", "police", "school"]), st.booleans()), max_size=40))
def test_an_agency_is_sent_no_more_at_once_than_it_takes_and_takes_nothing_from_another(steps: list[tuple[str, bool]]) -> None:
    agencies = Agencies(Channels({}, Channel(), at_once={"police": 2}), Pace(per_agency=3, in_flight=10), lambda: NOON)
    out = dict.fromkeys(["gp", "police", "school"], 0)
    for agency, back in steps:
        if back and out[agency]:
            came_back(agencies, agency, ACCEPTED)
            out[agency] -= 1
        elif not back and agencies.room(agency):
            agencies.goes_out(agency)
            out[agency] += 1

        assert {one: agencies.room(one) for one in out} == {"gp": 3 - out["gp"], "police": 2 - out["police"], "school": 3 - out["school"]}
        assert agencies.free == 10 - sum(out.values())
        assert set(agencies.full) == {one for one in out if agencies.room(one) == 0}


def test_a_school_has_its_own_channel_or_that_of_all_schools() -> None:
    own, of_all, inbox = Channel(), Channel(), Channel()
    channels = Channels({"school": of_all, "school.123": own}, inbox, at_once={"school": 2})

    found = {agency: channels.of(agency) for agency in ("school.123", "school.999", "school.999.upper", "school", "school_x", "gp.1")}
    assert found == {
        "school.123": own,
        "school.999": of_all,
        "school.999.upper": of_all,
        "school": of_all,
        "school_x": inbox,
        "gp.1": inbox,
    }
    assert [channels.at_once(agency, 8) for agency in ("school.999", "school.123", "gp.1")] == [2, 8, 8]


def test_an_agency_that_answers_again_is_named_once() -> None:
    moment = [NOON]
    agencies = Agencies(Channels({}, Channel()), Pace(), lambda: moment[0])
    for _ in range(5):
        agencies.goes_out("gp")
        came_back(agencies, "gp", Outcome(Trouble.UNREACHABLE))
    assert (agencies.room("gp"), agencies.full, agencies.take_recovered()) == (0, ["gp"], set())

    moment[0] += timedelta(hours=1)
    assert agencies.room("gp") == 1
    agencies.goes_out("gp")
    came_back(agencies, "gp", ACCEPTED)

    assert (agencies.take_recovered(), agencies.take_recovered()) == ({"gp"}, set())


def test_since_when_an_agency_is_left_alone_is_known_until_it_answers_however_often_it_was_tried() -> None:
    moment = [NOON]
    agencies = Agencies(Channels({}, Channel()), Pace(), lambda: moment[0])

    def tried(outcome: Outcome) -> None:
        agencies.goes_out("gp")
        follow_up = decide(outcome, 1, random=lambda: 0.5, limits=Pace().limits)
        agencies.came_back("gp", outcome, follow_up, moment[0])

    for _ in range(4):
        tried(Outcome(Trouble.UNREACHABLE))
    assert agencies.left_alone() == {}
    tried(Outcome(Trouble.UNREACHABLE))
    first = dict(agencies.left_alone()["gp"])
    moment[0] += timedelta(minutes=10)
    tried(Outcome(Trouble.SLOW))
    second = dict(agencies.left_alone()["gp"])
    moment[0] += timedelta(minutes=10)
    tried(ACCEPTED)

    assert first["since"] == second["since"] == NOON.isoformat()
    assert second["until"] > (NOON + timedelta(minutes=10)).isoformat() > first["until"] > first["since"]
    assert agencies.left_alone() == {}


class Book:
    """A ledger that says what it was asked, of which nothing is ever due."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.stirred = False

    async def record(self, notices: Sequence[Notice], now: datetime, *, bodies: Sequence[bytes], hand_on: HandOn) -> list[Leased]:
        self.done.append(f"record {len(notices)}")
        return []

    async def settle(self, settlements: Sequence[Settlement], now: datetime, *, published: Sequence[Receipt]) -> list[Receipt]:
        self.done.append(f"settle {len(settlements)}, note {len(published)}")
        return [RECEIPT] if settlements else []

    async def note_published(self, receipts: Sequence[Receipt]) -> None:
        self.done.append(f"note {len(receipts)}")

    async def retry_agency_now(self, agency: str, now: datetime) -> None:
        self.done.append(f"retry {agency}")

    async def lease(self, owner: str, now: datetime, limit: int, **_: Any) -> list[Leased]:
        self.done.append("lease")
        return []

    async def look(self, now: datetime) -> None:
        self.done.append("look")

    def may_have_due(self, agency: str) -> bool:
        return False

    def stir(self) -> None:
        self.stirred = True


@contextlib.asynccontextmanager
async def in_rounds(book: Any, agencies: Agencies, pace: Pace = PACE, now: Callable[[], datetime] = lambda: NOON) -> AsyncIterator[Rounds]:
    async def publish(receipts: Sequence[Receipt]) -> None:
        book.done.append(f"publish {len(receipts)}")

    publishing = Publishing(publish)
    rounds = Rounds(book, agencies, publishing, lambda leased: None, owner="me", now=now, pace=pace)
    running = [asyncio.create_task(publishing.run()), asyncio.create_task(rounds.run())]
    yield rounds
    rounds.end()
    await running[1]
    running[0].cancel()


async def test_an_outcome_goes_into_the_ledger_then_to_the_broker_and_is_then_noted_and_a_recovered_agency_is_retried_after_settling() -> (
    None
):
    book, agencies = Book(), Agencies(Channels({}, Channel()), PACE, lambda: NOON)
    for _ in range(5):
        agencies.goes_out("gp")
        came_back(agencies, "gp", Outcome(Trouble.UNREACHABLE))
    agencies.goes_out("gp")
    async with in_rounds(book, agencies) as rounds:
        came_back(agencies, "gp", ACCEPTED)
        rounds.settle(SETTLEMENT)

    assert [one for one in book.done if one not in {"look", "lease", "retry gp"}] == ["settle 1, note 0", "publish 1", "note 1"]
    assert book.done.index("retry gp") > book.done.index("settle 1, note 0")


def test_a_worker_with_nothing_to_do_looks_once_a_second_and_writes_nothing() -> None:
    async def a_minute() -> list[str]:
        book = Book()
        async with in_rounds(book, Agencies(Channels({}, Channel()), PACE, lambda: NOON)):
            await asyncio.sleep(60)
        return book.done

    with asyncio.Runner(loop_factory=Leaping) as runner:
        done = runner.run(a_minute())

    assert set(done) == {"look"}
    assert 59 <= done.count("look") <= 61


def test_a_retry_is_looked_for_when_it_is_due_and_not_before() -> None:
    """The clock of what is due is the loop's own here; the next look would be in an hour."""
    leased: list[float] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()

        class Due(Book):
            async def lease(self, owner: str, now: datetime, limit: int, **_: Any) -> list[Leased]:
                self.stirred = False
                leased.append(loop.time() - began)
                return []

        def now() -> datetime:
            return NOON + timedelta(seconds=loop.time() - began)

        book = Due()
        async with in_rounds(book, Agencies(Channels({}, Channel()), PACE, now), replace(PACE, look_s=3600.0), now) as rounds:
            for seconds in (40, 15):
                again = Settlement(cast("Leased", object()), LedgerState.WAITING, retry_at=NOON + timedelta(seconds=seconds))
                rounds.settle(again)
            await asyncio.sleep(60)

    with asyncio.Runner(loop_factory=Leaping) as runner:
        runner.run(run())

    assert [round(at) for at in leased] == [0, 15, 40]


def test_outcomes_that_come_at_about_the_same_time_are_written_together_and_the_last_one_waits_for_nobody() -> None:
    async def run() -> list[str]:
        book = Book()
        agencies = Agencies(Channels({}, Channel()), PACE, lambda: NOON)
        async with in_rounds(book, agencies, replace(PACE, look_s=1e6, gather_s=1e5)) as rounds:
            await asyncio.sleep(10)
            for agency in ("gp", "police", "school"):
                agencies.goes_out(agency)
            for agency in ("gp", "police", "school"):
                await asyncio.sleep(1)
                came_back(agencies, agency, ACCEPTED)
                rounds.settle(SETTLEMENT)
            await asyncio.sleep(1)
            return list(book.done)

    with asyncio.Runner(loop_factory=Leaping) as runner:
        done = runner.run(run())

    assert [one for one in done if one.startswith("settle")] == ["settle 3, note 0"]


def test_the_state_that_a_receipt_tells_of_is_the_state_that_it_was_told_of() -> None:
    assert {STATE_TOLD_BY[stage]: stage for stage in STATE_TOLD_BY} == {**FINAL, LedgerState.FAILED: Stage.FAILED}
