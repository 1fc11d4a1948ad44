"""What is said about who is who: that people are one, or are not. Recorded, on the broker, and what follows from it published."""

from collections.abc import Callable
from datetime import datetime

from alertbus.directory.who_is_who import WhoIsWho, WhoIsWhoRegister
from alertbus.intake.cases import CaseIntake
from alertbus.intake.out_of_range import must_be_in_range
from alertbus.intake.publisher import Publisher
from alertbus.policy.human_range import AS_SHIPPED, HumanRange
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults
from alertbus.wire import records


class WhoIsWhoIntake:
    """The one door for such statements. The same one again has no second effect."""

    def __init__(
        self,
        engine: Database,
        publisher: Publisher,
        cases: CaseIntake,
        now: Callable[[], datetime],
        allowed: HumanRange = AS_SHIPPED,
    ) -> None:
        self._register, self._publisher, self._cases, self._now = WhoIsWhoRegister(engine), publisher, cases, now
        self._allowed = allowed

    async def accept(self, stated: WhoIsWho) -> bool:
        """Accept a statement and publish what follows from it; give whether it had been accepted before.

        Raises `InvalidInput` for a moment outside the policy's human range, `NotFound` where it points at a person who is not known, and
        `Unavailable` when it is not durable in time: sent again it has no second effect.
        """
        must_be_in_range(stated, self._allowed, self._now())
        with database_faults():
            accepted = await self._register.accept(stated, self._now())
        await self.republish()
        return accepted.repeated

    async def republish(self) -> int:
        """Publish what was recorded and is not published: the statements, then the cases whose people they made others."""
        with database_faults():
            waiting = await self._register.unpublished()
        if waiting:
            await self._publisher.send(*map(records.about_who_is_who, waiting))
            with database_faults():
                await self._register.published(waiting)
        await self._cases.republish()
        return len(waiting)
