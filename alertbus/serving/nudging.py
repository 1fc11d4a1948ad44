"""Who is told, outside the desk, that something waits for them there: a link to sign in by, and nothing of what it is.

It looks at what waits as the desk shows it, for people and teams that have given an address (`Team.nudges`). Urgent news is told at once;
the rest at most every so many minutes, and while the team is there. It goes beside delivery: whatever becomes of a nudge changes nothing.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select

from alertbus.chronicle import tables
from alertbus.chronicle.answers import InboxItem
from alertbus.delivery.nudges.notify import NudgeFailed, SendsNudges
from alertbus.delivery.nudges.nudge_turns import NudgeTurn, NudgeTurns, WaitingNews, nudged_key
from alertbus.model.alert import Severity
from alertbus.model.team import NudgeAddress, Team, holds, worker_ref
from alertbus.policy.policy import Policy
from alertbus.serving.inbox_shown import InboxAsked, InboxReader
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults
from alertbus.staff.hours import is_open
from alertbus.staff.team_register import TeamRegister
from alertbus.waiting import pause

log = structlog.get_logger("alertbus.nudges")

LOOK_S = 5.0
"""Seconds between two looks (ours). A look at a bus on which nothing has changed is one number out of an index."""

LOOKS_AGAIN = timedelta(minutes=5)
"""After how long is looked again whether a team is there by now (ours)."""

LOOKED_AT = 50
"""Of what waits for one person the first so many, the most pressing first: one nudge says all of it."""


@dataclass(slots=True)
class Nudging:
    """One process's nudges. Several over one database send each once."""

    database: Database
    inbox: InboxReader
    policy: Policy
    turns: NudgeTurns
    service: SendsNudges
    link: str
    """Where they sign in."""
    now: Callable[[], datetime]
    _seen: int = -1
    _due: datetime | None = None
    _teams: int = -1

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`. Whatever goes wrong is logged by its class, and the next look comes all the same."""
        while not stop.is_set():
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001  delivery must never stop over a nudge
                log.warning("nobody could be nudged just now", error=type(error).__name__)
                self._seen = -1
            await pause(stop, LOOK_S)

    async def look(self) -> None:
        """Nudge whoever is due. Raises `DatabaseUnavailable`."""
        now, register = self.now(), TeamRegister(self.database)
        changed, teams_changed = await self._changed(), await register.changes()
        if (changed, teams_changed) == (self._seen, self._teams) and (self._due is None or now < self._due):
            return
        later: list[datetime] = []
        for team, address in _addresses(await register.all(), now):
            if not self.service.takes(address):
                continue
            every = await self._waiting(team, address)
            waiting = [one for one in every if one.urgent or self._is_there(team, now)]
            if len(waiting) < len(every):
                later.append(now + LOOKS_AGAIN)
            turn = await self.turns.take(nudged_key(team.id, address), waiting, now)
            if isinstance(turn, NudgeTurn):
                if not await self._nudged(team, address, turn):
                    later.append(now + LOOKS_AGAIN)
            elif turn is not None:
                later.append(turn)
        self._seen, self._teams, self._due = changed, teams_changed, min(later, default=None)

    async def _nudged(self, team: Team, address: NudgeAddress, turn: NudgeTurn) -> bool:
        try:
            await self.service.send(address, self.link)
        except NudgeFailed as failed:
            await self.turns.give_back(turn)
            await self.turns.count("failed")
            log.warning("a nudge was not taken; it is tried again", team=team.id, status=failed.status)
            return False
        await self.turns.count("sent")
        return True

    async def _waiting(self, team: Team, address: NudgeAddress) -> list[WaitingNews]:
        """What waits for that person, or at the team's agency. Of what is real: an exercise sends nothing out."""
        worker = worker_ref(team.agency, address.who) if address.who else None
        page = await self.inbox.page(InboxAsked(team.agency, exercise=None, worker=worker, limit=LOOKED_AT))
        return [WaitingNews(_news_at(item), self._urgent(item)) for item in page.items]

    def _urgent(self, item: InboxItem) -> bool:
        return item.obligation.severity is Severity.CRITICAL or self.policy.kind_rule(item.obligation.kind).safety

    def _is_there(self, team: Team, now: datetime) -> bool:
        return not team.hours or is_open(team.hours, now, self.policy.bank_holidays)

    async def _changed(self) -> int:
        query = select(func.coalesce(func.max(tables.obligation.c.changed), 0))
        with database_faults():
            return int(await self.database.read(lambda connection: connection.execute(query).scalar_one()))


def _addresses(teams: list[Team], now: datetime) -> Iterator[tuple[Team, NudgeAddress]]:
    """Every address of the teams there are, of nobody who is away or gone."""
    for team in teams:
        if team.exercise is not None or not holds(team, now):
            continue
        gone = {one.who for one in team.absences if holds(one, now)}
        yield from ((team, address) for address in team.nudges if address.who not in gone)


def _news_at(item: InboxItem) -> datetime:
    """When it was last put to its agency: told, told again to the next person, or asked again."""
    step = item.notice.step.at if item.notice.step else None
    return max(moment for moment in (item.since, step, item.asked_again_at) if moment is not None)
