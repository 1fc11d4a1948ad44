"""The bus's own reducers, as a peer calls them: our records in, our records out, and one state for each person and case.

So a peer with them and the bus differ in their engine alone: the same alerts, statements, policy, join and minimised notices, the same
bytes. What is asked of a person (flags, words, nobody linked) is left out, and so is identifying, which needs the directory.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alertbus.broker import topics
from alertbus.broker.record import Record
from alertbus.model.events import AlertAboutPerson, AlertReachedCase, CaseChanged, LinkChanged
from alertbus.policy.load import load_policy
from alertbus.reach.notices import Told, notices_for
from alertbus.reach.reduce_case import EMPTY as NO_CASE
from alertbus.reach.reduce_case import CaseState, reduce_case
from alertbus.reach.reduce_person import EMPTY as NOBODY
from alertbus.reach.reduce_person import PersonState, reduce_person
from alertbus.wire import records
from alertbus.wire.reading import understand
from alertbus.wire.words import STREAM, words

POLICY = load_policy()
ABOUT_PERSONS = words(AlertAboutPerson.type, LinkChanged.type)
ABOUT_CASES = words(AlertReachedCase.type, CaseChanged.type)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record as the framework gave it, under the name its topic has on the bus."""

    topic: str
    key: bytes
    headers: Sequence[tuple[str, bytes]]
    value: bytes
    partition: int = 0
    offset: int = 0
    timestamp: int = 0


def met(state: PersonState | None, key: bytes, headers: Sequence[tuple[str, bytes]], value: bytes) -> tuple[PersonState, list[Record]]:
    """One person's state after an alert about them or a change of their links, and the records for the cases that are reached."""
    event = understand(Incoming(topics.PERSON_EVENTS, key, headers, value), ABOUT_PERSONS).word
    after, reached, _ = reduce_person(state or NOBODY, event, POLICY)
    return after, [records.alert_reached_case(arrival) for arrival in reached]


def owed(state: CaseState | None, key: bytes, headers: Sequence[tuple[str, bytes]], value: bytes) -> tuple[CaseState, list[Record]]:
    """One case's state after an arrival or a new version of the case, and the notices that are owed."""
    event = understand(Incoming(topics.CASE_EVENTS, key, headers, value), ABOUT_CASES).word
    before = state or NO_CASE
    after, said = reduce_case(before, event, POLICY)
    told = notices_for(said, before, after, POLICY)
    return after, [_notice(one) for one in told]


def _notice(told: Told) -> Record:
    owed = told.owed.obligation
    return records.notice_owed(owed.lane, owed.id, told.owed.notice_id, told.owed.at, told.json, by=STREAM)


def person_of(stored: bytes | None) -> PersonState | None:
    """A state from a framework's table, where it lies as the bytes of its JSON."""
    return None if stored is None else PersonState.model_validate_json(stored)


def case_of(stored: bytes | None) -> CaseState | None:
    return None if stored is None else CaseState.model_validate_json(stored)


stored = records.content
"""A state as bytes."""
