"""Who somebody may be: people who are alike, looked up by blocks and compared. It decides nothing."""

from collections.abc import Collection

from sqlalchemy import func, not_, or_, select

from alertbus.directory.claims import one_of
from alertbus.directory.comparing import Comparison, blocks, compare
from alertbus.directory.marks import BLOCK, case_mention, mentions_begin
from alertbus.directory.partition import MentionKind
from alertbus.directory.tables import case_version, claim, held, mention
from alertbus.model.case import Case
from alertbus.model.person import Person
from alertbus.policy.identity_rules import IdentityRules
from alertbus.sql.database import Transaction

MOST = 50
"""People compared with one person at most, those first who share most blocks. Chosen: comparing one takes 0.3 to 0.5 ms."""


async def alike(
    connection: Transaction, person: Person, scope: str, rules: IdentityRules, beside: str = ""
) -> dict[str, tuple[tuple[str, ...], Comparison]]:
    """Give the mentions of people of that exercise, or of none, who may be this person: each with its ids and how they compare.

    None of the case or alert `beside` is among them: two people of one family file are two.
    """
    found = await _sharing_blocks(connection, person, scope, beside)
    compared = {one: compare(person, other, rules) for one, other in (await people_of(connection, found)).items()}
    return {one: (found[one], comparison) for one, comparison in compared.items() if comparison.proposes}


async def _sharing_blocks(connection: Transaction, person: Person, scope: str, beside: str) -> dict[str, tuple[str, ...]]:
    """Give the mentions that share most blocks with this person, each with its ids: of a common name thousands may share one."""
    marks = [(BLOCK, digest) for digest in sorted(blocks(person))]
    if not marks:
        return {}
    own = or_(*(claim.c.mention_id.startswith(begins, autoescape=True) for begins in mentions_begin(beside)))
    most = (
        select(claim.c.mention_id)
        .where(one_of(scope, marks), claim.c.until.is_(None), not_(own))
        .group_by(claim.c.mention_id)
        .order_by(func.count().desc(), claim.c.mention_id)
        .limit(MOST)
    )
    rows = await connection.execute(select(mention.c.mention_id, mention.c.person_ids).where(mention.c.mention_id.in_(most)))
    return {row.mention_id: tuple(row.person_ids.split()) for row in rows}


async def people_of(connection: Transaction, mention_ids: Collection[str]) -> dict[str, Person]:
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
            mention_id = case_mention(case_id, person.key)
            if mention_id in wanted[case_id]:
                found[mention_id] = person
    return found


async def on_cases(connection: Transaction, person_ids: Collection[str]) -> list[str]:
    """Give the ids of the cases on which any of these persons is."""
    query = (
        select(mention.c.of)
        .join(held, held.c.mention_id == mention.c.mention_id)
        .where(held.c.person_id.in_(person_ids), mention.c.kind == MentionKind.CASE.value)
        .distinct()
        .order_by(mention.c.of)
    )
    return list((await connection.execute(query)).scalars())


async def mentions_of(connection: Transaction, person_ids: Collection[str]) -> dict[str, list[str]]:
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
