"""Claims in SQL: write what a mention claims, read everybody whom it may concern, and decide who is who among them.

All of it happens in the caller's transaction, which must hold the directory's lock (`locked`): two that decide at once
could each miss the other's half.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, insert, or_, select, text, tuple_, update

from alertbus.directory.marks import LOOK_UP_ONLY, Mark, is_number
from alertbus.directory.partition import SAID_ANEW, Mention, MentionKind, decide_who_is_who, ids_of
from alertbus.directory.tables import claim, decisions, held, mention, revised
from alertbus.sql import locks
from alertbus.sql.database import Transaction
from alertbus.sql.engine import upsert

AT_ONCE = 400
"""Marks or mentions in one query; both databases allow some 32,000 values."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What is said of somebody in one place: `mention` with its marks, when its source recorded that, and in which exercise.

    `heard_at` is when the bus accepted it; `facts` is the JSON of the person, where no case file holds it.
    """

    mention: Mention
    scope: str
    said_at: datetime
    heard_at: datetime
    facts: bytes | None = None


@dataclass(slots=True)
class Settled:
    """What came of new claims. `ids` are the persons of the mentions in question; `doubts` those they may be the same as.

    `moved` are mentions of other case files who are now others than they were. `lost` are persons of whom some mention was
    taken away: statements about them must be identified again.
    """

    ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    doubts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    joined: set[str] = field(default_factory=set)
    """Mentions by which persons who had been two became one."""
    moved: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    fresh: set[str] = field(default_factory=set)
    """Mentions that were never made before, of somebody who was not known."""
    changed: bool = False
    """Somebody who was known before is somebody else now, or is claimed by less."""


async def locked(connection: Transaction) -> None:
    """Take the directory's lock for the rest of the transaction. SQLite's transactions that write are one at a time anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": locks.DIRECTORY})


async def settle(connection: Transaction, claims: Sequence[Claimed], ended: Collection[str], scope: str, now: datetime) -> Settled:
    """Write these claims and the end of those mentions as of `now`, and decide anew about everybody whom they may concern."""
    found = Settled()
    before = await _mentions(connection, [one.mention.id for one in claims] + list(ended))
    touched = await _write(connection, claims, before, now, found)
    for mention_id in ended:
        if (gone := before.get(mention_id)) is not None:
            touched |= gone.marks
            found.lost |= set(gone.person_ids)
            await _end(connection, mention_id, gone.marks, now)
    concerned = await _neighbourhood(connection, scope, [one.mention.id for one in claims], touched)
    await _decide(connection, concerned, [one.mention.id for one in claims], found)
    if found.lost or found.changed:
        await _revise(connection, found.lost, now)
    return found


async def decide_again(connection: Transaction, asked: Sequence[tuple[str, str]], now: datetime) -> Settled:
    """Decide anew about everybody whom these mentions, each with its scope, concern.

    A rebuild decides as before, so nobody has changed, but for what had been decided and was not on Kafka yet.
    """
    done: set[str] = set()
    found = Settled()
    for mention_id, scope in asked:
        if mention_id not in done:
            concerned = await _neighbourhood(connection, scope, [mention_id], ())
            done |= {one.id for one in concerned}
            await _decide(connection, concerned, [], found)
    if found.lost:
        await _revise(connection, found.lost, now)
    return found


async def holders(connection: Transaction, scope: str, marks: Iterable[Mark]) -> dict[Mark, dict[str, tuple[str, ...]]]:
    """Give for each of these marks the mentions that claim it now, each with its person's ids."""
    return await connection.run_sync(held_by, scope, marks)


def held_by(connection: Connection, scope: str, marks: Iterable[Mark]) -> dict[Mark, dict[str, tuple[str, ...]]]:
    """The same in a transaction at hand."""
    by_system: dict[str, list[str]] = {}
    for system, value in sorted(set(marks)):
        by_system.setdefault(system, []).append(value)
    found: dict[Mark, dict[str, tuple[str, ...]]] = {}
    for system, values in by_system.items():
        for some in pieces(values):
            for value, mention_id, person_ids in connection.execute(_HELD_BY, {"scope": scope, "system": system, "some": some}):
                found.setdefault((system, value), {})[mention_id] = tuple(person_ids.split())
    return found


