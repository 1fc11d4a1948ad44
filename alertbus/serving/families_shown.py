"""The families of whoever asks, as a list: that it was looked at is audited, by case, before it is shown."""

from collections.abc import Callable
from datetime import datetime

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle.families import FamiliesAsked, FamiliesPage, families
from alertbus.intake.callers import Caller
from alertbus.intake.intake import Intake
from alertbus.model.errors import Fault, InvalidInput
from alertbus.model.rights import Right
from alertbus.policy.policy import Policy
from alertbus.sql.database import Database


class FamiliesReader:
    """Lists families: for who holds cases those of their areas, for anybody else those on which their agency is active."""

    def __init__(self, engine: Database, intake: Intake, policy: Policy, now: Callable[[], datetime]) -> None:
        self._engine, self._intake, self._policy, self._now = engine, intake, policy, now

    async def page(
        self, caller: Caller, asked: FamiliesAsked, *, limit: int, after: str | None = None, by: str | None = None
    ) -> FamiliesPage:
        """Give a page. `by` is the person who reads. Raises `NotAllowed` for who neither receives nor holds cases."""
        holds = Right.HOLD_CASES in caller.rights
        if not holds:
            caller.must(Right.RECEIVE)
            if caller.agency is None:
                raise InvalidInput([Fault("agency", "the agency whose families are asked for", "missing")])
        found = await families(self._engine, self._policy, caller.item_sight(), asked, now=self._now(), limit=limit, after=after)
        about = [one.case_id for one in found.families]
        if about:
            await self._intake.audited.note(AuditedDeed.FAMILIES_LISTED, caller, about=about, reason="listed families", by=by)
        return found
