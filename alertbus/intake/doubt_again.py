"""A doubt whose decision was taken back is told to the front door again: review without a clock is silence (DESIGN section 14)."""

from datetime import datetime

from sqlalchemy import select, update

from alertbus.directory.case_rows import digest_of, row_of
from alertbus.directory.doubts import doubt_case_id
from alertbus.directory.tables import case_version
from alertbus.model.case import Case
from alertbus.sql.database import Transaction


async def open_doubt_again(connection: Transaction, alert_id: str, at: datetime) -> None:
    """Begin a new involvement of the front door on the case of this alert's doubt. Open still or not there, nothing happens.

    Within the caller's transaction, which holds the directory's lock; the gateway publishes the version.
    """
    case_id = doubt_case_id(alert_id)
    row = (await connection.execute(select(case_version).where(case_version.c.case_id == case_id))).one_or_none()
    before = Case.model_validate_json(row.snapshot) if row else None
    if before is None or any(one.to is None for one in before.involvements):
        return
    begun = before.involvements[-1].model_copy(update={"from_": at, "to": None})
    case = before.model_copy(update={"involvements": (*before.involvements, begun)}).learned(before, at)
    values = row_of(case, digest_of(case.as_stated()), published=False)
    await connection.execute(update(case_version).where(case_version.c.case_id == case_id).values(values))
