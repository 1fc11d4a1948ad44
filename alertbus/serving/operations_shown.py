"""What somebody who operates the bus is shown, by page or by call: the flow, and nothing of any family (DESIGN section 17).

Who may is asked by whoever calls. Following an alert is audited by name first; the rest is counts, and polled.
"""

from collections.abc import Callable
from datetime import datetime

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle import queries
from alertbus.intake.callers import Caller
from alertbus.intake.intake import Intake
from alertbus.model.errors import NotFound
from alertbus.operations.agency_flow import AgencyFlow, AgencyFlows
from alertbus.operations.bus_state import BusState, bus_state
from alertbus.operations.following import FollowedAlert, followed
from alertbus.operations.gauges import Vitals
from alertbus.operations.plugins_used import PluginsUsed, plugins_used
from alertbus.serving.quarantine_kept import QuarantineKeeper
from alertbus.settings import Settings

LONGEST_REFERENCE = 200
NO_SUCH_ALERT = "no alert has that reference; give its sender's or the bus's id whole, and allow a moment after it was accepted"


class OperationsReader:
    """Reads for who operates. `operators` is the broker as who may put records back."""

    def __init__(self, settings: Settings, intake: Intake, vitals: Vitals, now: Callable[[], datetime], operators: str) -> None:
        self._intake, self._vitals, self._now = intake, vitals, now
        self._flows = AgencyFlows(intake.engine, intake.plugins, intake.policy, settings.channels)
        self.quarantine = QuarantineKeeper(vitals.depth, operators, intake.engine, now, intake.keys, intake.anchor)

    async def state(self) -> BusState:
        """How the bus is. Never raises for what is away."""
        return await bus_state(self._vitals)

    async def agencies(self) -> list[AgencyFlow]:
        """Raises `DatabaseUnavailable`."""
        return await self._flows.all(self._now())

    async def plugins(self) -> PluginsUsed:
        """Raises `DatabaseUnavailable`."""
        return plugins_used(self._intake.plugins, await self.agencies())

    async def find(self, reference: str) -> str:
        """Give the bus's id of the alert with this reference, its sender's or the bus's. Raises `NotFound`."""
        asked = reference.strip()
        if not asked or len(asked) > LONGEST_REFERENCE or not asked.isprintable():
            raise NotFound(NO_SUCH_ALERT)
        try:
            return (await queries.alert_status(self._intake.engine, asked, now=self._now())).alert_id
        except NotFound:
            raise NotFound(NO_SUCH_ALERT) from None

    async def follow(self, alert_id: str, caller: Caller, *, by: str | None = None) -> FollowedAlert:
        """Follow an alert through the stages; `by` is the person who looks. It is on the audit chain before anything is given.

        Raises `NotFound`; `BrokerUnavailable` or `DatabaseUnavailable` where it cannot be audited.
        """
        try:
            status = await queries.alert_status(self._intake.engine, alert_id, now=self._now())
        except NotFound:
            raise NotFound(NO_SUCH_ALERT) from None
        await self._intake.audited.note(
            AuditedDeed.ALERT_FOLLOWED, caller, about=[status.alert_id], reason="followed the alert through the stages", by=by
        )
        return await followed(self._intake.engine, self._intake.bootstrap, status)
