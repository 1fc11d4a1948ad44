"""What the directory has decided and the streams have yet to hear: the gateway publishes it, within about a second."""

from sqlalchemy import func, select

from alertbus.directory.tables import case_version, revised, said
from alertbus.sql.database import Transaction


async def unheard(connection: Transaction) -> int:
    """Count the versions of cases, the persons revised and the statements about who is who that wait to be published."""
    waiting = [
        select(func.count()).select_from(case_version).where(case_version.c.published.is_(False)),
        select(func.count()).select_from(revised),
        select(func.count()).select_from(said).where(said.c.published.is_(False)),
    ]
    return sum([(await connection.execute(query)).scalar_one() for query in waiting])
