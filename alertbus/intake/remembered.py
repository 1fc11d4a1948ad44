"""What the intake remembers of the statements it accepted: one question for a whole batch, and one write. Plain functions over a
connection, for the database's own threads.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from sqlalchemy import Connection, Insert, bindparam, func, select

from alertbus.intake.tables import accepted
from alertbus.sql.engine import upsert


@dataclass(slots=True)
class Remembered:
    """What was known of a batch's statements before it, and, as they are decided, of those in it."""

    digests: dict[str, str] = field(default_factory=dict)
    """By statement id."""
    span: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    """By alert id: the moments at which its first and its latest statement count."""


# Made once: building a statement costs more than a row of it.
_DIGESTS = select(accepted.c.statement_id, accepted.c.digest).where(accepted.c.statement_id.in_(bindparam("ids", expanding=True)))
_SPANS = (
    select(accepted.c.alert_id, func.min(accepted.c.at), func.max(accepted.c.at))
    .where(accepted.c.alert_id.in_(bindparam("ids", expanding=True)))
    .group_by(accepted.c.alert_id)
)


def recall(connection: Connection, statements: Collection[str], corrected: Collection[str] = ()) -> Remembered:
    """Give the digest of each of these statements that was accepted, and the span of each of these alerts."""
    found = Remembered()
    if statements:
        found.digests = dict(connection.execute(_DIGESTS, {"ids": list(statements)}).all())
    if corrected:
        found.span = {alert_id: (first, last) for alert_id, first, last in connection.execute(_SPANS, {"ids": list(corrected)})}
    return found


def remember(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    """Write the rows of statements that the broker has acknowledged; one that is there stays as it is."""
    connection.execute(_insert(connection.dialect.name), rows)


@cache
def _insert(dialect_name: str) -> Insert:
    return upsert(accepted, dialect_name)
