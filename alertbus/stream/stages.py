"""The three stages as batches: decode, decide, write. Everything that decides is in `reach` and `directory`; this is the shell.

For each batch, in this order: the outputs are queued, and the next batch may be decided; the outputs are acknowledged, then the states are
written and acknowledged, and only then do the lanes let the offsets move. A record that cannot be decided goes to quarantine, written and
acknowledged like an output. Trouble with the broker or the database escapes: the lanes stop the worker without moving the offsets.
"""

import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.exc import DBAPIError

from alertbus.broker.producer import Producer
from alertbus.broker.record import Received, Record
from alertbus.directory.directory import Directory, Match
from alertbus.directory.movements import is_movement
from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.events import (
    ALERT_ACCEPTED,
    AlertAboutPerson,
    AlertReachedCase,
    Answered,
    CaseChanged,
    IdentifyAgain,
    ItemDecided,
    ItemEscalated,
    LinkChanged,
    NotDelivered,
    PersonRevised,
    ReviewReason,
    Tick,
    WordsDecided,
)
from alertbus.model.screening import Revealed
from alertbus.policy.caller_hints import clues_to_caller
from alertbus.policy.policy import Policy
from alertbus.policy.shown_details import unshowable
from alertbus.reach.follow import follow
from alertbus.reach.notices import notices_for
from alertbus.reach.prepared_notices import PreparedNotices, WrittenNotice
from alertbus.reach.proposals import proposes_flag
from alertbus.reach.reduce_case import CaseEvent, CaseState
from alertbus.reach.reduce_person import PersonState, reduce_person
from alertbus.reach.standing import asked_at
from alertbus.stream.deciding import Deciding, entry, must_be_keyed, must_fit
from alertbus.stream.state_table import StateKey, StateTable
from alertbus.wire import records
from alertbus.wire.reading import moment, understand
from alertbus.wire.words import STREAM, Words, words

Work = Mapping[int, Sequence[Received]]
"""Records in order, by partition, as the lanes hand them over."""

Ticked = tuple[StateKey, Tick]
"""A tick, and whose it is."""

Durable = Callable[[], Awaitable[object]]
"""Returns when what a batch causes is durable."""


