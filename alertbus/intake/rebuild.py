"""The intake's tables, written again from Kafka: accepted statements, so that they have no second effect, and messages kept for review."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from alertbus.broker import topics
from alertbus.intake import tables
from alertbus.intake.alerts import digest_of, row_of
from alertbus.intake.messages import row_of as raw_row
from alertbus.model.alert import AcceptedAlert
from alertbus.model.events import ALERT_ACCEPTED, MessageKept
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import upsert
from alertbus.sql.rebuild import Restore
from alertbus.wire.reading import Understood
from alertbus.wire.words import words

WORDS = words(ALERT_ACCEPTED, MessageKept.type)


@dataclass(slots=True)
class IntakeRows:
    """The rows that follow from a batch of records."""

    accepted: list[dict[str, Any]] = field(default_factory=list)
    raw: list[dict[str, Any]] = field(default_factory=list)


class GatewayRestore(Restore):
    """Reads alerts, and the raw messages in quarantine. What was written twice counts as it was written first, as everywhere."""

    async def begin(self, connection: Transaction) -> None:
        """Need nothing beforehand."""

    def read(self, batch: Iterable[Understood]) -> IntakeRows:
        rows = IntakeRows()
        for understood in batch:
            match understood.word:
                case AcceptedAlert() as accepted if understood.record.topic == topics.ALERTS:
                    rows.accepted.append(row_of(accepted, digest_of(accepted.alert)))
                case MessageKept() as kept:
                    rows.raw.append(raw_row(kept))
                case _:
                    pass
        return rows

    async def write(self, connection: Transaction, rows: IntakeRows) -> None:
        for table, found in ((tables.accepted, rows.accepted), (tables.raw, rows.raw)):
            if found:
                await connection.execute(upsert(table, connection.dialect.name), found)

    async def finish(self, engine: Database) -> None:
        """Every row is whole by itself."""
