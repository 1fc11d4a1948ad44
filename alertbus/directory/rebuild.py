"""The directory and the case register, written again from what Kafka holds of their decisions.

Whom an alert or a case was decided to be about travels with it, so nothing is decided anew: every decision is carried
out again. A mark once given never changes hands, so a decision for one person says for ever whom its marks find, in
whatever order decisions are read. Only two kinds depend on what was known before, and wait until the end, in order of
time: a decision that fell on several persons (what was not yet known went to the first of them), and an alert that asked
by a key (its other marks were noted only if nobody, or more than one, had that key).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

from sqlalchemy import BigInteger, BindParameter, Column, MetaData, String, Table, bindparam, delete, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alertbus.directory.case_clocks import wakes_of
from alertbus.directory.case_register import digest_of, linked_people, row_of, take_off
from alertbus.directory.directory import KEY, Mark, likeness_of, marks_of
from alertbus.directory.tables import case_version, exercise_clock, found_by, wake
from alertbus.directory.tables import person as person_table
from alertbus.model.case import Case
from alertbus.model.events import CASE_RECORDED, AlertAboutPerson, CaseChanged, Tick
from alertbus.model.person import Person
from alertbus.sql.engine import UtcDateTime, database_faults, upsert
from alertbus.sql.rebuild import Restore
from alertbus.wire.reading import Understood
from alertbus.wire.words import words

WORDS = words(AlertAboutPerson.type, CASE_RECORDED, CaseChanged.type, Tick.type)

_AT_ONCE = 500
_NEXT = timedelta(microseconds=1)
"""Decisions of one record follow each other in its order."""
_FIRST = datetime.min.replace(tzinfo=UTC)

_seen = Table(
    "restoring_person",
    MetaData(),
    Column("person_id", String(36), primary_key=True),
    Column("scope", String(60), nullable=False),
    Column("likeness", String(64), nullable=True),
    Column("earlier", BigInteger, nullable=False),
)
"""Persons as far as they have been read, while a rebuild runs. `earlier` grows the earlier the decision was: the earliest
one made the person, and its likeness is theirs."""


@dataclass(frozen=True, slots=True)
class IdentityDecision:
    """The directory's decision about who a person of a case or an alert is. `asked_by` is the key by which an alert asked."""

    at: datetime
    scope: str
    marks: tuple[Mark, ...]
    likeness: str | None
    person_ids: tuple[str, ...]
    asked_by: str | None = None

    @property
    def waits(self) -> bool:
        """True when its effect depends on what was known before it: it is carried out at the end, in order of time."""
        return len(self.person_ids) > 1 or (self.asked_by is not None and bool(self.marks))

    def finds(self, person_id: str) -> list[dict[str, Any]]:
        return [{"scope": self.scope, "system": system, "value": value, "person_id": person_id} for system, value in self.marks]

    def seen(self, person_id: str, likeness: str | None) -> dict[str, Any]:
        earlier = -int(self.at.timestamp() * 1_000_000)
        return {"person_id": person_id, "scope": self.scope, "likeness": likeness, "earlier": earlier}


def decisions_of_case(case: Case, at: datetime) -> list[IdentityDecision]:
    """Every person of a case file, whose key is one of their marks."""
    key_scope = "" if case.exercise else case.id
    return [
        IdentityDecision(
            at + n * _NEXT,
            case.exercise or "",
            (*marks_of(person), (KEY, f"{key_scope}/{person.key}")),
            likeness_of(person),
            person.person_ids,
        )
        for n, person in enumerate(case.people)
    ]


def decisions_of_alert(event: AlertAboutPerson, at: datetime) -> list[IdentityDecision]:
    """Those decisions of an alert that fell on this event's person: the alert comes once for each of its persons."""
    statement = event.alert
    decided = zip(statement.everybody, statement.people, strict=False)  # a stranger's record may lack some
    return [
        _of_alert(entry.person, person_ids, statement.alert.exercise or "", at + n * _NEXT)
        for n, (entry, person_ids) in enumerate(decided)
        if event.person_id in person_ids
    ]


def _of_alert(person: Person, person_ids: tuple[str, ...], scope: str, at: datetime) -> IdentityDecision:
    return IdentityDecision(at, scope, tuple(marks_of(person)), likeness_of(person), person_ids, person.key)


