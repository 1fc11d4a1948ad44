"""The three stages as batches: decode, decide, write. Everything that decides is in `reach` and `directory`; this is the shell.

For each batch, in this order: the outputs are queued, and the next batch may be decided; the outputs are acknowledged, then the states are
written and acknowledged, and only then do the lanes let the offsets move. A record that cannot be decided goes to quarantine, written and
acknowledged like an output. Trouble with the broker or the database escapes: the lanes stop the worker without moving the offsets.
"""

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from alertbus.broker import topics
from alertbus.broker.consumer import Received
from alertbus.broker.envelope import decode, encode
from alertbus.broker.faults import EnvelopeFault
from alertbus.broker.producer import Producer, Record
from alertbus.directory.directory import Directory, Match
from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert, unclassified
from alertbus.model.events import (
    ALERT_ACCEPTED,
    NOTICE_OWED,
    AlertAboutPerson,
    AlertReachedCase,
    CaseChanged,
    LinkChanged,
    ReviewNeeded,
    ReviewReason,
    Tick,
)
from alertbus.policy.policy import Policy
from alertbus.reach.notices import Told, notices_for
from alertbus.reach.reduce_case import CaseState, reduce_case
from alertbus.reach.reduce_person import PersonState, reduce_person
from alertbus.stream.deciding import SOURCE, Deciding, entry, must_be_keyed, must_fit
from alertbus.stream.state_table import StateKey, StateTable

Work = Mapping[int, Sequence[Received]]
"""Records in order, by partition, as the lanes hand them over."""

Durable = Callable[[], Awaitable[object]]
"""Returns when what a batch causes is durable."""


def record(topic: str, key: str, type_: str, event_id: str, at: datetime, value: bytes, *, subject: str | None = None) -> Record:
    """One of our records: CloudEvents in binary mode, keyed by an opaque id."""
    headers, data = encode(type=type_, source=SOURCE, id=event_id, time=at, subject=subject or key, data=value)
    return Record(topic=topic, key=key.encode(), value=data, headers=headers)


class Identify:
    """alerts → person-events: who is meant."""

    def __init__(self, directory: Directory, policy: Policy, producer: Callable[[], Producer]) -> None:
        self._directory, self._policy, self._producer = directory, policy, producer

    async def __call__(self, work: Work) -> Durable:
        out: list[Record] = []
        for _, incoming in _each(work):
            accepted = _read(incoming, {ALERT_ACCEPTED: AcceptedAlert}, out)
            if accepted is None:
                continue
            with Deciding(incoming, out) as made:
                matches = await self._identify(accepted)
                found = accepted.with_people(tuple(match.person_ids for match in matches))
                everybody = dict.fromkeys(person_id for match in matches for person_id in match.person_ids)
                value = found.model_dump_json(by_alias=True, exclude_defaults=True)
                for person_id in everybody:
                    body = f'{{"person_id":"{person_id}","alert":{value}}}'.encode()
                    event_id = ids.event_id(AlertAboutPerson.type, found.statement_id, person_id)
                    made.append(record(topics.PERSON_EVENTS, person_id, AlertAboutPerson.type, event_id, found.at, body))
                made += [_review(found, reason, alike) for reason, alike in self._questions(found, matches)]
                must_fit(made)
        return (await self._producer().queue_all(out)).acknowledged

    async def _identify(self, accepted: AcceptedAlert) -> list[Match]:
        """Asked twice where the database answers and refuses: a conflict with another worker passes, what it will not store does not."""
        people = [subject.person for subject in accepted.everybody]
        with contextlib.suppress(DBAPIError):
            return await self._directory.identify(people, accepted.alert.exercise)
        return await self._directory.identify(people, accepted.alert.exercise)

    def _questions(self, accepted: AcceptedAlert, matches: Sequence[Match]) -> list[tuple[ReviewReason, tuple[str, ...]]]:
        """Reasons for a human to look at the alert, whatever else is done, each with the persons in question."""
        asked = [(match.unsure, (*match.person_ids, *match.alike)) for match in matches if match.unsure]
        if accepted.alert.kind not in self._policy.kinds:
            asked.append((ReviewReason.UNKNOWN_KIND, ()))
        if unclassified(accepted.alert.details):
            asked.append((ReviewReason.UNCLASSIFIED_DETAILS, ()))
        if not any(match.person_ids for match in matches):
            asked.append((ReviewReason.NOBODY_LINKED, ()))
        return asked