class Identify:
    """alerts → person-events: who is meant."""

    WORDS = words(ALERT_ACCEPTED, IdentifyAgain.type)

    def __init__(self, directory: Directory, policy: Policy, producer: Callable[[], Producer]) -> None:
        self._directory, self._policy, self._producer = directory, policy, producer
        self._about: defaultdict[str, set[str]] = defaultdict(set)

    async def __call__(self, work: Work) -> Durable:
        out: list[Record] = []
        self._about.clear()
        heard = [(incoming, said) for _, incoming in _each(work) if (said := _read(incoming, self.WORDS, out)) is not None]
        await self._directory.refresh([said.alert if isinstance(said, IdentifyAgain) else said for _, said in heard])
        for incoming, said in heard:
            with Deciding(incoming, out) as made:
                now = moment(incoming.timestamp)
                if isinstance(said, IdentifyAgain):
                    found, persons, matches = await self._decide_again(said.alert, now)
                else:
                    found, persons, matches = await self._decide(said, now)
                if matches is not None:
                    self._about[found.alert_id] |= set(persons)
                    made.extend(records.alert_about_people(found, persons))
                    made.extend([records.review_of_statement(found, reason, alike) for reason, alike in self._questions(found, matches)])
                    if (asked := asked_at(found, self._policy.kind_rule(found.alert.kind))) is not None:
                        made.append(records.review_of_flag(found, asked))
                    must_fit(made)
        await self._directory.note_about([(alert_id, p) for alert_id, persons in self._about.items() for p in persons])
        return (await self._producer().queue_all(out)).acknowledged

    async def _decide(self, said: AcceptedAlert, now: datetime) -> tuple[AcceptedAlert, list[str], list[Match] | None]:
        """Give the statement with its persons, everybody who must hear of it, and the matches.

        A correction must also reach whoever the alert was about before.
        """
        matches = await self._identify(said, now)
        everybody = {person_id for match in matches for person_id in match.person_ids}
        found = said.with_people(tuple(match.person_ids for match in matches))
        if self._directory.version:
            found = found.model_copy(update={"people_version": self._directory.version})
        found = found.model_copy(update={"claimed": self._directory.learned.get(said.statement_id), "reveals": await self._reveals(found)})
        if is_movement(said) and await self._directory.overtaken(said, everybody):
            found = found.model_copy(update={"alert": found.alert.model_copy(update={"history": True})})
        before = set() if said.alert.action is Action.RAISED else await self._ever_about(said.alert_id)
        return found, sorted(everybody | before), matches

    async def _decide_again(self, known: AcceptedAlert, now: datetime) -> tuple[AcceptedAlert, list[str], list[Match] | None]:
        """The same for a statement whose persons were found before; None for the matches if nothing has changed.

        Whoever is found only now hears of the statement that stands, and of no other: not of what was corrected or withdrawn meanwhile.
        """
        matches = await self._identify(known, now)
        everybody = {person_id for match in matches for person_id in match.person_ids}
        before = {person_id for ids in known.people for person_id in ids}
        learned = self._directory.learned.get(known.statement_id, known.claimed)
        same = [set(match.person_ids) for match in matches] == [set(ids) for ids in known.people]  # each of several, not all together
        reveals = await self._reveals(known.with_people(tuple(match.person_ids for match in matches)))
        if same and learned == known.claimed and reveals == known.reveals:
            return known, [], None
        since = {person_id: at for person_id, at in known.people_since.items() if person_id in everybody}
        if known.alert.exercise is None:
            since |= dict.fromkeys(everybody - before, now)
        found = known.with_people(tuple(match.person_ids for match in matches)).model_copy(
            update={"people_version": self._directory.version, "people_since": since, "claimed": learned, "reveals": reveals}
        )
        ended = known.alert.action is Action.WITHDRAWN or known.statement_id in self._directory.outdated
        new = set() if ended else everybody
        return found, sorted(new | before | await self._ever_about(known.alert_id)), matches

    async def _reveals(self, found: AcceptedAlert) -> tuple[Revealed, ...]:
        """What its words may give away: of people on case files, and of who told where that must stay unknown (NOT-17, NOT-01)."""
        clues = await self._directory.spoken_of(found, found.people)
        return (*clues, *clues_to_caller(found.alert, self._policy.kind_rule(found.alert.kind)))

    async def _ever_about(self, alert_id: str) -> set[str]:
        return self._about[alert_id] | set(await self._directory.ever_about(alert_id))

    async def _identify(self, statement: AcceptedAlert, now: datetime) -> list[Match]:
        """Asked twice where the database answers and refuses: a conflict with another worker passes, what it will not store does not."""
        with contextlib.suppress(DBAPIError):
            return await self._directory.identify(statement, now)
        return await self._directory.identify(statement, now)

    def _questions(self, accepted: AcceptedAlert, matches: Sequence[Match]) -> list[tuple[ReviewReason, tuple[str, ...]]]:
        """Reasons for a human to look at the alert, whatever else is done, each with the persons in question."""
        asked = [(match.unsure, (*match.person_ids, *match.alike)) for match in matches if match.unsure]
        if accepted.alert.kind not in self._policy.kinds:
            asked.append((ReviewReason.UNKNOWN_KIND, ()))
        if unshowable(accepted.alert.details, self._policy.kind_rule(accepted.alert.kind).details):
            asked.append((ReviewReason.UNCLASSIFIED_DETAILS, ()))
        if not any(match.person_ids for match in matches):
            asked.append((ReviewReason.NOBODY_LINKED, ()))
        return asked


class PersonStage:
    """person-events → case-events: which cases an alert has reached. And → alerts: of which statements the persons must be found again."""

    WORDS = words(AlertAboutPerson.type, LinkChanged.type, PersonRevised.type)

    def __init__(self, table: StateTable[PersonState], policy: Policy, producer: Callable[[], Producer]) -> None:
        self._table, self._policy, self._producer = table, policy, producer

    async def __call__(self, work: Work) -> Durable:
        out: list[Record] = []
        touched: dict[StateKey, PersonState] = {}
        for place, incoming in _each(work):
            event = _read(incoming, self.WORDS, out)
            if event is None:
                continue
            state = touched.get(place) or self._table.get(place)
            with Deciding(incoming, out) as made:
                must_be_keyed(incoming, event.person_id)
                after, reached, again = reduce_person(state, event, self._policy)
                made.extend(map(records.alert_reached_case, reached))
                made.extend(records.identify_again(statement, after.version) for statement in again)
                if isinstance(event, AlertAboutPerson) and not state.links and _is_meant(event, self._policy):
                    made.append(records.review_of_statement(event.alert, ReviewReason.NOBODY_LINKED, (event.person_id,)))
                if isinstance(event, AlertAboutPerson) and proposes_flag(event, after, self._policy):
                    made.append(records.flag_proposed(event.alert, event.person_id))
                must_fit(made)
                touched[place] = after
        return await _written(self._producer(), out, self._table, touched)


