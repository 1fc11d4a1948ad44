"""The chronicle as a process: reads every topic it needs, and mends itself from Kafka when its tables are behind."""

import asyncio
from collections.abc import Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from alertbus.broker.consumer import Received, consume
from alertbus.chronicle.projector import TOPICS, Behind, apply, read
from alertbus.chronicle.rebuild import make_tables, replay
from alertbus.sql.engine import database_faults

GROUP = "alertbus-chronicle"

log = structlog.stdlib.get_logger(__name__)


async def run_chronicle(bootstrap: str, engine: AsyncEngine, stop: asyncio.Event, *, group: str = GROUP) -> None:
    """Project until `stop`. Offsets are committed after the rows; several of these may run on one database.

    Raises `DatabaseUnavailable` or `BrokerFault`, nothing of the batch committed: let the process end and start again.
    """
    await make_tables(engine)

    async def handle(batch: Sequence[Received]) -> None:
        facts = read(batch)
        with database_faults():
            try:
                async with engine.begin() as connection:
                    await apply(connection, facts)
            except Behind:
                # The group's offsets are ahead of the tables: dropped, restored from a backup, or rebuilt meanwhile.
                log.warning("the chronicle is behind its offsets; replaying")
                count = await replay(bootstrap, engine)
                log.info("the chronicle has caught up", count=count)
                async with engine.begin() as connection:
                    await apply(connection, facts)

    await consume(bootstrap, group, TOPICS, handle, stop=stop, max_records=_BATCH)


_BATCH = 1_000  # one transaction, one commit: a synced write to disk per batch
