"""Which agencies delivery leaves alone at this moment, because their systems do not answer: what its workers said with their heartbeats.

A worker says it every few seconds, and a circuit is its own knowledge: with several workers one may try while another does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from alertbus.delivery.ledger.tables import beat
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults, reading


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """Since when an agency's circuit is not closed, and until when nothing is sent there; after that one message is, to see."""

    since: datetime
    until: datetime


async def left_alone(engine: Database) -> Mapping[str, LeftAlone]:
    """Give the agencies that any worker leaves alone; of several, what the one says that found it first. Raises `DatabaseUnavailable`."""
    with database_faults():
        async with reading(engine) as connection:
            said = (await connection.execute(select(beat.c.circuits).where(beat.c.circuits.is_not(None)))).scalars().all()
    found: dict[str, LeftAlone] = {}
    for circuits in said:
        for agency, one in circuits.items():
            alone = LeftAlone(datetime.fromisoformat(one["since"]), datetime.fromisoformat(one["until"]))
            if agency not in found or alone.since < found[agency].since:
                found[agency] = alone
    return found