class PersonStage:
    """person-events → case-events: which cases an alert has reached."""

    def __init__(self, table: StateTable[PersonState], policy: Policy, producer: Callable[[], Producer]) -> None:
        self._table, self._policy, self._producer = table, policy, producer

    async def __call__(self, work: Work) -> Durable:
        out: list[Record] = []
        touched: dict[StateKey, PersonState] = {}
        for place, incoming in _each(work):
            event = _read(incoming, {AlertAboutPerson.type: AlertAboutPerson, LinkChanged.type: LinkChanged}, out)
            if event is None:
                continue
            state = touched.get(place) or self._table.get(place)
            with Deciding(incoming, out) as made:
                must_be_keyed(incoming, event.person_id)
                after, reached = reduce_person(state, event, self._policy)
                for arrival in reached:
                    event_id = ids.event_id(AlertReachedCase.type, arrival.alert.statement_id, arrival.case_id, arrival.via)
                    value = arrival.model_dump_json(by_alias=True, exclude_defaults=True).encode()
                    made.append(record(topics.CASE_EVENTS, arrival.case_id, AlertReachedCase.type, event_id, arrival.alert.at, value))
                if isinstance(event, AlertAboutPerson) and not state.links:
                    made.append(_review(event.alert, ReviewReason.NOBODY_LINKED, (event.person_id,)))
                must_fit(made)
                touched[place] = after
        return await _written(self._producer(), out, self._table, touched)


class CaseStage:
    """case-events → notices: who is told."""

    def __init__(self, table: StateTable[CaseState], policy: Policy, producer: Callable[[], Producer]) -> None:
        self._table, self._policy, self._producer = table, policy, producer

    async def __call__(self, work: Work) -> Durable:
        out: list[Record] = []
        touched: dict[StateKey, CaseState] = {}
        readable = {AlertReachedCase.type: AlertReachedCase, CaseChanged.type: CaseChanged, Tick.type: Tick}
        for place, incoming in _each(work):
            event = _read(incoming, readable, out)
            if event is None:
                continue
            before = touched.get(place) or self._table.get(place)
            with Deciding(incoming, out) as made:
                must_be_keyed(incoming, event.case.id if isinstance(event, CaseChanged) else event.case_id)
                after, said = reduce_case(before, event, self._policy)
                made.extend(_notice(told) for told in notices_for(said, before, after, self._policy))
                must_fit(made)
                touched[place] = after
        return await _written(self._producer(), out, self._table, touched)


async def _written(producer: Producer, out: Sequence[Record], table: StateTable[Any], touched: Mapping[StateKey, Any]) -> Durable:
    """Queue the outputs and go on from the new states; these are written when the outputs are acknowledged."""
    queued = await producer.queue_all(out)
    changed = table.decided(touched)

    async def durable() -> None:
        await queued.acknowledged()
        await table.put(changed)

    return durable


def _notice(told: Told) -> Record:
    owed = told.owed
    key = f"{owed.obligation.agency}/{owed.obligation.case_id}"
    return record(topics.NOTICES, key, NOTICE_OWED, owed.notice_id, owed.at, told.json, subject=owed.obligation.id)


def _each(work: Work) -> Iterator[tuple[StateKey, Received]]:
    for partition, batch in work.items():
        for incoming in batch:
            yield (partition, incoming.key or b""), incoming


def _read(incoming: Received, readable: dict[str, Any], out: list[Record]) -> Any | None:
    """The event in a record, or None after putting the record into `out` for quarantine."""
    try:
        envelope = decode(incoming.headers, incoming.key, incoming.value)
        model = readable[envelope.type]
        return model.model_validate_json(envelope.data)
    except (EnvelopeFault, ValidationError, KeyError, ValueError) as error:
        out.append(entry(incoming, error))
        return None


def _review(accepted: AcceptedAlert, reason: ReviewReason, person_ids: tuple[str, ...] = ()) -> Record:
    review_id = ids.event_id(ReviewNeeded.type, accepted.statement_id, reason, *person_ids)
    needed = ReviewNeeded(
        id=review_id,
        reason=reason,
        at=accepted.accepted_at.astimezone(UTC),
        alert_id=accepted.alert_id,
        person_ids=person_ids,
        source=accepted.alert.source,
    )
    value = needed.model_dump_json(exclude_defaults=True).encode()
    return record(topics.REVIEW, accepted.alert_id, ReviewNeeded.type, review_id, accepted.at, value)
