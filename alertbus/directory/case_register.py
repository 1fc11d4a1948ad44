"""Cases as accepted: the next version with its people found, recorded in one transaction before anything is sent to Kafka."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alertbus.directory.case_clocks import set_wakes
from alertbus.directory.directory import resolve
from alertbus.directory.tables import case_version, unlinked_person
from alertbus.model.case import Case, CasePerson
from alertbus.model.errors import NotFound, VersionConflict
from alertbus.sql.engine import reading, upsert


@dataclass(frozen=True, slots=True)
class Recorded:
    """A case as it stands. `before` is the version it replaced, None when it replaced none just now; `unlinked` are persons taken off it
    since it was last published; `publish` says whether Kafka has yet to hear of it.
    """

    case: Case
    before: Case | None
    unlinked: tuple[str, ...]
    publish: bool


class CaseRegister:
    """The case register over one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def record(self, snapshot: Case, at: datetime, expected: int | None) -> Recorded:
        """Record the snapshot as the case's next version. The same content again changes nothing: the version that stands is returned.

        `expected` is the version the sender read (0: no such case yet; None: whatever stands). Raises `VersionConflict` when another
        stands. The version is unpublished until `published` is called.
        """
        snapshot = snapshot.with_implied_links()
        digest = digest_of(snapshot)
        async with self._engine.begin() as connection:
            query = select(case_version).where(case_version.c.case_id == snapshot.id).with_for_update()
            row = (await connection.execute(query)).one_or_none()
            standing = row.version if row else 0
            if expected is not None and expected != standing:
                raise VersionConflict(f'case version {standing} stands; read it, apply the change to it, and send If-Match: "{standing}".')
            before = Case.model_validate_json(row.snapshot) if row else None
            if before is not None and row is not None and row.digest == digest:
                return Recorded(before, None, await _unlinked(connection, before.id), not row.published)
            found = await self._with_people_found(connection, snapshot)
            case = found.learned(before, at)
            values = row_of(case, digest, published=False)
            if row is None:
                await connection.execute(insert(case_version).values(values))
            else:
                await connection.execute(update(case_version).where(case_version.c.case_id == case.id).values(values))
            await set_wakes(connection, case, at)
            await take_off(connection, case.id, linked_people(before) if before else set(), linked_people(case))
            return Recorded(case, before, await _unlinked(connection, case.id), publish=True)

    async def published(self, case: Case) -> None:
        """Mark this version as published: Kafka has acknowledged all that it causes."""
        async with self._engine.begin() as connection:
            same = (case_version.c.case_id == case.id) & (case_version.c.version == case.version)
            done = await connection.execute(update(case_version).where(same).values(published=True))
            if done.rowcount:  # else a later version stands, and will say who is off the case
                await connection.execute(delete(unlinked_person).where(unlinked_person.c.case_id == case.id))

    async def unpublished(self) -> list[Recorded]:
        async with reading(self._engine) as connection:
            rows = await connection.execute(select(case_version.c.snapshot).where(case_version.c.published.is_(False)))
            cases = [Case.model_validate_json(snapshot) for snapshot in rows.scalars()]
            return [Recorded(case, None, await _unlinked(connection, case.id), publish=True) for case in cases]

    async def get(self, case_id: str) -> Case:
        async with reading(self._engine) as connection:
            query = select(case_version.c.snapshot).where(case_version.c.case_id == case_id)
            snapshot = (await connection.execute(query)).scalar_one_or_none()
        if snapshot is None:
            raise NotFound("no such case")
        return Case.model_validate_json(snapshot)

    async def of_people(self, person_ids: Collection[str], exercise: str | None) -> list[Case]:
        """Give the cases on which any of these persons is.

        It reads every case of that exercise, or every real one. That is good enough for `alertbus explain`, where one
        person waits for one answer; nothing on an alert's way may call it.
        """
        async with reading(self._engine) as connection:
            column = case_version.c.exercise
            same = column.is_(None) if exercise is None else column == exercise
            rows = await connection.execute(select(case_version.c.snapshot).where(same))
            cases = (Case.model_validate_json(snapshot) for snapshot in rows.scalars())
            return [case for case in cases if any(set(p.person_ids) & set(person_ids) for p in case.people)]

    async def _with_people_found(self, connection: AsyncConnection, case: Case) -> Case:
        """Keys are one person's throughout an exercise; among real cases a key means somebody only within its own case."""
        scope = case.exercise or ""
        people: list[CasePerson] = []
        for person in case.people:
            match = await resolve(connection, person, scope, key_scope="" if case.exercise else case.id)
            people.append(person.model_copy(update={"person_ids": match.person_ids}))
        return case.model_copy(update={"people": tuple(people)})


def digest_of(stated: Case) -> str:
    """Hash a case as stated, with its implied links: the same content sent again has the same digest."""
    return hashlib.sha256(stated.model_dump_json(exclude={"version", "known_at"}).encode()).hexdigest()


def row_of(case: Case, digest: str, *, published: bool) -> dict[str, Any]:
    """Give the register's row of a case."""
    return {
        "case_id": case.id,
        "version": case.version,
        "exercise": case.exercise,
        "snapshot": case.model_dump_json(by_alias=True).encode(),
        "digest": digest,
        "published": published,
    }


def linked_people(case: Case) -> set[str]:
    """Give the person ids linked to the case, by whatever relation."""
    return {person_id for link in case.links for person_id in case.person(link.person).person_ids}


async def _unlinked(connection: AsyncConnection, case_id: str) -> tuple[str, ...]:
    query = select(unlinked_person.c.person_id).where(unlinked_person.c.case_id == case_id).order_by(unlinked_person.c.person_id)
    return tuple((await connection.execute(query)).scalars())


async def take_off(connection: AsyncConnection, case_id: str, before: Collection[str], now: Collection[str]) -> None:
    if gone := sorted(set(before) - set(now)):
        rows = [{"case_id": case_id, "person_id": person_id} for person_id in gone]
        await connection.execute(upsert(unlinked_person, connection.dialect.name), rows)
    back = (unlinked_person.c.case_id == case_id) & unlinked_person.c.person_id.in_(now)
    await connection.execute(delete(unlinked_person).where(back))
