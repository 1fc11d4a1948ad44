"""The teams of all agencies as one process has them: read once, and again when a team changes; never asked for with each notice."""

import asyncio
import time

from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults
from alertbus.staff.staffing import Staffing
from alertbus.staff.team_register import TeamRegister
from alertbus.waiting import pause

RENEW_S = 2.0
"""Seconds between two looks for a change (ours): so much later at most an absence counts. A look is one number out of a small table."""


class TeamBook:
    """`staffing` is empty until the first `renew`."""

    def __init__(self, engine: Database) -> None:
        self.staffing = Staffing()
        self._register = TeamRegister(engine)
        self._changes = 0
        self._looked = float("-inf")

    async def renew(self) -> None:
        """See whether a team has changed. Raises `DatabaseUnavailable`; what was known stays."""
        with database_faults():
            changes = await self._register.changes()
            if changes != self._changes:
                self.staffing, self._changes = Staffing(await self._register.all()), changes
        self._looked = time.monotonic()

    async def fresh(self) -> Staffing:
        """Give the teams as they were at most `RENEW_S` ago: for whoever is asked now and then."""
        if time.monotonic() - self._looked > RENEW_S:
            await self.renew()
        return self.staffing

    async def run(self, stop: asyncio.Event) -> None:
        """Keep it renewed until `stop`. Raises `DatabaseUnavailable`."""
        while not stop.is_set():
            await self.renew()
            await pause(stop, RENEW_S)