@dataclass(slots=True)
class DirectoryRows:
    """The rows of the directory that a batch of records gives."""

    found_by: list[dict[str, Any]] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    changed: list[Case] = field(default_factory=list)
    ticks: list[dict[str, Any]] = field(default_factory=list)


Keys = Mapping[tuple[str, str], Mapping[str, tuple[datetime, str]]]
"""By scope and key: under each case's own name for it, since when it means somebody, and whom."""


def settle(waiting: Iterable[IdentityDecision], known: Mapping[tuple[str, str, str], str], keys: Keys) -> DirectoryRows:
    """What decisions that waited, in order of time, have noted. `known` is whom each of their marks finds before them."""
    rows, found = DirectoryRows(), dict(known)
    for decision in waiting:
        called = keys.get((decision.scope, decision.asked_by), {}) if decision.asked_by else {}
        by_key = len({person_id for at, person_id in called.values() if at <= decision.at}) == 1
        if not by_key:
            first = min(decision.person_ids)
            for row in decision.finds(first):
                if found.setdefault((row["scope"], row["system"], row["value"]), first) == first:
                    rows.found_by.append(row)
        made = len(decision.person_ids) == 1 and not by_key
        rows.seen += [decision.seen(person_id, decision.likeness if made else None) for person_id in decision.person_ids]
    return rows


class DirectoryRestore(Restore):
    """Reads people's events first, then cases, then cases' events: each leans on those before it."""

    def __init__(self) -> None:
        self._waiting: list[IdentityDecision] = []
        self._keys: dict[tuple[str, str], dict[str, tuple[datetime, str]]] = {}
        self._ticked: dict[str, datetime] = {}

    async def begin(self, connection: AsyncConnection) -> None:
        await connection.run_sync(_seen.drop, checkfirst=True)
        await connection.run_sync(_seen.create)

    def read(self, batch: Iterable[Understood]) -> DirectoryRows:
        rows = DirectoryRows()
        for understood in batch:
            match understood.word:
                case AlertAboutPerson() as event:
                    # By when the decision was written down: an exercise's own time says nothing of that.
                    self._add(rows, decisions_of_alert(event, understood.written_at))
                case Case() as case:
                    rows.cases.append(case)
                case CaseChanged(case=case):  # written first of all, so that no decision is without one
                    rows.changed.append(case)
                    self._add(rows, decisions_of_case(case, understood.time or _FIRST))
                case Tick() as tick:
                    rows.ticks.append({"of_case": tick.case_id, "after": tick.since, "until": tick.at})
                    self._ticked[tick.case_id] = max(tick.at, self._ticked.get(tick.case_id, tick.at))
                case _:
                    pass
        return rows

    async def write(self, connection: AsyncConnection, rows: DirectoryRows) -> None:
        await _register(connection, rows.cases)
        await _register_unpublished(connection, rows.changed)
        await _note(connection, rows)
        if rows.ticks:
            began = (wake.c.case_id == bindparam("of_case")) & (wake.c.at > _moment("after")) & (wake.c.at <= _moment("until"))
            await connection.execute(delete(wake).where(began), rows.ticks)

    async def finish(self, engine: AsyncEngine) -> None:
        """Carry out the decisions that waited; then write the persons, and where exercises' clocks stand."""
        waiting = sorted(self._waiting, key=attrgetter("at"))
        with database_faults():
            async with engine.begin() as connection:
                for start in range(0, len(waiting), _AT_ONCE):
                    some = waiting[start : start + _AT_ONCE]
                    await _note(connection, settle(some, await _known(connection, some), self._keys))
                everybody = select(_seen.c.person_id, _seen.c.scope, _seen.c.likeness)
                await connection.execute(insert(person_table).from_select(["person_id", "scope", "likeness"], everybody))
                await connection.run_sync(_seen.drop)
                await self._set_clocks(connection)

    def _add(self, rows: DirectoryRows, decisions: Iterable[IdentityDecision]) -> None:
        for decision in decisions:
            if decision.waits:
                self._waiting.append(decision)
                if decision.asked_by is not None:
                    self._keys.setdefault((decision.scope, decision.asked_by), {})
            elif decision.person_ids and decision.asked_by is None:
                [person_id] = decision.person_ids
                rows.found_by += decision.finds(person_id)
                rows.seen.append(decision.seen(person_id, decision.likeness))
            self._note_key(decision)

    def _note_key(self, decision: IdentityDecision) -> None:
        """Remember since when a case has a key, if an alert asked by it."""
        for system, value in decision.marks:
            key = (decision.scope, value.rpartition("/")[2])
            if system == KEY and key in self._keys and decision.person_ids:
                self._keys[key].setdefault(value, (decision.at, min(decision.person_ids)))

    async def _set_clocks(self, connection: AsyncConnection) -> None:
        """An exercise has come as far as the last of its cases was told: telling the others again does no harm.

        Without a tick there is no clock yet, and the next one begins at the beginning.
        """
        query = select(case_version.c.exercise, case_version.c.case_id)
        query = query.where(case_version.c.exercise.is_not(None), case_version.c.published)
        stands: dict[str, list[datetime | None]] = {}
        for exercise, case_id in await connection.execute(query):
            stands.setdefault(exercise, []).append(self._ticked.get(case_id))
        rows = [{"exercise": exercise, "at": min(filter(None, all_))} for exercise, all_ in sorted(stands.items()) if None not in all_]
        if rows:
            await connection.execute(insert(exercise_clock), rows)


