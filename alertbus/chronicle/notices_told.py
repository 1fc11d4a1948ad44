"""Every notice that an agency was given of one obligation, in the order in which they were written: what it was told, and what now."""

from sqlalchemy import Connection, select

from alertbus.chronicle import tables
from alertbus.chronicle.views import answered
from alertbus.model.notice import Notice
from alertbus.sql.database import Database


async def notices_told(engine: Database, obligation_id: str) -> list[Notice]:
    """Give them, each as it was minimised for its agency then. What is withheld by now may stand in an earlier one."""
    told = tables.notice.c
    query = select(told.body).where(told.obligation_id == obligation_id).order_by(told.position)

    def found(connection: Connection) -> list[Notice]:
        return [Notice.model_validate_json(body) for body in connection.execute(query).scalars()]

    return await answered(engine, found)
