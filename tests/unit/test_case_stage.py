"""The case stage as a batch: the same records come of a prepared form as of the long way."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.broker.producer import Producer, Queued
from alertbus.broker.record import Record
from alertbus.model.events import AlertReachedCase
from alertbus.policy.load import load_policy
from alertbus.reach import prepared_notices
from alertbus.reach.notices import Told, notices_for
from alertbus.reach.prepared_notices import PreparedNotices
from alertbus.reach.reduce_case import EMPTY, CaseState
from alertbus.stream.stages import CaseStage
from alertbus.stream.state_table import StateKey, StateTable
from alertbus.wire import records
from tests.story import Arrived, a_case, accepted

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Gathered(Producer):
    """A producer that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__("nowhere:1")
        self.records: list[Record] = []

    async def queue_all(self, records: Sequence[Record]) -> Queued:
        self.records += records
        return Queued()


class Kept(StateTable[CaseState]):
    """A table without a disk, and what was put into it last."""

    def __init__(self) -> None:
        super().__init__(None, CaseState, EMPTY)  # type: ignore[arg-type]
        self.after: list[Any] = []

    def _read(self, state_key: StateKey) -> CaseState | None:
        return None

    async def put(self, steps: Mapping[StateKey, Any]) -> None:
        self.after = [after for _, after in steps.values()]


EVENTS = [
    records.case_changed(a_case(), AT - timedelta(days=1)),
    *(
        records.alert_reached_case(AlertReachedCase(case_id="case-1", via="p-adult", alert=accepted(f"T-{number}", AT, kind="other")))
        for number in range(9)  # one more than makes the state forget what is over
    ),
]


async def decided(*batches: Sequence[Record]) -> tuple[list[Record], list[Any]]:
    gathered, table = Gathered(), Kept()
    stage, offset = CaseStage(table, load_policy(), lambda: gathered), 0
    for batch in batches:
        incoming = [Arrived(e.topic, 0, offset + place, e.key, e.value, e.headers) for place, e in enumerate(batch)]
        offset += len(batch)
        await (await stage({0: incoming}))()
    return gathered.records, table.after


async def test_the_records_and_the_state_are_those_of_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    by_form = await decided(EVENTS)
    one_by_one = await decided(*([event] for event in EVENTS))
    monkeypatch.setattr(PreparedNotices, "tell", lambda *_: None)

    assert by_form == one_by_one == await decided(EVENTS)
    assert len([one for one in by_form[0] if one.topic == topics.NOTICES]) == 9 * 3


async def test_of_nine_alerts_of_a_kind_one_is_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    worked_out = []

    def the_long_way(*given: Any) -> Iterator[Told]:
        worked_out.append(given)
        return notices_for(*given)

    monkeypatch.setattr(prepared_notices, "notices_for", the_long_way)

    await decided(EVENTS)

    assert len(worked_out) == 1
