"""Who is who, decided in one place: identifiers and demographics in, person ids out, the same for everybody who asks.

What is exact, and contradicted by nothing, is certain (`partition`). Whoever is only alike gets an id of their own and a human is asked. A
false link shows one family to another; nothing here guesses.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial

from sqlalchemy import Insert, select

from alertbus.directory.candidates import alike, on_cases
from alertbus.directory.case_rows import identify_on_cases
from alertbus.directory.claims import Claimed, Settled, by_case, holders, locked, settle
from alertbus.directory.comparing import blocks
from alertbus.directory.doubts import open_doubt
from alertbus.directory.marks import BLOCK, CASE_KEY, KEY, MENTION, Mark, alert_mention, is_on_case, marks_of
from alertbus.directory.movements import is_overtaken, note_movement
from alertbus.directory.partition import Mention, MentionKind
from alertbus.directory.read_ahead import Asked, Holding, ReadAhead, on_case_files, read_ahead
from alertbus.directory.said_in_text import marks_said
from alertbus.directory.spoken_of import clues_of, spoken_by
from alertbus.directory.tables import about, mention
from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.events import ReviewReason
from alertbus.model.free_text import free_text
from alertbus.model.person import Person
from alertbus.model.screening import Revealed
from alertbus.policy.identity_rules import IdentityRules
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import database_faults, reading, upsert


@dataclass(frozen=True, slots=True)
class Match:
    """The decision about one person: every id they are known by, and whether a human should look."""

    person_ids: tuple[str, ...]
    unsure: ReviewReason | None = None
    alike: tuple[str, ...] = ()
    """Ids of people who may or may not be the same."""


NOBODY = Match(())
"""The match for somebody of whom nothing is known by which they could be found again."""

_REMEMBERED = 200_000
"""Matches kept in memory: at a county's size everybody; some tens of megabytes."""


