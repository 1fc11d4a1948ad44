"""Statements about who is who: that people are one, or are not. Accepted once, and taken back by their source if need be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from alertbus.directory.case_rows import identify_on_cases
from alertbus.directory.claims import Claimed, by_case, locked, settle
from alertbus.directory.marks import marks_pointed_at
from alertbus.directory.partition import Mention, MentionKind
from alertbus.directory.rebuild_claims import ClaimedVersion
from alertbus.directory.tables import claim, held, mention, said
from alertbus.model import ids
from alertbus.model.errors import NotFound
from alertbus.model.identifiers import Identifier
from alertbus.model.identity import PersonMerged, PersonPointer, PersonSplit
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import reading, upsert

WhoIsWho = PersonMerged | PersonSplit

_TYPES: dict[str, type[PersonMerged] | type[PersonSplit]] = {PersonMerged.type: PersonMerged, PersonSplit.type: PersonSplit}


@dataclass(frozen=True, slots=True)
class AcceptedWhoIsWho:
    """A statement as accepted: its people pointed at by numbers and mentions, never by an id. `repeated`: it stood already."""

    said: WhoIsWho
    repeated: bool


class WhoIsWhoRegister:
    """The register of such statements over one database."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def accept(self, stated: WhoIsWho, now: datetime) -> AcceptedWhoIsWho:
        """Accept a statement, and decide anew about everybody whom it concerns. One recorded earlier than what stands changes nothing.

        Raises `NotFound` for a pointer at somebody who is not known. It is unpublished until `published` is called.
        """
        async with self._engine.begin() as connection:
            await locked(connection)
            resolved = stated.model_copy(update={"people": tuple([await _resolved(connection, p) for p in stated.people])})
            row = row_of_said(resolved, published=False)
            standing = (await connection.execute(select(said.c.body).where(said.c.id == row["id"]))).scalar_one_or_none()
            known = read_said(standing) if standing else None
            if known is not None and (known == resolved or known.at > resolved.at):
                return AcceptedWhoIsWho(known, repeated=True)
            await connection.execute(upsert(said, connection.dialect.name, update=["body", "published"]), [row])
            one = said_mention(resolved)
            claims, ended = ([], [one.mention.id]) if stated.taken_back else ([one], [])
            settled = await settle(connection, claims, ended, one.scope, stated.at)
            await identify_on_cases(connection, by_case(settled.moved), now)
            return AcceptedWhoIsWho(resolved, repeated=False)

    async def standing(self, kind: type[WhoIsWho], source: str, said_id: str, exercise: str | None) -> WhoIsWho | None:
        """Give the statement of this source and id as it stands, taken back or not; None if it was never made."""
        async with reading(self._engine) as connection:
            query = select(said.c.body).where(said.c.id == ids.event_id(kind.type, exercise or "", source, said_id))
            body = (await connection.execute(query)).scalar_one_or_none()
        return None if body is None else read_said(body)

    async def unpublished(self) -> list[WhoIsWho]:
        async with reading(self._engine) as connection:
            rows = await connection.execute(select(said.c.body).where(said.c.published.is_(False)))
            return [read_said(body) for body in rows.scalars()]

    async def published(self, told: Sequence[WhoIsWho]) -> None:
        async with self._engine.begin() as connection:
            for one in told:
                row = row_of_said(one, published=True)
                same = (said.c.id == row["id"]) & (said.c.body == row["body"])
                await connection.execute(update(said).where(same).values(published=True))


def said_mention(stated: WhoIsWho) -> Claimed:
    """Give the statement as a mention: of nobody by itself, it joins those that it points at, or parts them."""
    kind = MentionKind.MERGE if isinstance(stated, PersonMerged) else MentionKind.SPLIT
    own = f"said/{_id_of(stated)}"
    return Claimed(Mention(own, kind, own, stated.at, marks_pointed_at(stated.people)), stated.exercise or "", stated.at, stated.at)


def version_of_said(stated: WhoIsWho) -> ClaimedVersion:
    """Give what the statement claims from when it was recorded: nothing, if it takes itself back."""
    one = said_mention(stated)
    return ClaimedVersion(one.mention.of, stated.at, () if stated.taken_back else (one,))


def row_of_said(stated: WhoIsWho, *, published: bool) -> dict[str, Any]:
    body = stated.type.encode() + b"\n" + stated.model_dump_json(exclude_defaults=True).encode()
    return {"id": _id_of(stated), "body": body, "published": published}


def read_said(body: bytes) -> WhoIsWho:
    type_, _, data = body.partition(b"\n")
    return _TYPES[type_.decode()].model_validate_json(data)


def _id_of(stated: WhoIsWho) -> str:
    return ids.event_id(stated.type, stated.exercise or "", stated.source, stated.id)


async def _resolved(connection: Transaction, pointer: PersonPointer) -> PersonPointer:
    """Point at a mention or a number instead of an id: ids change hands when somebody turns out to be somebody else."""
    if pointer.person_id is None:
        return pointer
    query = (
        select(mention.c.mention_id, mention.c.kind)
        .join(held, held.c.mention_id == mention.c.mention_id)
        .where(held.c.person_id == pointer.person_id, mention.c.ended_at.is_(None))
        .order_by(mention.c.since, mention.c.mention_id)
    )
    found = (await connection.execute(query)).all()
    for row in sorted(found, key=lambda r: r.kind != MentionKind.CASE.value):
        kind, _, rest = row.mention_id.partition("/")
        if kind == "case":
            case_id, _, key = rest.partition("/")
            return PersonPointer(case_id=case_id, key=key)
        if kind == "alert":
            alert_id, _, entry = rest.partition("/")
            return PersonPointer(alert_id=alert_id, entry=int(entry))
        numbers = select(claim.c.system, claim.c.value).where(claim.c.mention_id == row.mention_id, claim.c.until.is_(None))
        for number in await connection.execute(numbers.order_by(claim.c.system, claim.c.value)):
            return PersonPointer(identifier=Identifier(system=number.system, value=number.value))
    raise NotFound("no person of that id; ids are shown by `alertbus review show`")
