"""Who somebody may be: people who are alike, looked up by blocks and compared. It decides nothing."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from alertbus.directory.claims import holders
from alertbus.directory.comparing import Comparison, blocks, compare
from alertbus.directory.marks import BLOCK
from alertbus.directory.partition import MentionKind
from alertbus.directory.tables import case_version, held, mention
from alertbus.model.case import Case
from alertbus.model.person import Person
from alertbus.policy.identity_rules import IdentityRules

MOST = 50
"""People compared with one person at most. Chosen: a name so common that more are alike in a block needs a number to be found by."""


async def alike(
    connection: AsyncConnection, person: Person, scope: str, rules: IdentityRules, beside: str = ""
) -> dict[str, tuple[tuple[str, ...], Comparison]]:
    """Give the mentions of people of that exercise, or of none, who may be this person: each with its ids and how they compare.

    None of the case or alert `beside` is among them: two people of one family file are two.
    """
    marks = [(BLOCK, digest) for digest in blocks(person)]
    if not marks:
        return {}
    found = {mention_id: ids for mentions in (await holders(connection, scope, marks)).values() for mention_id, ids in mentions.items()}
    others = [mention_id for mention_id in sorted(found) if mention_id.split("/", 2)[1] != beside][:MOST]
    compared = {one: compare(person, other, rules) for one, other in (await people_of(connection, others)).items()}
    return {one: (found[one], comparison) for one, comparison in compared.items() if comparison.proposes}


async def people_of(connection: AsyncConnection, mention_ids: Collection[str]) -> dict[str, Person]:
    """Give the persons as these mentions state them."""
    found: dict[str, Person] = {}
    rows = await connection.execute(
        select(mention.c.mention_id, mention.c.of, mention.c.facts).where(mention.c.mention_id.in_(mention_ids))
    )
    wanted: dict[str, set[str]] = {}
    for row in rows:
        if row.facts:
            found[row.mention_id] = Person.model_validate_json(row.facts)
        else:
            wanted.setdefault(row.of, set()).add(row.mention_id)
    query = select(case_version.c.case_id, case_version.c.snapshot).where(case_version.c.case_id.in_(wanted))
    for case_id, snapshot in await connection.execute(query) if wanted else ():
        for person in Case.model_validate_json(snapshot).people:
            mention_id = f"case/{case_id}/{person.key}"
            if mention_id in wanted[case_id]:
                found[mention_id] = person
    return found


async def on_cases(connection: AsyncConnection, person_ids: Collection[str]) -> list[str]:
    """Give the ids of the cases on which any of these persons is."""
    query = (
        select(mention.c.of)
        .join(held, held.c.mention_id == mention.c.mention_id)
        .where(held.c.person_id.in_(person_ids), mention.c.kind == MentionKind.CASE.value)
        .distinct()
        .order_by(mention.c.of)
    )
    return list((await connection.execute(query)).scalars())


async def mentions_of(connection: AsyncConnection, person_ids: Collection[str]) -> dict[str, list[str]]:
    """Give for each of these persons where they are named now: on case files first, then in alerts, the oldest first of each."""
    query = (
        select(held.c.person_id, held.c.mention_id, mention.c.kind)
        .join(mention, mention.c.mention_id == held.c.mention_id)
        .where(held.c.person_id.in_(person_ids), mention.c.kind.in_((MentionKind.CASE.value, MentionKind.ALERT.value)))
        .where(mention.c.ended_at.is_(None))
        .order_by(mention.c.since, mention.c.mention_id)
    )
    found: dict[str, list[str]] = {person_id: [] for person_id in person_ids}
    rows = (await connection.execute(query)).all()
    for row in sorted(rows, key=lambda r: r.kind != MentionKind.CASE.value):
        found[row.person_id].append(row.mention_id)
    return found
