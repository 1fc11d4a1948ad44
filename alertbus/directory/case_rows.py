"""Rows of the case register: a version as it stands, and who was taken off it. Every function works in its caller's transaction."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from alertbus.directory.tables import case_version, unlinked_person
from alertbus.model.case import Case, CasePerson
from alertbus.sql.database import Transaction
from alertbus.sql.engine import upsert


def digest_of(stated: Case) -> str:
    """Hash a case as stated, with its implied links: the same content sent again has the same digest."""
    return hashlib.sha256(stated.model_dump_json(exclude={"version", "stated_version", "known_at"}).encode()).hexdigest()


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


async def unlinked_from(connection: Transaction, case_id: str) -> tuple[str, ...]:
    query = select(unlinked_person.c.person_id).where(unlinked_person.c.case_id == case_id).order_by(unlinked_person.c.person_id)
    return tuple((await connection.execute(query)).scalars())


async def take_off(connection: Transaction, case_id: str, before: Collection[str], now: Collection[str]) -> None:
    if gone := sorted(set(before) - set(now)):
        rows = [{"case_id": case_id, "person_id": person_id} for person_id in gone]
        await connection.execute(upsert(unlinked_person, connection.dialect.name), rows)
    back = (unlinked_person.c.case_id == case_id) & unlinked_person.c.person_id.in_(now)
    await connection.execute(delete(unlinked_person).where(back))


async def identify_on_cases(connection: Transaction, ids: Mapping[str, Mapping[str, tuple[str, ...]]], at: datetime) -> None:
    """Write a new version of each case on which somebody has turned out to be somebody else: by case and key, who they are now.

    Nothing that was stated changes. The version waits to be published, as one does whose sender was not answered yet.
    """
    for case_id, by_key in sorted(ids.items()):
        row = (await connection.execute(select(case_version).where(case_version.c.case_id == case_id).with_for_update())).one_or_none()
        if row is None:
            continue
        before = Case.model_validate_json(row.snapshot)
        stated = before.model_copy(update={"people": tuple(_known_as(p, before, by_key.get(p.key), at) for p in before.people)})
        case = stated.learned(before, at).model_copy(update={"stated_version": before.stated_version or before.version})
        values = row_of(case, row.digest, published=False)
        await connection.execute(update(case_version).where(case_version.c.case_id == case_id).values(values))
        await take_off(connection, case_id, linked_people(before), linked_people(case))


def _known_as(person: CasePerson, before: Case, ids: tuple[str, ...] | None, at: datetime) -> CasePerson:
    return person if ids is None else known_as(person, person, ids, None if before.exercise else at)


def known_as(person: CasePerson, before: CasePerson | None, ids: tuple[str, ...], at: datetime | None) -> CasePerson:
    """Give the person under these ids: those that they had not in the version before are theirs from `at` on (None: an exercise)."""
    joined: dict[str, datetime] = {}
    if at is not None and before is not None and before.person_ids:
        joined = {one: before.joined_at.get(one, at) for one in ids if one not in before.person_ids or one in before.joined_at}
    return person.model_copy(update={"person_ids": ids, "joined_at": joined})
