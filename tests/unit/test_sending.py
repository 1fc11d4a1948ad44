"""The pieces of sending by themselves: how much an agency is sent, and the order in which outcomes are written down."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from alertbus.delivery.agencies import Agencies
from alertbus.delivery.channels import Channels
from alertbus.delivery.ledger.rows import FINAL, STATE_TOLD_BY, Settlement
from alertbus.delivery.ledger.tables import LedgerState
from alertbus.delivery.outcome import ACCEPTED, Limits, Outcome, Trouble, decide
from alertbus.delivery.pace import Pace
from alertbus.delivery.settling import Settling
from alertbus.model.notice import Message, Receipt, Stage
from tests.story import a_notice, a_receipt

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RECEIPT = a_receipt(a_notice("n"), Stage.ACCEPTED)
SETTLEMENT = cast("Settlement", object())


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


def test_an_outcome_goes_into_the_ledger_then_to_the_broker_and_is_then_noted_and_a_recovered_agency_is_retried_after_settling() -> None:
    done: list[str] = []
    recovered = [{"gp"}]

    class Book:
        async def settle(self, settlements: Sequence[Settlement], now: datetime, *, published: Sequence[Receipt]) -> list[Receipt]:
            done.append(f"settle {len(settlements)}, note {len(published)}")
            return [RECEIPT]

        async def note_published(self, receipts: Sequence[Receipt]) -> None:
            done.append(f"note {len(receipts)}")

        async def retry_agency_now(self, agency: str, now: datetime) -> None:
            done.append(f"retry {agency}")

    async def publish(receipts: Sequence[Receipt]) -> None:
        done.append(f"publish {len(receipts)}")

    async def run() -> None:
        book: Any = Book()
        settling = Settling(book, publish, lambda: recovered.pop() if recovered else set(), lambda: None, now=lambda: NOON, poll_s=0.01)
        settling.add(SETTLEMENT)
        settling.end()
        await settling.run()

    asyncio.run(run())

    assert done == ["settle 1, note 0", "publish 1", "retry gp", "note 1"]


def test_the_state_that_a_receipt_tells_of_is_the_state_that_it_was_told_of() -> None:
    assert {STATE_TOLD_BY[stage]: stage for stage in STATE_TOLD_BY} == {**FINAL, LedgerState.FAILED: Stage.FAILED}
