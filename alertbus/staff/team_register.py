"""Teams as recorded: the next version of one, in a transaction, before anything is sent to Kafka."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from alertbus.model.base import INSTANT, plus
from alertbus.model.errors import Fault, InvalidInput, NotFound, VersionConflict
from alertbus.model.team import Team
from alertbus.sql.database import Database
from alertbus.staff.tables import standing_team


@dataclass(frozen=True, slots=True)
class RecordedTeam:
    """A team as it stands; `publish` says whether Kafka has yet to hear of it."""

    team: Team
    publish: bool


class TeamRegister:
    """The register over one database."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def record(self, stated: Team, at: datetime, expected: int | None) -> RecordedTeam:
        """Record what an agency states of its team as the next version. The same content again is the version that stands.

        `expected` is the version that the sender read (0: none yet; None: whatever stands). Raises `VersionConflict` when another one
        stands, and `InvalidInput` for the id of a new team that holds a name of somebody in it.
        """
        stated = stated.as_stated()
        digest = digest_of(stated)

        def write(connection: Connection) -> RecordedTeam:
            row = connection.execute(select(standing_team).where(standing_team.c.team_id == stated.id).with_for_update()).one_or_none()
            before = None if row is None else Team.model_validate_json(row.snapshot)
            stands = 0 if before is None else before.version
            if expected is not None and expected != stands:
                raise VersionConflict(f'team version {stands} stands; read it, apply the change to it, and send If-Match: "{stands}".')
            if before is not None and row is not None and row.digest == digest:
                return RecordedTeam(before, publish=not row.published)
            if before is None and stated.id_tells:
                raise InvalidInput(
                    [Fault("id", "a word that is no name of anybody in the team: it stands in addresses and logs", "id_tells")]
                )
            known = at if before is None or before.known_at is None else max(at, plus(before.known_at, INSTANT))
            recorded = stated.model_copy(update={"version": stands + 1, "known_at": known})
            values = row_of(recorded, digest, published=False)
            same = standing_team.c.team_id == stated.id
            connection.execute(insert(standing_team).values(values) if row is None else update(standing_team).where(same).values(values))
            return RecordedTeam(recorded, publish=True)

        return await self._engine.write(write)

    async def published(self, recorded: Team) -> None:
        """Mark this version as published, unless a later one stands."""
        same = (standing_team.c.team_id == recorded.id) & (standing_team.c.version == recorded.version)
        await self._engine.write(lambda connection: connection.execute(update(standing_team).where(same).values(published=True)).rowcount)

    async def unpublished(self) -> list[Team]:
        return await self._read(standing_team.c.published.is_(False))

    async def get(self, team_id: str) -> Team:
        found = await self._read(standing_team.c.team_id == team_id)
        if not found:
            raise NotFound("no such team of yours")
        return found[0]

    async def all(self) -> list[Team]:
        return await self._read()

    async def changes(self) -> int:
        """Give a number that grows with every change of any team."""
        query = select(func.coalesce(func.sum(standing_team.c.version), 0))
        return int(await self._engine.read(lambda connection: connection.execute(query).scalar_one()))

    async def _read(self, *conditions: Any) -> list[Team]:
        query = select(standing_team.c.snapshot).where(*conditions).order_by(standing_team.c.team_id)
        snapshots = await self._engine.read(lambda connection: list(connection.execute(query).scalars()))
        return [Team.model_validate_json(snapshot) for snapshot in snapshots]


def digest_of(stated: Team) -> str:
    """Hash a team as its agency stated it: the same content sent again has the same digest."""
    return hashlib.sha256(stated.model_dump_json(by_alias=True, exclude_defaults=True).encode()).hexdigest()


def row_of(recorded: Team, digest: str, *, published: bool) -> dict[str, Any]:
    return {
        "team_id": recorded.id,
        "agency": recorded.agency,
        "version": recorded.version,
        "snapshot": recorded.model_dump_json(by_alias=True, exclude_defaults=True).encode(),
        "digest": digest,
        "published": published,
    }
