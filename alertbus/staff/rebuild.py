"""The register of teams, written again from its topic: of each team the version that stands."""

from collections.abc import Iterable
from typing import Any

from alertbus.model.team import Team
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import upsert
from alertbus.sql.rebuild import Restore
from alertbus.staff.tables import standing_team
from alertbus.staff.team_register import digest_of, row_of
from alertbus.wire.reading import Understood
from alertbus.wire.words import words

WORDS = words(Team.type)


class StaffRestore(Restore):
    """Reads teams. Of two versions the higher one stands, in whatever order they were written."""

    async def begin(self, connection: Transaction) -> None:
        """Need nothing beforehand."""

    def read(self, batch: Iterable[Understood]) -> list[dict[str, Any]]:
        found: dict[str, Team] = {}
        for understood in batch:
            match understood.word:
                case Team() as one if one.id not in found or found[one.id].version < one.version:
                    found[one.id] = one
                case _:
                    pass
        return [row_of(one, digest_of(one.as_stated()), published=True) for one in found.values()]

    async def write(self, connection: Transaction, rows: list[dict[str, Any]]) -> None:
        if rows:
            columns = [column.name for column in standing_team.c if not column.primary_key]
            await connection.execute(upsert(standing_team, connection.dialect.name, update=columns, newer="version"), rows)

    async def finish(self, engine: Database) -> None:
        """Every row is whole by itself."""
