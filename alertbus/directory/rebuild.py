"""The directory and the case register, written again from what Kafka holds of their decisions.

Whom an alert or a case was decided to be about travels with it, and so does whether the directory learned from an alert.
What case files claim is written in the order of their versions, with its ends; what alerts and statements about who is who
claim waits until all is read. Each mention's own id is the first of those it was given, so at the end the same claims give
the same persons (`partition.ids_of`) without a new one being made.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from typing import Any

import structlog
from sqlalchemy import insert, select

from alertbus.directory.case_claims import claims_of
from alertbus.directory.case_rows import digest_of, identify_on_cases, linked_people, row_of, take_off
from alertbus.directory.claims import Claimed, by_case, decide_again
from alertbus.directory.directory import claim_of, heard_of, remember_correction, stated_before
from alertbus.directory.doubts import is_doubt
from alertbus.directory.marks import KEY, MENTION, marks_of
from alertbus.directory.movements import is_movement, note_movement
from alertbus.directory.partition import MentionKind
from alertbus.directory.rebuild_claims import ClaimedVersion, write_claims
from alertbus.directory.tables import about, case_version, decisions, exercise_clock, mention, said
from alertbus.directory.who_is_who import row_of_said, version_of_said
from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.case import Case
from alertbus.model.events import CASE_RECORDED, AlertAboutPerson, CaseChanged, PersonRevised, Tick
from alertbus.model.identity import PersonMerged, PersonSplit
from alertbus.policy.identity_rules import IdentityRules
from alertbus.sql.apart import together_or_apart
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import database_faults, upsert
from alertbus.sql.rebuild import Restore
from alertbus.wire.reading import Understood
from alertbus.wire.words import words

WORDS = words(AlertAboutPerson.type, CASE_RECORDED, CaseChanged.type, Tick.type, PersonMerged.type, PersonSplit.type, PersonRevised.type)

log = structlog.stdlib.get_logger(__name__)

_AT_ONCE = 500
_FIRST = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class DirectoryRows:
    """The rows of the directory that a batch of records gives."""

    about: list[dict[str, Any]] = field(default_factory=list)
    said: list[PersonMerged | PersonSplit] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    changed: list[tuple[Case, datetime]] = field(default_factory=list)


class DirectoryRestore(Restore):
    """Reads people's events first, then cases, then cases' events: each leans on those before it."""

    def __init__(self, rules: IdentityRules | None = None) -> None:
        self._rules = rules or IdentityRules()
        self._learned: dict[str, dict[str, AcceptedAlert]] = {}
        self._movements: dict[str, AcceptedAlert] = {}
        self._said: dict[PersonMerged | PersonSplit, None] = {}
        self._ticked: dict[str, datetime] = {}
        self._read_until = _FIRST
        self._version = 0
        """The highest that anything was decided at: what is found out next must count as later."""

    async def begin(self, connection: Transaction) -> None:
        """Need nothing beforehand."""

    def read(self, batch: Iterable[Understood]) -> DirectoryRows:
        rows = DirectoryRows()
        for understood in batch:
            self._read_until = max(self._read_until, understood.time or _FIRST)
            match understood.word:
                case AlertAboutPerson(person_id=person_id, alert=statement):
                    rows.about.append({"alert_id": statement.alert_id, "person_id": person_id})
                    self._version = max(self._version, statement.people_version)
                    if statement.claimed is not None:
                        self._learn(statement)
                    if is_movement(statement):
                        moved = self._movements.setdefault(statement.alert_id, statement)
                        self._movements[statement.alert_id] = max(moved, statement, key=lambda s: (*heard_of(s), s.people_version))
                case PersonRevised(version=version):
                    self._version = max(self._version, version)
                case PersonMerged() | PersonSplit() as stated:
                    rows.said.append(stated)
                case Case() as case:
                    rows.cases.append(case)
                case CaseChanged(case=case):  # written first of all, so that no decision is without one
                    rows.changed.append((case, understood.time or _FIRST))
                case Tick() as tick:
                    self._ticked[tick.case_id] = max(tick.at, self._ticked.get(tick.case_id, tick.at))
                case _:
                    pass
        return rows

    async def write(self, connection: Transaction, rows: DirectoryRows) -> None:
        if rows.about:
            await connection.execute(upsert(about, connection.dialect.name), rows.about)
        await self._write_said(connection, rows.said)
        await _register(connection, rows.cases)
        await _register_unpublished(connection, [case for case, _ in rows.changed])
        claiming = [(case, at) for case, at in rows.changed if not is_doubt(case.id)]
        await write_claims(connection, [ClaimedVersion(case.id, at, claims_of(case, at, self._rules)) for case, at in claiming])

    async def finish(self, engine: Database) -> None:
        """Write what alerts and statements claim, decide about everybody whom they concern, and where exercises' clocks stand."""
        learned = sorted((s for by_id in self._learned.values() for s in by_id.values()), key=lambda s: (s.accepted_at, s.statement_id))
        with database_faults():
            for start in range(0, len(learned), _AT_ONCE):
                async with engine.begin() as connection:
                    some = learned[start : start + _AT_ONCE]
                    await together_or_apart(connection, some, partial(self._write_learned, connection), _not_learned)
            async with engine.begin() as connection:
                versions = [version_of_said(one) for one in sorted(self._said, key=attrgetter("at"))]
                await together_or_apart(connection, versions, partial(write_claims, connection), _not_said)
                others = select(mention.c.mention_id, mention.c.scope).where(mention.c.kind != MentionKind.CASE.value)
                asked = [(row.mention_id, row.scope) for row in await connection.execute(others)]
                await self._set_version(connection)
                settled = await decide_again(connection, asked, self._read_until)
                await identify_on_cases(connection, by_case(settled.moved), self._read_until)
                await together_or_apart(connection, list(self._movements.values()), partial(_note_movements, connection), _not_learned)
                await self._set_clocks(connection)

    def _learn(self, statement: AcceptedAlert) -> None:
        known = self._learned.setdefault(statement.alert_id, {})
        known[statement.statement_id] = statement.beside(known.get(statement.statement_id))

    async def _write_said(self, connection: Transaction, stated: Sequence[PersonMerged | PersonSplit]) -> None:
        for one in stated:
            self._said[one] = None
            await connection.execute(upsert(said, connection.dialect.name, update=["body"]), [row_of_said(one, published=True)])

    async def _write_learned(self, connection: Transaction, statements: Sequence[AcceptedAlert]) -> None:
        for statement in statements:
            known = await stated_before(connection, statement.alert_id)
            if known and max(heard for heard, _ in known.values()) > heard_of(statement):
                continue
            if statement.alert.action is not Action.RAISED:
                await remember_correction(connection, statement, statement.alert.exercise or "")
            claims = [] if statement.alert.action is Action.WITHDRAWN else self._learned_from(statement)
            await write_claims(connection, [ClaimedVersion(statement.alert_id, statement.accepted_at, claims)])

    def _learned_from(self, statement: AcceptedAlert) -> list[Claimed]:
        scope = statement.alert.exercise
        claims = []
        for number, meant in enumerate(statement.claimed or ()):
            if meant is None:
                continue
            marks = set(marks_of(statement.everybody[number].person, self._rules))
            if meant:
                marks.add((KEY if scope else MENTION, meant))
            person_ids = dict(enumerate(statement.people)).get(number, ())
            claims.append(claim_of(statement, number, marks, person_ids))
        return claims

    async def _set_version(self, connection: Transaction) -> None:
        if self._version:
            row = {"id": 1, "version": self._version}
            await connection.execute(upsert(decisions, connection.dialect.name, update=["version"]), [row])

    async def _set_clocks(self, connection: Transaction) -> None:
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


