"""Who is who, decided in one place: identifiers and demographics in, person ids out, the same for everybody who asks.

A match on an identifier, or on full name, date of birth and address together, is certain. Full name and date of birth alone are not (twins,
namesakes): the person gets an id of their own and a human is asked. A false link shows one family to another; nothing here guesses.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alertbus.directory.tables import found_by
from alertbus.directory.tables import person as person_table
from alertbus.model.events import ReviewReason
from alertbus.model.identifiers import IDENTIFIES_ALONE
from alertbus.model.person import Person
from alertbus.sql.engine import database_faults, reading, upsert

KEY = "key"
NAME_BORN_ADDRESS = "name+born+address"

Mark = tuple[str, str]
"""A means of finding a person for certain: (system, value)."""


@dataclass(frozen=True, slots=True)
class Match:
    """The decision about one person: every id the marks lead to, and whether a human should look."""

    person_ids: tuple[str, ...]
    unsure: ReviewReason | None = None
    alike: tuple[str, ...] = ()
    """Ids of people with the same name and date of birth, who may or may not be the same."""


NOBODY = Match(())
"""The match for somebody of whom nothing is known by which they could be found again."""


class Directory:
    """The directory over one database. Every method is safe to repeat and safe to run in several processes at once."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._sure: dict[tuple[str, str], Match] = {}

    async def identify(self, people: Sequence[Person], exercise: str | None) -> list[Match]:
        """Decide on people of an alert. New ones are made persons, so that the case that names them later meets them."""
        scope = exercise or ""
        matches = [self._sure.get((scope, person.model_dump_json())) for person in people]
        if None not in matches:
            return [match for match in matches if match]
        with database_faults():
            async with reading(self._engine) as connection:
                decided = [await _already_found(connection, person, scope) for person in people]
            if None in decided:
                async with self._engine.begin() as connection:
                    decided = [await resolve(connection, person, scope) for person in people]
        found = [match or NOBODY for match in decided]
        for person, match in zip(people, found, strict=True):
            if scope or not person.key:  # among real cases the next one may use the same key
                self._remember((scope, person.model_dump_json()), match)
        return found

    async def look_up(self, people: Sequence[Person], exercise: str | None) -> list[Match]:
        """Give the directory's present matches of these people and write nothing: somebody unknown is `NOBODY`."""
        scope = exercise or ""
        async with reading(self._engine) as connection:
            found = [await _meant(connection, scope, person) for person in people]
        return [Match(tuple(sorted(person_ids))) for person_ids in found]

    async def known_keys(self, keys: Iterable[str], exercise: str | None) -> dict[str, int]:
        """Count the persons each key leads to: 0 is unknown, more than one ambiguous."""
        counts = dict.fromkeys(keys, 0)
        if counts:
            async with reading(self._engine) as connection:
                for key in counts:
                    counts[key] = len(await _by_key(connection, exercise or "", key))
        return counts

    def _remember(self, question: tuple[str, str], match: Match) -> None:
        """A sure match never changes: marks are unique, and persons are merged by an event of their own, never rewritten."""
        if match.person_ids and match.unsure is None:
            if len(self._sure) > _REMEMBERED:
                self._sure.clear()
            self._sure[question] = match


_REMEMBERED = 200_000
"""Matches kept in memory: at a county's size everybody; some tens of megabytes."""


async def resolve(connection: AsyncConnection, person: Person, scope: str, *, key_scope: str | None = None) -> Match:
    """Decide, within the caller's transaction. `key_scope` registers the person's key too (a case file does; an alert only asks)."""
    marks = marks_of(person)
    if key_scope is None and person.key:
        by_key = await _by_key(connection, scope, person.key)
        if len(by_key) == 1:
            meant = by_key | await _found(connection, scope, marks)
            return Match(tuple(sorted(meant)), ReviewReason.UNSURE_MATCH if len(meant) > 1 else None)
        if not marks:  # a key that several cases use means nobody: it must not show one family to another
            return Match((), ReviewReason.KEY_UNKNOWN, tuple(sorted(by_key)))
    if key_scope is not None and person.key:
        marks.append((KEY, f"{key_scope}/{person.key}"))
    if not marks and not likeness_of(person):
        return NOBODY
    known = await _found(connection, scope, marks)
    if not known:
        return await _new_person(connection, scope, marks, person)
    first = min(known)
    await _register(connection, scope, marks, first)
    return Match(tuple(sorted(known)), ReviewReason.UNSURE_MATCH if len(known) > 1 else None)


