"""Step 3 of a reconciliation: what the database holds about alerts, to be compared with what they should have caused.

The chronicle's obligations and delivery's ledger, read from the tables of those rooms.
"""

from collections.abc import Collection

from sqlalchemy import func, inspect, select

from alertbus.chronicle import tables as chronicle
from alertbus.delivery.ledger.tables import ledger
from alertbus.model import watchdog
from alertbus.reconcile.judge import Holdings, NoticeInLedger
from alertbus.sql.database import Transaction

NOT_WATCHDOGS = ledger.c.case_id != watchdog.CASE_ID


async def has_ledger(connection: Transaction) -> bool:
    """Tell whether this database has a ledger: a bus without delivery has none, and then nothing is asked of it."""
    return await connection.run_sync(lambda c: inspect(c).has_table(ledger.name))


async def ledger_rows(connection: Transaction, alerts: Collection[str] | None = None) -> dict[str, NoticeInLedger] | None:
    """Give the ledger's notices by notice id, of these alerts or of all; None where there is no ledger."""
    if not await has_ledger(connection):
        return None
    row = ledger.c
    since = func.coalesce(row.done_at, row.recorded_at).label("since")
    query = select(row.notice_id, row.alert_id, row.obligation_id, row.state, since, row.seq).where(NOT_WATCHDOGS)
    if alerts is not None:
        query = query.where(row.alert_id.in_(alerts))
    rows = await connection.execute(query)
    return {one.notice_id: NoticeInLedger(one.alert_id, one.obligation_id, one.state, one.since, one.seq) for one in rows}


async def holdings_of(connection: Transaction, alerts: Collection[str]) -> Holdings:
    """Give all that is held about these alerts, which must be few enough for one query (`memory.AT_ONCE`)."""
    owed = chronicle.obligation.c
    rows = await connection.execute(select(owed.id, owed.alert_id).where(owed.alert_id.in_(alerts)))
    return Holdings({row.id: row.alert_id for row in rows}, await ledger_rows(connection, alerts))