async def _note_movements(connection: Transaction, statements: Sequence[AcceptedAlert]) -> None:
    for statement in statements:
        await note_movement(connection, statement, {person_id for ids in statement.people for person_id in ids})


async def _not_learned(statement: AcceptedAlert, error: str) -> None:
    log.error("a statement's people are not in the directory again", statement_id=statement.statement_id, reason=error)


async def _not_said(version: ClaimedVersion, error: str) -> None:
    log.error("a statement about who is who is not in the directory again", statement_id=version.of, reason=error)


async def _register(connection: Transaction, cases: Iterable[Case]) -> None:
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


async def _register_unpublished(connection: Transaction, changed: Sequence[Case]) -> None:
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


async def _versions(connection: Transaction, case_ids: Collection[str] | Mapping[str, Case]) -> dict[str, int]:
    query = select(case_version.c.case_id, case_version.c.version).where(case_version.c.case_id.in_(case_ids))
    return {row.case_id: row.version for row in await connection.execute(query)} if case_ids else {}


async def _stand(connection: Transaction, cases: Sequence[Case], *, published: bool) -> None:
    if not cases:
        return
    rows = [row_of(case, digest_of(case.as_stated()), published=published) for case in cases]
    columns = [column.name for column in case_version.columns if not column.primary_key]
    await connection.execute(upsert(case_version, connection.dialect.name, update=columns), rows)
