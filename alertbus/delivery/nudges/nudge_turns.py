"""Whose turn it is to be nudged: at most one nudge in so many minutes for each address, in however many processes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from alertbus.delivery.nudges.nudge_tables import nudge_count, nudged
from alertbus.model.team import NudgeAddress
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults

SOONEST = timedelta(minutes=1)
"""Between two nudges about what is urgent (ours): one cry for three alerts that come together."""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

NudgeOutcome = Literal["sent", "failed"]


@dataclass(frozen=True, slots=True)
class WaitingNews:
    """Something that waits: since when, and whether it is urgent. Of it no more is known here."""

    since: datetime
    urgent: bool


@dataclass(frozen=True, slots=True)
class NudgeTurn:
    """A turn that this process has taken; `before`: up to when was nudged about before, for giving it back."""

    who: str
    up_to: datetime
    before: datetime | None


class NudgeTurns:
    """Over one database. Raises `DatabaseUnavailable`."""

    def __init__(self, database: Database, every: timedelta) -> None:
        self._database, self._every = database, every

    async def take(self, who: str, waiting: Sequence[WaitingNews], now: datetime) -> NudgeTurn | datetime | None:
        """Take the turn, if something new waits and long enough has passed. Else None; or when it will be their turn."""
        with database_faults():
            return await self._database.write(lambda connection: self._take(connection, who, waiting, now))

    def _take(self, connection: Connection, who: str, waiting: Sequence[WaitingNews], now: datetime) -> NudgeTurn | datetime | None:
        row = connection.execute(select(nudged).where(nudged.c.who == who)).one_or_none()
        news = [one for one in waiting if row is None or one.since > row.up_to]
        if not news:
            return None
        up_to = max(one.since for one in news)
        if row is None:
            try:
                with connection.begin_nested():
                    connection.execute(insert(nudged).values(who=who, last_at=now, up_to=up_to))
            except IntegrityError:  # another process was first
                return None
            return NudgeTurn(who, up_to, None)
        later: datetime = row.last_at + (SOONEST if any(one.urgent for one in news) else self._every)
        if now < later:
            return later
        same = (nudged.c.who == who) & (nudged.c.last_at == row.last_at) & (nudged.c.up_to == row.up_to)
        taken = connection.execute(update(nudged).where(same).values(last_at=now, up_to=up_to)).rowcount
        return NudgeTurn(who, up_to, row.up_to) if taken else None

    async def give_back(self, turn: NudgeTurn) -> None:
        """It did not go out: the same news is nudged about again when the time between two has passed."""
        before = turn.before or _NEVER
        mine = (nudged.c.who == turn.who) & (nudged.c.up_to == turn.up_to)
        with database_faults():
            await self._database.write(lambda connection: connection.execute(update(nudged).where(mine).values(up_to=before)).rowcount)

    async def count(self, outcome: NudgeOutcome) -> None:
        """Count one."""

        def write(connection: Connection) -> None:
            more = update(nudge_count).where(nudge_count.c.outcome == outcome).values(count=nudge_count.c["count"] + 1)
            if not connection.execute(more).rowcount:
                connection.execute(insert(nudge_count).values(outcome=outcome, count=1))

        with database_faults():
            await self._database.write(write)


async def nudge_counts(database: Database) -> dict[str, int]:
    """How many nudges went out and how many did not, by outcome. Raises `DatabaseUnavailable`."""
    query = select(nudge_count.c.outcome, nudge_count.c["count"])
    with database_faults():
        return await database.read(lambda connection: {outcome: int(count) for outcome, count in connection.execute(query)})


def nudged_key(team: str, address: NudgeAddress) -> str:
    """What stands for an address in the table: neither it nor a name can be read off it."""
    said = "\x1f".join((team, address.who or "", address.email or "", address.phone or ""))
    return f"{team}/{hashlib.sha256(said.encode()).hexdigest()[:32]}"