async def _already_found(connection: AsyncConnection, person: Person, scope: str) -> Match | None:
    """Give the decision if it needs nothing written, else None: most people of most alerts are known."""
    if person.key and await _by_key(connection, scope, person.key):
        meant = await _meant(connection, scope, person)
        return Match(tuple(meant)) if len(meant) == 1 else None
    marks = marks_of(person)
    query = select(found_by.c.system, found_by.c.value, found_by.c.person_id).where(
        found_by.c.scope == scope, tuple_(found_by.c.system, found_by.c.value).in_(marks)
    )
    rows = (await connection.execute(query)).all() if marks else []
    if len(rows) < len(set(marks)) or len({row.person_id for row in rows}) != 1:
        return None
    return Match((rows[0].person_id,))


async def _meant(connection: AsyncConnection, scope: str, person: Person) -> set[str]:
    """Give everybody to whom the marks lead, and the key where only one person has it."""
    by_key = await _by_key(connection, scope, person.key) if person.key else set()
    return (by_key if len(by_key) == 1 else set()) | await _found(connection, scope, marks_of(person))


async def _new_person(connection: AsyncConnection, scope: str, marks: list[Mark], person: Person) -> Match:
    person_id = str(uuid4())
    likeness = likeness_of(person)
    alike: set[str] = set()
    if likeness:
        same = select(person_table.c.person_id).where(person_table.c.scope == scope, person_table.c.likeness == likeness)
        alike = set((await connection.execute(same)).scalars())
    await _register(connection, scope, marks, person_id)
    decided = await _found(connection, scope, marks) or {person_id}
    if person_id in decided:
        row = {"person_id": person_id, "scope": scope, "likeness": likeness}
        await connection.execute(insert(person_table).values(row))
    unsure = ReviewReason.UNSURE_MATCH if alike or len(decided) > 1 else None
    return Match(tuple(sorted(decided)), unsure, tuple(sorted(alike)))


async def _found(connection: AsyncConnection, scope: str, marks: Sequence[Mark]) -> set[str]:
    if not marks:
        return set()
    query = select(found_by.c.person_id).where(found_by.c.scope == scope, tuple_(found_by.c.system, found_by.c.value).in_(list(marks)))
    return set((await connection.execute(query)).scalars())


async def _by_key(connection: AsyncConnection, scope: str, key: str) -> set[str]:
    """Give the persons whom imported cases call by this key: in an exercise one, among real cases perhaps several."""
    query = select(found_by.c.value, found_by.c.person_id).where(
        found_by.c.scope == scope, found_by.c.system == KEY, found_by.c.value.endswith(f"/{key}", autoescape=True)
    )
    rows = (await connection.execute(query)).all()
    return {row.person_id for row in rows if row.value.endswith(f"/{key}")}  # SQLite's LIKE takes capitals for small letters


async def _register(connection: AsyncConnection, scope: str, marks: Sequence[Mark], person_id: str) -> None:
    """Let these marks find this person, unless they already find somebody."""
    if marks:
        rows = [{"scope": scope, "system": system, "value": value, "person_id": person_id} for system, value in marks]
        await connection.execute(upsert(found_by, connection.dialect.name), rows)


def marks_of(person: Person) -> list[Mark]:
    """Give the marks by which this person is found for certain."""
    marks: list[Mark] = [(i.system, i.value) for i in person.identifiers if i.system in IDENTIFIES_ALONE]
    if likeness := likeness_of(person):
        places = {a.normal for a in person.addresses if a.normal}
        marks += [(NAME_BORN_ADDRESS, _digest(likeness, place)) for place in sorted(places)]
    return marks


def likeness_of(person: Person) -> str | None:
    if person.name and person.name.given and person.name.family and person.born:
        return _digest(person.name.normal, person.born.isoformat())
    return None


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
