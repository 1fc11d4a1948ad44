"""The person stage as a batch: what it writes where, from records as they come."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.broker.producer import Producer, Queued
from alertbus.broker.record import Record
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.events import PersonRevised
from alertbus.policy.load import load_policy
from alertbus.reach.reduce_person import EMPTY, PersonState
from alertbus.stream.stages import PersonStage
from alertbus.stream.state_table import StateKey, StateTable
from alertbus.wire import records
from tests.story import Arrived

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
PERSON = "p-one"


class Collected(Producer):
    """A producer that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__("nowhere:1")
        self.records: list[Record] = []

    async def queue_all(self, records: Sequence[Record]) -> Queued:
        self.records += records
        return Queued()


class InMemory(StateTable[PersonState]):
    """A table without a disk."""

    def __init__(self) -> None:
        super().__init__(None, PersonState, EMPTY)  # type: ignore[arg-type]

    def _read(self, state_key: StateKey) -> PersonState | None:
        return None

    async def put(self, steps: Mapping[StateKey, Any]) -> None:
        pass


async def written_for(*events: Record) -> list[Record]:
    collected = Collected()
    stage = PersonStage(InMemory(), load_policy(), lambda: collected)
    incoming = [Arrived(e.topic, 0, offset, PERSON.encode(), e.value, e.headers) for offset, e in enumerate(events)]
    durable = await stage({0: incoming})
    await durable()
    return collected.records


def stated(*people: str) -> AcceptedAlert:
    alert = Alert.model_validate(
        {
            "id": "V-1",
            "source": "police",
            "kind": "violent_person_flag",
            "occurred_at": AT,
            "recorded_at": AT,
            "subjects": [{"person": {"label": "He"}}],
        }
    )
    return AcceptedAlert.of(alert, AT).with_people((people,))


async def test_a_statement_from_before_a_correction_goes_back_to_be_identified_at_its_version() -> None:
    statement, revised = stated(PERSON), PersonRevised(person_id=PERSON, version=5, at=AT)

    made = await written_for(*records.alert_about_people(statement, [PERSON]), records.person_revised(revised))

    assert [record for record in made if record.topic == topics.ALERTS] == [records.identify_again(statement, 5)]
    assert not [record for record in made if record.topic == topics.QUARANTINE]


@pytest.mark.parametrize(("meant", "asked"), [(PERSON, 1), ("p-two", 0)])
async def test_nobody_is_asked_to_link_a_person_who_is_no_longer_meant(meant: str, asked: int) -> None:
    made = await written_for(*records.alert_about_people(stated(meant), [PERSON]))

    assert len([record for record in made if record.topic == topics.REVIEW]) == asked