class Directory:
    """The directory over one database. Every method is safe to repeat and safe to run in several processes at once."""

    def __init__(self, engine: Database, rules: IdentityRules | None = None, front_door: str | None = None) -> None:
        self._engine, self._front_door = engine, front_door
        self._rules = rules or IdentityRules()
        self._sure: dict[tuple[str, str], Match] = {}
        self._ahead = ReadAhead()
        self._on_files: set[str] = set()
        self.version = 0
        """The directory's version when it was last asked for (`refresh`): what it decides is decided no earlier."""
        self.learned: dict[str, tuple[str | None, ...]] = {}
        """Statements by which claims were written or ended since `refresh`: for each person of one which mention their key meant."""
        self.outdated: set[str] = set()
        """Statements, asked about since `refresh`, over which another of their alert stands."""

    async def refresh(self, statements: Collection[AcceptedAlert] = ()) -> None:
        """Forget what was remembered if somebody known has turned out to be somebody else meanwhile; and look up whom these statements are
        about and whom their free texts name, for all of them at once.
        """
        asked = [self._asked_of(one) for one in statements]
        with database_faults():
            ahead = await self._engine.read(partial(read_ahead, statements=asked))
        self.learned.clear()
        self.outdated.clear()
        if ahead.version != self.version:
            self._sure.clear()
            self._on_files.clear()
            self.version = ahead.version
        self._ahead = ahead
        self._on_files |= ahead.on_files

    async def identify(self, statement: AcceptedAlert, now: datetime | None = None) -> list[Match]:
        """Decide on the people of a statement. New ones are made persons, so that the case that names them later meets them.

        What an alert claims ends when it is corrected or withdrawn. A statement recorded before the one that stands claims nothing.
        """
        people, scope = [entry.person for entry in statement.everybody], statement.alert.exercise or ""
        raised = statement.alert.action is Action.RAISED
        if raised and statement.people_version == 0:
            remembered = [self._sure.get((scope, person.model_dump_json())) for person in people]
            if None not in remembered:
                return [match for match in remembered if match]
        asked = [(person, alert_mention(statement.alert_id, number)) for number, person in enumerate(people)]
        decided = [self._foreseen(one, scope, own) for one, own in asked] if raised else [None]
        with database_faults():
            if raised and None in decided:
                async with reading(self._engine) as connection:
                    decided = [await self._already_found(connection, one, scope, own) for one, own in asked]
            if None in decided:
                async with self._engine.begin() as connection:
                    await locked(connection)
                    decided = await self._claim(connection, statement, scope, now or datetime.now(UTC))
                self._ahead.forget_people()
        found = [match or NOBODY for match in decided]
        for person, match in zip(people, found, strict=True):
            if scope or not person.key:  # among real cases the next one may use the same key
                self._remember((scope, person.model_dump_json()), match)
        return found

    async def look_up(self, people: Sequence[Person], exercise: str | None) -> list[Match]:
        """Give the directory's present matches of these people and write nothing: somebody unknown is `NOBODY`."""
        async with reading(self._engine) as connection:
            return [await self._looked_up(connection, person, exercise or "") for person in people]

    async def spoken_of(self, statement: AcceptedAlert, people: Sequence[Collection[str]]) -> tuple[Revealed, ...]:
        """Give what the statement's free text may give away of people on case files, where these ids were found for its persons.

        Its text must have been read (`refresh`); of a statement without any nothing is given away. Whoever was on a case file counts as
        such until the directory's version changes.
        """
        named = self._ahead.named.get(statement.statement_id)
        if named is None:
            return ()
        asked = spoken_by(named, people)
        if unknown := asked - self._on_files - self._ahead.looked_for:
            with database_faults():
                self._on_files |= await self._engine.read(partial(on_case_files, person_ids=unknown))
        return clues_of(statement, people, named, asked & self._on_files)

    async def known_keys(self, keys: Iterable[str], exercise: str | None) -> dict[str, int]:
        """Count the persons each key leads to: 0 is unknown, more than one ambiguous."""
        counts = dict.fromkeys(keys, 0)
        if counts:
            async with reading(self._engine) as connection:
                found = await holders(connection, exercise or "", [(KEY if exercise else CASE_KEY, key) for key in counts])
            counts |= {key: len(_persons(_on_files(mentions))) for (_, key), mentions in found.items()}
        return counts

    async def note_about(self, pairs: Collection[tuple[str, str]]) -> None:
        """Note of alerts whom they are about: (alert id, person id)."""
        if pairs:
            with database_faults():
                rows = [{"alert_id": alert_id, "person_id": person_id} for alert_id, person_id in sorted(set(pairs))]
                await self._engine.write(lambda connection: connection.execute(_about_unless_known(connection.dialect.name), rows))

    async def ever_about(self, alert_id: str) -> tuple[str, ...]:
        """Give everybody whom the alert was ever about."""
        with database_faults():
            async with reading(self._engine) as connection:
                query = select(about.c.person_id).where(about.c.alert_id == alert_id).order_by(about.c.person_id)
                return tuple((await connection.execute(query)).scalars())

    async def overtaken(self, statement: AcceptedAlert, person_ids: Collection[str]) -> bool:
        """Note a prisoner's movement, and say whether the same person is known to have moved again since: then it is history."""
        with database_faults():
            async with self._engine.begin() as connection:
                overtaken = await is_overtaken(connection, statement, person_ids)
                await note_movement(connection, statement, person_ids)
        return overtaken

    def _remember(self, question: tuple[str, str], match: Match) -> None:
        """A sure match holds until the directory's version changes."""
        if match.person_ids and match.unsure is None:
            if len(self._sure) > _REMEMBERED:
                self._sure.clear()
            self._sure[question] = match

    async def _already_found(self, connection: Transaction, person: Person, scope: str, own: str) -> Match | None:
        """Give the decision if it needs nothing written, else None: most people of most alerts are known.

        Of somebody with several ids the mention's own comes first, as it does where the decision is written: a rebuild goes by it.
        """
        marks, unsure = await self._asked_by(connection, person, scope)
        if unsure is not None or not marks:
            return None
        return _match_by(await holders(connection, scope, marks), len(marks), own)

    def _asked_of(self, statement: AcceptedAlert) -> Asked:
        """What `refresh` looks up: no persons where all are remembered, nobody who is asked for by a key, and none of a correction's."""
        scope, texts = statement.alert.exercise or "", list(free_text(statement.alert))
        people = [one.person for one in statement.everybody] if statement.alert.action is Action.RAISED else []
        remembered = all((scope, person.model_dump_json()) in self._sure for person in people)
        marks = () if remembered else tuple(marks_of(person, self._rules) for person in people if not person.key)
        return Asked(statement.statement_id, scope, marks, marks_said(texts) if texts else None)

    def _foreseen(self, person: Person, scope: str, own: str) -> Match | None:
        """As `_already_found`, by what was read ahead; None also where that does not tell."""
        if person.key or not (marks := marks_of(person, self._rules)):
            return None
        found = self._ahead.holders_of(scope, marks)
        return None if found is None else _match_by(found, len(marks), own)

    async def _looked_up(self, connection: Transaction, person: Person, scope: str) -> Match:
        marks, _ = await self._asked_by(connection, person, scope)
        found = await holders(connection, scope, marks)
        return Match(tuple(sorted({person_id for mentions in found.values() for ids in mentions.values() for person_id in ids})))

    async def _asked_by(self, connection: Transaction, person: Person, scope: str) -> tuple[frozenset[Mark], Match | None]:
        """Give the marks by which an alert asks for somebody; and the answer where its key alone is no answer."""
        marks = marks_of(person, self._rules)
        if not person.key:
            return marks, None
        mark = (KEY if scope else CASE_KEY, person.key)
        by_key = _on_files((await holders(connection, scope, [mark])).get(mark, {}))
        persons = _persons(by_key)
        if len(persons) == 1:
            return marks | ({mark} if scope else {(MENTION, min(by_key))}), None
        if not marks:  # a key that several cases use means nobody: it must not show one family to another
            return marks, Match((), ReviewReason.KEY_UNKNOWN, tuple(sorted({p for ids in by_key.values() for p in ids})))
        return marks, None

    async def _claim(self, connection: Transaction, statement: AcceptedAlert, scope: str, now: datetime) -> list[Match | None]:
        known = await stated_before(connection, statement.alert_id)
        people = [entry.person for entry in statement.everybody]
        standing = max((heard for heard, _ in known.values()), default=None)
        if standing is not None and standing > heard_of(statement):
            self.outdated.add(statement.statement_id)
            return [await self._looked_up(connection, person, scope) for person in people]
        if statement.alert.action is not Action.RAISED:
            await remember_correction(connection, statement, scope)
        there = [mention_id for mention_id, (_, stands) in known.items() if stands]
        if statement.alert.action is Action.WITHDRAWN:
            found: list[Match | None] = [await self._looked_up(connection, person, scope) for person in people]
            await self._settle(connection, [], there, statement, now)
            return found
        answers: list[Match | None] = []
        claims: list[Claimed] = []
        for number, person in enumerate(people):
            marks, answer = await self._asked_by(connection, person, scope)
            if answer is None and (marks or blocks(person)):
                claims.append(claim_of(statement, number, marks))
            answers.append(answer)
        ended = [mention_id for mention_id in there if mention_id not in {one.mention.id for one in claims}]
        settled = await self._settle(connection, claims, ended, statement, now)
        for one in claims:
            number = int(one.mention.id.rpartition("/")[2])
            answers[number] = await self._answer(connection, people[number], one.mention.id, settled, scope)
        await self._tell_front_door(connection, statement, answers)
        return answers

    async def _tell_front_door(self, connection: Transaction, statement: AcceptedAlert, answers: Sequence[Match | None]) -> None:
        """Open a doubt for each person of a real alert who is on no case and may be somebody on one."""
        doubtful: dict[int, tuple[str, ...]] = {}
        for place, match in enumerate(answers):
            if match is None or not match.unsure or not match.person_ids or await on_cases(connection, match.person_ids):
                continue
            if await on_cases(connection, match.alike):
                doubtful[place] = match.person_ids
        if doubtful and self._front_door and not statement.alert.exercise and not statement.alert.history:
            await open_doubt(connection, statement, doubtful, self._front_door)

    async def _answer(self, connection: Transaction, person: Person, own: str, settled: Settled, scope: str) -> Match:
        person_ids = settled.ids[own]
        others = set(settled.doubts.get(own, ()))
        doubtful = own in settled.doubts
        if doubtful or not await on_cases(connection, person_ids):
            beside = own.split("/", 2)[1]
            others |= {p for ids, _ in (await alike(connection, person, scope, self._rules, beside)).values() for p in ids}
        others -= set(person_ids)
        unsure = ReviewReason.UNSURE_MATCH if others or doubtful else None
        return Match(person_ids, unsure, tuple(sorted(others)))

    async def _settle(
        self, connection: Transaction, claims: Sequence[Claimed], ended: Sequence[str], statement: AcceptedAlert, now: datetime
    ) -> Settled:
        if claims or ended or statement.alert.action is not Action.RAISED:
            pointed = {one.mention.id: _meant_by_key(one.mention) for one in claims}
            own = [alert_mention(statement.alert_id, number) for number in range(len(statement.everybody))]
            self.learned[statement.statement_id] = tuple(pointed.get(one) for one in own)
        settled = await settle(connection, claims, ended, statement.alert.exercise or "", statement.accepted_at)
        await identify_on_cases(connection, by_case(settled.moved), now)
        return settled