_HELD_BY = (
    select(claim.c.value, mention.c.mention_id, mention.c.person_ids)
    .join(mention, mention.c.mention_id == claim.c.mention_id)
    .where(claim.c.scope == bindparam("scope"), claim.c.system == bindparam("system"))
    .where(claim.c.value.in_(bindparam("some", expanding=True)), claim.c.until.is_(None))
)
"""Made once: to build it for each question cost five times what its answer does. One system at a time: SQLite reads the whole table for
pairs (system, value)."""


def one_of(scope: str, marks: Iterable[Mark]) -> ColumnElement[bool]:
    """The condition that a claim is of one of these marks, by system: SQLite reads the whole table for pairs (system, value)."""
    by_system: dict[str, list[str]] = {}
    for system, value in marks:
        by_system.setdefault(system, []).append(value)
    pairs = [and_(claim.c.scope == scope, claim.c.system == system, claim.c.value.in_(values)) for system, values in by_system.items()]
    return or_(*pairs)


def version_of(connection: Connection) -> int:
    """Give how often somebody known has turned out to be somebody else."""
    return connection.execute(_VERSION).scalar_one_or_none() or 0


_VERSION = select(decisions.c.version)


async def _write(
    connection: Transaction, claims: Sequence[Claimed], before: Mapping[str, Mention], now: datetime, found: Settled
) -> set[Mark]:
    """Write these mentions and what they claim; give the marks that are new or gone."""
    touched: set[Mark] = set()
    rows: list[dict[str, Any]] = []
    for one in claims:
        was = before.get(one.mention.id)
        known = was.marks if was else frozenset[Mark]()
        new, gone = one.mention.marks - known, known - one.mention.marks
        rows += [
            {"scope": one.scope, "system": system, "value": value, "mention_id": one.mention.id, "since": now, "until": None}
            for system, value in sorted(new)
        ]
        if gone:
            await _end_claims(connection, one.mention.id, gone, now)
        if was and any(mark[0] not in LOOK_UP_ONLY for mark in gone):
            found.lost |= set(was.person_ids)
        touched |= new | gone
    for anew in (False, True):
        mentions = [_row(one, before.get(one.mention.id)) for one in claims if (one.mention.kind in SAID_ANEW) is anew]
        changed = ["said_at", "heard_at", "ended_at", "facts", *(["since"] if anew else [])]
        if mentions:
            await connection.execute(upsert(mention, connection.dialect.name, update=changed), mentions)
    if rows:
        await connection.execute(upsert(claim, connection.dialect.name, update=["since", "until"]), rows)
    return touched


def _row(one: Claimed, before: Mention | None) -> dict[str, Any]:
    return {
        "mention_id": one.mention.id,
        "scope": one.scope,
        "kind": one.mention.kind.value,
        "of": one.mention.of,
        "since": before.since if before and one.mention.kind not in SAID_ANEW else one.mention.since,
        "said_at": one.said_at,
        "heard_at": one.heard_at,
        "person_ids": " ".join(before.person_ids) if before else "",
        "ended_at": None,
        "facts": one.facts,
    }


async def _end(connection: Transaction, mention_id: str, marks: Collection[Mark], now: datetime) -> None:
    await connection.execute(update(mention).where(mention.c.mention_id == mention_id).values(ended_at=now, person_ids="", facts=None))
    await connection.execute(delete(held).where(held.c.mention_id == mention_id))
    await _end_claims(connection, mention_id, marks, now)


async def _end_claims(connection: Transaction, mention_id: str, marks: Collection[Mark], now: datetime) -> None:
    ours = claim.c.mention_id == mention_id
    if numbers := [mark for mark in marks if is_number(mark)]:
        await connection.execute(update(claim).where(ours, tuple_(claim.c.system, claim.c.value).in_(numbers)).values(until=now))
    if others := [mark for mark in marks if not is_number(mark)]:
        await connection.execute(delete(claim).where(ours, tuple_(claim.c.system, claim.c.value).in_(others)))


