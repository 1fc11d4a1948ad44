"""An event on a case that cannot be decided, of whatever type: it goes to quarantine, changes nothing, and its neighbours go on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.broker.record import Record
from alertbus.model.events import AlertReachedCase, Answered, ItemDecided, ItemDecision, ItemEscalated, NotDelivered, Tick, WordsDecided
from alertbus.model.receipt import Intent
from alertbus.policy.load import load_policy
from alertbus.quarantine.entry import Quarantined, read
from alertbus.stream import stages
from alertbus.stream.stages import CaseStage
from alertbus.wire import records
from alertbus.wire.words import STREAM
from tests.story import Arrived, a_case, accepted
from tests.unit.test_case_stage import Gathered, Kept

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
CANARY = "Canary"
CASE = "case-1"

EVENTS: dict[str, Callable[[str], Record]] = {
    "case changed": lambda case_id: records.case_changed(a_case().model_copy(update={"id": case_id}), AT),
    "alert reached case": lambda case_id: records.alert_reached_case(
        AlertReachedCase(case_id=case_id, via="p-adult", alert=accepted("T-1", AT, kind="other"))
    ),
    "tick": lambda case_id: records.ticked(case_id, AT - timedelta(hours=1), AT, by=STREAM),
    "words decided": lambda case_id: records.words_decided(
        WordsDecided(case_id=case_id, alert_id="a", statement_id="s", released=True, at=AT)
    ),
    "answered": lambda case_id: records.answered(
        Answered(
            case_id=case_id,
            alert_id="a",
            obligation_id="o",
            agency="school",
            receipt_id="r",
            by=CANARY,
            intent=Intent.ACTING,
            at=AT,
        )
    ),
    "not delivered": lambda case_id: records.not_delivered(
        NotDelivered(case_id=case_id, alert_id="a", obligation_id="o", notice_id="n", agency="school", role="dsl", reason="gone", at=AT)
    ),
    "item decided": lambda case_id: records.item_decided(
        ItemDecided(case_id=case_id, item_id="i", decision=ItemDecision.SUSPENDED, reason="court", by=CANARY, at=AT)
    ),
    "item escalated": lambda case_id: records.item_escalated(
        ItemEscalated(case_id=case_id, item_id="i", alert_id="a", by=CANARY, agency="school", seen=AT, at=AT)
    ),
}


class Stage:
    """A case stage without a broker and a disk, and what it told its clock."""

    def __init__(self) -> None:
        self.gathered, self.table = Gathered(), Kept()
        self.states: dict[Any, Any] = {}
        self.ticks: list[Tick] = []
        self._stage = CaseStage(self.table, load_policy(), lambda: self.gathered, self._told)

    def _told(self, states: Any, ticks: Any) -> None:
        self.states |= states
        self.ticks += [tick for _, tick in ticks]

    async def decides(self, *events: Record) -> None:
        incoming = [Arrived(one.topic, 0, place, one.key, one.value, one.headers) for place, one in enumerate(events)]
        await (await self._stage({0: incoming}))()

    @property
    def quarantined(self) -> list[Quarantined]:
        found = [read(one.headers, one.value) for one in self.gathered.records if one.topic == topics.QUARANTINE]
        return [one for one in found if one is not None]


def beside(event: Record) -> tuple[Record, Record, Record]:
    """The event, between two that can be decided."""
    return EVENTS["case changed"](CASE), event, EVENTS["tick"](CASE)


def test_every_event_of_the_case_stage_is_tried() -> None:
    assert len(EVENTS) == len(CaseStage.WORDS)


@pytest.mark.parametrize("name", EVENTS)
async def test_an_event_under_another_cases_key_changes_neither(name: str) -> None:
    stage, event = Stage(), EVENTS[name]("case-2")

    await stage.decides(*beside(Record(event.topic, CASE.encode(), event.value, event.headers)))

    [entry] = stage.quarantined
    assert (entry.topic, entry.offset, entry.error) == (topics.CASE_EVENTS, 1, "PoisonRecord")
    assert CANARY not in str(entry)
    assert set(stage.states) == {(0, CASE.encode())}
    assert stage.states[0, CASE.encode()].case.id == CASE
    assert stage.states[0, CASE.encode()].now == AT, "the tick behind it was decided"


@pytest.mark.parametrize("name", EVENTS)
async def test_an_event_that_cannot_be_read_is_kept_as_it_came(name: str) -> None:
    stage, event = Stage(), EVENTS[name](CASE)
    broken = (event.value or b"")[:-1] + b', "name": "' + CANARY.encode()

    await stage.decides(*beside(Record(event.topic, event.key, broken, event.headers)))

    [entry] = stage.quarantined
    assert entry.offset == 1
    assert CANARY not in str(entry)
    assert stage.states[0, CASE.encode()].now == AT


@pytest.mark.parametrize("name", [name for name in EVENTS if name != "alert reached case"])  # that is answered by a form first
async def test_an_event_on_which_a_reducer_breaks_changes_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any) -> Any:
        raise ValueError(CANARY)

    stage, event = Stage(), EVENTS[name](CASE)
    await stage.decides(EVENTS["case changed"](CASE))
    before = stage.table.get((0, CASE.encode()))
    monkeypatch.setattr(stages, "follow", breaks)

    await stage.decides(event)

    [entry] = stage.quarantined
    assert entry.error == "ValueError"
    assert CANARY not in str(entry)
    assert stage.table.get((0, CASE.encode())) is before


async def test_the_clock_hears_of_a_tick_that_could_not_be_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: Any) -> Any:
        raise ValueError

    stage = Stage()
    monkeypatch.setattr(stages, "follow", breaks)

    await stage.decides(EVENTS["tick"](CASE))

    assert [tick.at for tick in stage.ticks] == [AT]
    assert stage.states == {}