def _match_by(found: Holding, asked: int, own: str) -> Match | None:
    """The one person who has every one of the marks that were `asked` for, with the ids of the mention `own` first; None for any other."""
    persons = {ids for mentions in found.values() for ids in map(frozenset, mentions.values())}
    if len(found) < asked or len(persons) != 1:
        return None
    named = [mentions for _, mentions in sorted(found.items())]
    return Match(next((mentions[own] for mentions in named if own in mentions), min(named[0].items())[1]))


@cache
def _about_unless_known(dialect_name: str) -> Insert:
    return upsert(about, dialect_name)


def _on_files(mentions: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Give those of the mentions that are of case files: whom a key means is for these to say, whatever alerts by that key claim."""
    return {mention_id: ids for mention_id, ids in mentions.items() if is_on_case(mention_id)}


def _persons(mentions: Mapping[str, tuple[str, ...]]) -> set[frozenset[str]]:
    return set(map(frozenset, mentions.values()))


Heard = tuple[datetime, datetime]
"""When a statement was recorded, and when the bus accepted it: the later of two stands."""


def heard_of(statement: AcceptedAlert) -> Heard:
    return statement.alert.recorded_at, statement.accepted_at


async def stated_before(connection: Transaction, alert_id: str) -> Mapping[str, tuple[Heard, bool]]:
    """Give the mentions by which the alert claims or claimed something, each with when it was last spoken of, and whether it stands."""
    query = select(mention).where(mention.c.of == alert_id, mention.c.kind == MentionKind.ALERT.value)
    rows = await connection.execute(query)
    return {row.mention_id: ((row.said_at, row.heard_at), row.ended_at is None) for row in rows}


async def remember_correction(connection: Transaction, statement: AcceptedAlert, scope: str) -> None:
    """Note that the alert was corrected or withdrawn, even if it never claimed anything: an earlier statement of it claims nothing more."""
    row = {
        "mention_id": alert_mention(statement.alert_id, 0),
        "scope": scope,
        "kind": MentionKind.ALERT.value,
        "of": statement.alert_id,
        "since": statement.accepted_at,
        "said_at": statement.alert.recorded_at,
        "heard_at": statement.accepted_at,
        "person_ids": "",
        "ended_at": statement.accepted_at,
        "facts": None,
    }
    await connection.execute(upsert(mention, connection.dialect.name, update=["said_at", "heard_at"]), [row])


def _meant_by_key(one: Mention) -> str:
    """Give the mention that an alert's key meant, in an exercise the key itself; empty where no key meant anybody."""
    return next((value for system, value in one.marks if system == KEY or (system == MENTION and value != one.id)), "")


def claim_of(statement: AcceptedAlert, number: int, marks: Collection[Mark], person_ids: tuple[str, ...] = ()) -> Claimed:
    """Give what a statement claims about one of its people: these marks, what they are compared by, and which mention it is."""
    person, own = statement.everybody[number].person, alert_mention(statement.alert_id, number)
    compared_by = blocks(person)
    every = {*marks, (MENTION, own), *((BLOCK, digest) for digest in compared_by)}
    made = Mention(own, MentionKind.ALERT, statement.alert_id, statement.accepted_at, frozenset(every), person_ids)
    facts = person.model_copy(update={"key": None, "label": None}).model_dump_json(exclude_defaults=True).encode() if compared_by else None
    return Claimed(made, statement.alert.exercise or "", statement.alert.recorded_at, statement.accepted_at, facts)