async def _note(connection: AsyncConnection, rows: DirectoryRows) -> None:
    if rows.found_by:
        await connection.execute(upsert(found_by, connection.dialect.name), rows.found_by)
    if rows.seen:
        statement = upsert(_seen, connection.dialect.name, update=["likeness", "earlier"], newer="earlier")
        await connection.execute(statement, rows.seen)


async def _known(connection: AsyncConnection, decisions: Sequence[IdentityDecision]) -> dict[tuple[str, str, str], str]:
    marks = sorted({(decision.scope, *mark) for decision in decisions for mark in decision.marks})
    query = select(found_by).where(tuple_(found_by.c.scope, found_by.c.system, found_by.c.value).in_(marks))
    return {(row.scope, row.system, row.value): row.person_id for row in await connection.execute(query)}


async def _register(connection: AsyncConnection, cases: Iterable[Case]) -> None:
    """The newest version of each, all it causes being on the broker: its snapshot is written last."""
    newest: dict[str, Case] = {}
    for case in cases:
        if case.id not in newest or newest[case.id].version < case.version:
            newest[case.id] = case
    if not newest:
        return
    standing = await _versions(connection, newest)
    for_good = [case for case in newest.values() if case.version > standing.get(case.id, 0)]
    await _stand(connection, for_good, published=True)


async def _register_unpublished(connection: AsyncConnection, changed: Sequence[Case]) -> None:
    """Versions whose snapshot never came: whichever gateway starts next must tell all of it again."""
    standing = await _versions(connection, {case.id for case in changed})
    for case in changed:
        if case.version <= standing.get(case.id, 0):
            continue
        query = select(case_version.c.snapshot).where(case_version.c.case_id == case.id)
        snapshot = (await connection.execute(query)).scalar_one_or_none()
        before = linked_people(Case.model_validate_json(snapshot)) if snapshot else set()
        await _stand(connection, [case], published=False)
        await take_off(connection, case.id, before, linked_people(case))
        standing[case.id] = case.version


async def _versions(connection: AsyncConnection, case_ids: Collection[str]) -> dict[str, int]:
    query = select(case_version.c.case_id, case_version.c.version).where(case_version.c.case_id.in_(case_ids))
    return {row.case_id: row.version for row in await connection.execute(query)} if case_ids else {}


async def _stand(connection: AsyncConnection, cases: Sequence[Case], *, published: bool) -> None:
    if not cases:
        return
    rows = [row_of(case, digest_of(case.as_stated()), published=published) for case in cases]
    columns = [column.name for column in case_version.columns if not column.primary_key]
    await connection.execute(upsert(case_version, connection.dialect.name, update=columns), rows)
    await connection.execute(delete(wake).where(wake.c.case_id.in_([case.id for case in cases])))
    wakes = [row for case in cases if case.known_at for row in wakes_of(case, case.known_at)]
    if wakes:
        await connection.execute(insert(wake), wakes)


def _moment(name: str) -> BindParameter[datetime]:
    return bindparam(name, type_=UtcDateTime())
