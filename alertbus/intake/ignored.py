"""How many messages the sources ignored, of which kind of reason: what is thrown away can be seen, without a word of what stood in it."""

from datetime import datetime
from enum import StrEnum

import structlog
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from alertbus.intake.tables import ignored as ignored_table
from alertbus.model.base import Word
from alertbus.model.errors import DatabaseUnavailable
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults, reading

log = structlog.get_logger("alertbus.gateway")

NOT_YET_KNOWN = "not yet known:"
"""How a source's reason begins when nobody has decided yet what its message means for a child. Plugins write it (`Ignored.reason`)."""


class WhyIgnored(StrEnum):
    """The classes of reasons that are counted apart. Values are metric labels and stand in the database."""

    NOT_YET_KNOWN = "not_yet_known"
    """Nobody has thought about messages of its type yet: somebody should."""
    NO_ALERT = "no_alert"
    """A rule of the source says that such a message raises nothing."""


class IgnoredCount(Word):
    """How many messages of one source were ignored for one class of reasons, and when the latest came."""

    source: str
    outcome: WhyIgnored
    count: int
    latest_at: datetime


def why_ignored(reason: str) -> WhyIgnored:
    """The class of a source's reason."""
    return WhyIgnored.NOT_YET_KNOWN if reason.strip().lower().startswith(NOT_YET_KNOWN) else WhyIgnored.NO_ALERT


async def count_ignored(engine: Database, source: str, reason: str, now: datetime) -> None:
    """Count one message. Where the database does not answer it is not counted, which the log says: its sender is answered all the same."""
    insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
    one = insert(ignored_table).values(source=source, outcome=why_ignored(reason), count=1, latest_at=now)
    counted = one.on_conflict_do_update(
        index_elements=["source", "outcome"],
        set_={"count": ignored_table.c.count + 1, "latest_at": one.excluded.latest_at},
    )
    try:
        with database_faults():
            async with engine.begin() as connection:
                await connection.execute(counted)
    except DatabaseUnavailable:
        log.warning("a message that its source ignored was not counted: the database does not answer", plugin=source)


async def ignored_counts(engine: Database) -> list[IgnoredCount]:
    """Every count, by source and outcome. Raises `DatabaseUnavailable`."""
    query = select(ignored_table).order_by(ignored_table.c.source, ignored_table.c.outcome)
    with database_faults():
        async with reading(engine) as connection:
            return [IgnoredCount.model_validate(row, from_attributes=True) for row in await connection.execute(query)]
