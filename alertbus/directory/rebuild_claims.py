"""Claims written in bulk, as they were decided: for a rebuild, where thousands of mentions come at once and nothing is decided anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from alertbus.directory.claims import Claimed, pieces
from alertbus.directory.marks import Mark, is_number
from alertbus.directory.partition import SAID_ANEW
from alertbus.directory.tables import claim, held, mention
from alertbus.sql.database import Transaction
from alertbus.sql.engine import upsert

Spans = dict[Mark, tuple[datetime, datetime | None]]
"""By mark, since when it is claimed and until when; None while it stands."""


@dataclass(frozen=True, slots=True)
class ClaimedVersion:
    """All that one case, alert or statement claims from a moment on. What it claimed before and does not now ends then."""

    of: str
    at: datetime
    claims: Sequence[Claimed]


async def write_claims(connection: Transaction, versions: Sequence[ClaimedVersion]) -> None:
    """Write these in their order."""
    rows, spans = await _standing(connection, sorted({version.of for version in versions}))
    for version in versions:
        here = {one.mention.id: one for one in version.claims}
        for mention_id in [m for m, row in rows.items() if row["of"] == version.of and m not in here and row["ended_at"] is None]:
            rows[mention_id] |= {"ended_at": version.at, "person_ids": "", "facts": None}
            _change(spans[mention_id], frozenset(), version.at)
        for mention_id, one in here.items():
            known = mention_id in rows and one.mention.kind not in SAID_ANEW
            since = rows[mention_id]["since"] if known else one.mention.since
            rows[mention_id] = _row(one, since)
            _change(spans.setdefault(mention_id, {}), one.mention.marks, version.at)
    await _write(connection, rows, spans)


def _row(one: Claimed, since: datetime) -> dict[str, Any]:
    return {
        "mention_id": one.mention.id,
        "scope": one.scope,
        "kind": one.mention.kind.value,
        "of": one.mention.of,
        "since": since,
        "said_at": one.said_at,
        "heard_at": one.heard_at,
        "person_ids": " ".join(one.mention.person_ids),
        "ended_at": None,
        "facts": one.facts,
    }


def _change(spans: Spans, marks: frozenset[Mark], at: datetime) -> None:
    for mark, (since, until) in list(spans.items()):
        if until is None and mark not in marks:
            if is_number(mark):
                spans[mark] = (since, at)
            else:
                del spans[mark]
    for mark in marks:
        if spans.get(mark, (at, at))[1] is not None:
            spans[mark] = (at, None)


async def _standing(connection: Transaction, owners: Sequence[str]) -> tuple[dict[str, dict[str, Any]], dict[str, Spans]]:
    rows: dict[str, dict[str, Any]] = {}
    spans: dict[str, Spans] = {}
    for some in pieces(owners):
        for found in (await connection.execute(select(mention).where(mention.c.of.in_(some)))).mappings():
            rows[found["mention_id"]] = dict(found)
            spans[found["mention_id"]] = {}
    for some in pieces(sorted(rows)):
        for row in await connection.execute(select(claim).where(claim.c.mention_id.in_(some))):
            spans[row.mention_id][row.system, row.value] = (row.since, row.until)
    return rows, spans


async def _write(connection: Transaction, rows: dict[str, dict[str, Any]], spans: dict[str, Spans]) -> None:
    for some in pieces(sorted(rows)):
        await connection.execute(delete(claim).where(claim.c.mention_id.in_(some)))
        await connection.execute(delete(held).where(held.c.mention_id.in_(some)))
    if rows:
        columns = [column.name for column in mention.columns if not column.primary_key]
        await connection.execute(upsert(mention, connection.dialect.name, update=columns), list(rows.values()))
        claims = [
            {"scope": rows[m]["scope"], "system": system, "value": value, "mention_id": m, "since": since, "until": until}
            for m, theirs in spans.items()
            for (system, value), (since, until) in theirs.items()
        ]
        holding = [{"person_id": p, "mention_id": m} for m, row in rows.items() for p in row["person_ids"].split()]
        for table, found in ((claim, claims), (held, holding)):
            if found:
                await connection.execute(upsert(table, connection.dialect.name), found)
