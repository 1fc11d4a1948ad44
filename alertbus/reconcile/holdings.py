"""What the database holds about alerts, for a reconciliation to compare: the chronicle's obligations, delivery's ledger."""

from collections.abc import Collection

from sqlalchemy import BigInteger, String, column, func, inspect, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from alertbus.chronicle import tables
from alertbus.model import watchdog
from alertbus.reconcile.judge import Projected, Row
from alertbus.sql.engine import UtcDateTime

# The delivery room's table, by the words that a reconciliation needs: this room may not import that one.
LEDGER = table(
    "ledger",
    column("seq", BigInteger),
    column("notice_id", String),
    column("obligation_id", String),
    column("alert_id", String),
    column("case_id", String),
    column("state", String),
    column("recorded_at", UtcDateTime),
    column("done_at", UtcDateTime),
)

NOT_WATCHDOGS = LEDGER.c.case_id != watchdog.CASE_ID


async def has_ledger(connection: AsyncConnection) -> bool:
    return await connection.run_sync(lambda c: inspect(c).has_table(LEDGER.name))


async def ledger_rows(connection: AsyncConnection, alerts: Collection[str] | None = None) -> dict[str, Row] | None:
    """By notice, of these alerts or of all; None where there is no delivery."""
    if not await has_ledger(connection):
        return None
    since = func.coalesce(LEDGER.c.done_at, LEDGER.c.recorded_at).label("since")
    query = select(LEDGER.c.notice_id, LEDGER.c.alert_id, LEDGER.c.obligation_id, LEDGER.c.state, since).where(NOT_WATCHDOGS)
    if alerts is not None:
        query = query.where(LEDGER.c.alert_id.in_(alerts))
    return {row.notice_id: Row(row.alert_id, row.obligation_id, row.state, row.since) for row in await connection.execute(query)}


async def projected(connection: AsyncConnection, alerts: Collection[str]) -> Projected:
    """All that is held about these alerts; at most as many as fit one query."""
    owed = tables.obligation.c
    rows = await connection.execute(select(owed.id, owed.alert_id).where(owed.alert_id.in_(alerts)))
    return Projected({row.id: row.alert_id for row in rows}, await ledger_rows(connection, alerts))
