"""The states a recovery is measured with are the reducers' own, each under its own person's and case's name."""

from collections import defaultdict
from datetime import UTC, datetime
from uuid import UUID

from alertbus.bench import county
from alertbus.bench.floor_plan import CASE_STATE, PARTITIONS, PERSON_STATE
from alertbus.bench.recovery_time import STANDING, states
from alertbus.broker.producer import partition_for
from alertbus.reach.reduce_case import CaseState
from alertbus.reach.reduce_person import PersonState
from alertbus.stream import state_parts

AT = datetime(2026, 11, 18, tzinfo=UTC)


def stored(persons: int) -> dict[tuple[str, bytes], list[tuple[bytes, bytes]]]:
    """BenchParts by changelog and state, as recovery would find them."""
    found: dict[tuple[str, bytes], list[tuple[bytes, bytes]]] = defaultdict(list)
    for record in states(persons, AT):
        key, _, path = record.key.partition(b"\x00")
        assert record.partition == partition_for(key, PARTITIONS)
        assert record.value is not None
        found[record.topic, key].append((path, record.value))
    return found


def test_every_person_has_a_state_linked_to_a_case_of_their_own() -> None:
    found = stored(25)

    for number in range(1, 26):
        person = state_parts.whole(PersonState, found[PERSON_STATE, str(UUID(int=number)).encode()])
        case = state_parts.whole(CaseState, found[CASE_STATE, county.case_id(number).encode()])
        assert person is not None
        assert case is not None
        assert case.case is not None
        assert list(person.links) == [county.case_id(number)]
        assert case.case.people[0].person_ids == (str(UUID(int=number)),)
        assert len(case.case.involvements) == 7


def test_every_tenth_person_has_an_alert_that_stands_on_their_case() -> None:
    found = stored(25)

    standing = [n for n in range(1, 26) if (s := state_parts.whole(CaseState, found[CASE_STATE, county.case_id(n).encode()])) and s.alerts]

    assert standing == [STANDING, 2 * STANDING]
