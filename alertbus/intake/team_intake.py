"""Teams on their way into Kafka: recorded as the next version, published, and from then on who answers follows from them."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.exc import IntegrityError

from alertbus.audit.chain import AuditedDeed
from alertbus.intake.by_name import Audited
from alertbus.intake.callers import Caller
from alertbus.intake.out_of_range import must_be_in_range
from alertbus.intake.publisher import Publisher, check_sizes
from alertbus.model.errors import NotAllowed
from alertbus.model.team import Team
from alertbus.policy.human_range import AS_SHIPPED, HumanRange
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults
from alertbus.staff.team_book import TeamBook
from alertbus.staff.team_register import RecordedTeam, TeamRegister
from alertbus.wire import records

log = structlog.get_logger("alertbus.gateway")


class TeamIntake:
    """The one door for teams. `book` holds them all, for whoever asks who answers."""

    def __init__(
        self, engine: Database, publisher: Publisher, audited: Audited, now: Callable[[], datetime], allowed: HumanRange = AS_SHIPPED
    ) -> None:
        self._register, self._publisher, self._audited = TeamRegister(engine), publisher, audited
        self._now, self._allowed = now, allowed
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.book = TeamBook(engine)

    async def get(self, team_id: str) -> Team:
        """Raises `NotFound`."""
        with database_faults():
            return await self._register.get(team_id)

    async def put(self, stated: Team, caller: Caller, expected: int | None = None, *, by: str | None = None) -> Team:
        """Record a team of the caller's own agency and publish it; give the version that stands afterwards. `by`: the person whose hand it
        is, who stands on the audit.

        What only the bus may state (version, when it learned of it) is passed over. The same content again changes nothing. Raises
        `NotAllowed` for another agency's team and `VersionConflict` where another version stands than the sender read.
        """
        if not caller.staffs(stated.agency):
            raise NotAllowed("the right `staff` of this caller is for the teams of its own agency, whose name their ids begin with")
        must_be_in_range(stated.as_stated(), self._allowed, self._now())
        check_sizes([records.team_recorded(stated, self._now())])
        await self._audited.note(AuditedDeed.TEAM_RECORDED, caller, about=[stated.id], reason="recorded the team", by=by)
        async with self._turns[stated.id]:  # versions of one team follow each other on its topic
            recorded = await self._record(stated, expected)
            if recorded.publish:
                await self._publish(recorded.team)
        await self.book.renew()
        return recorded.team

    async def republish(self) -> int:
        """Publish what was recorded and is not published, by a process that ended in between. Twice it is harmless."""
        with database_faults():
            waiting = await self._register.unpublished()
        for one in waiting:
            if not self._turns[one.id].locked():
                await self._publish(one)
                log.info("team published again", agency=one.agency, version=one.version)
        return len(waiting)

    async def _record(self, stated: Team, expected: int | None) -> RecordedTeam:
        with database_faults():
            try:
                return await self._register.record(stated, self._now(), expected)
            except IntegrityError:  # PostgreSQL locks no row that is not there yet: another gateway has just written the first version
                return await self._register.record(stated, self._now(), expected)

    async def _publish(self, recorded: Team) -> None:
        await self._publisher.send(records.team_recorded(recorded, self._now()))
        with database_faults():
            await self._register.published(recorded)