def _is_meant(event: AlertAboutPerson, policy: Policy) -> bool:
    """True if the statement is about that person, and of a kind of which somebody is asked. It is also sent to whom its alert was about
    before, of whom nothing is to be asked.
    """
    return policy.kind_rule(event.alert.alert.kind).asks_about_strangers and any(
        event.person_id in person_ids for person_ids in event.alert.people
    )


class CaseStage:
    """case-events → notices: who is told. And → review: of whose words a person must decide before they are."""

    WORDS = words(
        *(AlertReachedCase.type, CaseChanged.type, Tick.type, WordsDecided.type),
        *(Answered.type, NotDelivered.type, ItemDecided.type, ItemEscalated.type),
    )

    def __init__(
        self,
        table: StateTable[CaseState],
        policy: Policy,
        producer: Callable[[], Producer],
        tell: Callable[[Mapping[StateKey, CaseState], Sequence[Ticked]], None] = lambda _states, _ticks: None,
    ) -> None:
        """`tell` hears, with each batch, which states were decided and which ticks were dealt with (`clock`)."""
        self._table, self._policy, self._producer, self._tell = table, policy, producer, tell
        self._prepared = PreparedNotices(policy)

    async def __call__(self, work: Work) -> Durable:
        out: list[Record] = []
        touched: dict[StateKey, CaseState] = {}
        ticks: list[Ticked] = []
        for place, incoming in _each(work):
            event = _read(incoming, self.WORDS, out)
            if event is None:
                continue
            if isinstance(event, Tick):
                ticks.append((place, event))
            before = touched.get(place) or self._table.get(place)
            with Deciding(incoming, out) as made:
                must_be_keyed(incoming, event.case.id if isinstance(event, CaseChanged) else event.case_id)
                after, notices, others = self._told(before, event)
                made.extend([records.notice_owed(*notice, by=STREAM) for notice in notices])
                made.extend(others)
                must_fit(made)
                touched[place] = after
        durable = await _written(self._producer(), out, self._table, touched)
        self._tell(touched, ticks)
        return durable

    def _told(self, before: CaseState, event: CaseEvent) -> tuple[CaseState, Sequence[WrittenNotice], Iterable[Record]]:
        """The case after the event, its notices about alerts, and all other records: the bus's own notices, the items that changed, and a
        question for each statement whose words go to nobody before somebody decides.
        """
        prepared = self._prepared.tell(before, event) if isinstance(event, AlertReachedCase) else None
        if prepared is not None:
            return *prepared, ()
        outcome = follow(before, event, self._policy)
        notices: list[WrittenNotice] = []
        questions: dict[str, Record] = {}
        for told in notices_for(outcome.owed, before, outcome.after, self._policy):
            notices.append(WrittenNotice.of(told))
            if told.held and told.owed.of.statement_id not in questions:
                asked = records.review_of_words(told.owed.of, told.owed.obligation.case_id, told.held)
                questions[told.owed.of.statement_id] = asked
        own = [records.notice_record(notice, by=STREAM) for notice in outcome.notices]
        return outcome.after, notices, [*questions.values(), *own, *map(records.item_changed, outcome.items)]


async def _written(producer: Producer, out: Sequence[Record], table: StateTable[Any], touched: Mapping[StateKey, Any]) -> Durable:
    """Queue the outputs and go on from the new states; these are written when the outputs are acknowledged."""
    queued = await producer.queue_all(out)
    changed = table.decided(touched)

    async def durable() -> None:
        await queued.acknowledged()
        await table.put(changed)

    return durable


def _each(work: Work) -> Iterator[tuple[StateKey, Received]]:
    for partition, batch in work.items():
        for incoming in batch:
            yield (partition, incoming.key or b""), incoming


def _read(incoming: Received, wanted: Words, out: list[Record]) -> Any | None:
    """The event in a record, or None after putting the record into `out` for quarantine."""
    found = understand(incoming, wanted)
    if found.fault is not None:
        out.append(entry(incoming, found.fault))
    return found.word