async def _decide(connection: Transaction, concerned: Collection[Mention], asked: Collection[str], found: Settled) -> None:
    decided = decide_who_is_who(concerned)
    given = ids_of(decided, lambda: str(uuid4()))
    others: dict[str, tuple[str, ...]] = {}
    for one in concerned:
        now = given.get(one.id, one.person_ids)
        if one.id in asked:
            found.ids[one.id] = now
            alike = {p for c in decided.doubts.get(one.id, ()) for m in c.members for p in given.get(m.id, ())} - set(now)
            if alike or one.id in decided.of_several:
                found.doubts[one.id] = tuple(sorted(alike))
        if now != one.person_ids:
            others[one.id] = now
            _compare(one, now, asked, concerned, found)
            if one.id in decided.of_several:  # about people whose cases it has not met: none of them has its own id
                found.lost |= set(one.person_ids)
    if others:
        rows = [{"of_mention": mention_id, "now": " ".join(ids)} for mention_id, ids in others.items()]
        became = update(mention).where(mention.c.mention_id == bindparam("of_mention")).values(person_ids=bindparam("now"))
        await connection.execute(became, rows)
        for some in pieces(sorted(others)):
            await connection.execute(delete(held).where(held.c.mention_id.in_(some)))
        if holding := [{"person_id": p, "mention_id": mention_id} for mention_id, ids in others.items() for p in ids]:
            await connection.execute(insert(held), holding)


def _compare(one: Mention, now: tuple[str, ...], asked: Collection[str], concerned: Collection[Mention], found: Settled) -> None:
    """Note how a mention whose person is another now differs from what it was."""
    if not one.person_ids:
        if not any(set(now) & set(other.person_ids) for other in concerned):
            found.fresh.add(one.id)
        return
    found.changed = True
    found.lost |= set(one.person_ids) - set(now)
    if set(now) - set(one.person_ids):
        found.joined.add(one.id)
    if one.id not in asked and one.kind is MentionKind.CASE:
        found.moved[one.id] = now


async def _revise(connection: Transaction, lost: Collection[str], now: datetime) -> None:
    """Count the version up, and note of whom the streams must hear."""
    version = await connection.run_sync(version_of) + 1
    counted = upsert(decisions, connection.dialect.name, update=["version"])
    await connection.execute(counted, [{"id": 1, "version": version}])
    rows = [{"person_id": person_id, "version": version, "at": now} for person_id in sorted(lost)]
    if rows:
        await connection.execute(upsert(revised, connection.dialect.name, update=["version", "at"]), rows)


async def _neighbourhood(connection: Transaction, scope: str, mention_ids: Collection[str], marks: Collection[Mark]) -> list[Mention]:
    """Give every mention that is reached from these by shared marks, with what it claims now."""
    found: dict[str, Mention] = {}
    seen: set[Mark] = set()
    waiting = {mark for mark in marks if mark[0] not in LOOK_UP_ONLY}
    new_ids = set(mention_ids)
    while waiting or new_ids:
        for some in pieces(sorted(waiting)):
            query = select(claim.c.mention_id).where(one_of(scope, some), claim.c.until.is_(None))
            new_ids |= set((await connection.execute(query)).scalars()) - found.keys()
        seen |= waiting
        loaded = await _mentions(connection, sorted(new_ids))
        found |= loaded
        waiting = {mark for one in loaded.values() for mark in one.marks if mark[0] not in LOOK_UP_ONLY} - seen
        new_ids = set()
    return [replace(one, marks=frozenset(m for m in one.marks if m[0] not in LOOK_UP_ONLY)) for one in found.values()]


async def _mentions(connection: Transaction, mention_ids: Collection[str]) -> dict[str, Mention]:
    """Give those of the mentions that stand, with what they claim."""
    found: dict[str, Mention] = {}
    for some in pieces(list(mention_ids)):
        chosen = mention.c.mention_id.in_(some)
        marks: dict[str, set[Mark]] = {}
        query = select(claim.c.mention_id, claim.c.system, claim.c.value)
        for row in await connection.execute(query.where(claim.c.mention_id.in_(some), claim.c.until.is_(None))):
            marks.setdefault(row.mention_id, set()).add((row.system, row.value))
        for row in await connection.execute(select(mention).where(chosen, mention.c.ended_at.is_(None))):
            ids = tuple(row.person_ids.split())
            claims = frozenset(marks.get(row.mention_id, ()))
            found[row.mention_id] = Mention(row.mention_id, MentionKind(row.kind), row.of, row.since, claims, ids)
    return found


def pieces(things: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Cut into runs small enough for one query."""
    return (things[start : start + AT_ONCE] for start in range(0, len(things), AT_ONCE))


def by_case(moved: Mapping[str, tuple[str, ...]]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Sort mentions of case files by case: the person ids by key."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for mention_id, person_ids in moved.items():
        _, case_id, key = mention_id.split("/", 2)
        found.setdefault(case_id, {})[key] = person_ids
    return found
