"""What became of an alert, as whoever opens it may see it: audited first, then shown (AUD-08).

Who holds cases sees the obligations of every agency on them. Who stated it and works with the children of the case sees which others have
it (OOH-07, HYP-09). Who stated it and is on no case learns that it was accepted, and never whether anybody in it is known.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle import queries
from alertbus.chronicle.answers import AlertStatus, InboxItem
from alertbus.chronicle.item_queries import ItemsAsked, items_owed
from alertbus.chronicle.item_sight import ItemShown
from alertbus.chronicle.notices_told import notices_told
from alertbus.chronicle.senders_view import NOTHING_TO_SAY, SendersView, senders_view
from alertbus.intake.callers import Caller
from alertbus.intake.intake import Intake
from alertbus.model.calendar import day_alone
from alertbus.model.errors import NotFound
from alertbus.model.item import ANSWER
from alertbus.model.notice import Notice
from alertbus.policy.policy import Policy
from alertbus.serving.former_words import former_notices
from alertbus.sql.database import Database

NO_ALERT = "no such alert; give the id that the bus answered with"
_PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class OpenedAlert:
    """An alert as its reader may see it."""

    status: AlertStatus
    senders: SendersView
    told: tuple[InboxItem, ...]
    """What the reader's own agency was told of it: an obligation each, with its latest notice."""
    owed: Mapping[str, ItemShown]
    """By obligation: the answer that is owed, with who was asked and who is next."""
    clocks: tuple[ItemShown, ...]
    """What else the alert has made somebody owe by a time."""
    stated: bool
    """The reader's agency is the one that stated it."""
    former: Mapping[str, tuple[Notice, ...]] = field(default_factory=dict)
    """By obligation: what the reader's agency was told before its source changed it, the oldest first."""


class AlertOpener:
    """Opens alerts. Every opening is on the audit chain of the caller's agency before anything is shown."""

    def __init__(self, engine: Database, intake: Intake, policy: Policy, now: Callable[[], datetime]) -> None:
        self._engine, self._intake, self._policy, self._now = engine, intake, policy, now

    async def open(self, alert_id: str, caller: Caller, *, by: str | None = None) -> OpenedAlert:
        """Open an alert, found by the bus's id, or by its source's own within what the caller may see. `by` is the person who reads.

        Raises `NotFound` for what is not theirs to see, exactly as for one that does not exist; `BrokerUnavailable` or
        `DatabaseUnavailable` where the audit cannot be written.
        """
        status, sight = await self._projected(alert_id, caller), caller.sight
        senders = await self._senders_view(status, caller)
        if status.obligations or status.cases or senders is not NOTHING_TO_SAY:
            await self._intake.audited.note(AuditedDeed.ALERT_OPENED, caller, about=[status.alert_id], reason="opened the alert", by=by)
        told = [
            await queries.obligation(self._engine, one.id, now=self._now()) for one in status.obligations if caller.acts_for(one.agency)
        ]
        stated = sight.of_source(status.source)
        hidden = any(one.notice.do_not_reveal_source for one in told) or any(one.do_not_reveal_source for one in status.obligations)
        if not stated and hidden:
            status = _by_the_day(status)
        if told and not (stated or sight.everything or any(map(sight.of_case, status.cases))):
            status = _as_told(status, told[-1])
        found = await items_owed(
            self._engine, self._policy, caller.item_sight(), ItemsAsked.ALL, alert_id=status.alert_id, now=self._now(), limit=500
        )
        return OpenedAlert(
            status=status,
            senders=senders,
            told=tuple(told),
            owed={one.id: one for one in found},
            clocks=tuple(one for one in found if one.rule != ANSWER),
            stated=stated,
            former=await self._former(told),
        )

    async def _projected(self, alert_id: str, caller: Caller) -> AlertStatus:
        """Ask the chronicle, and wait for it a moment if it does not show yet what was just accepted here.

        Nobody waits for what it has already and is not theirs: they would know by the time it takes that there is such an alert.
        """
        deadline = asyncio.get_running_loop().time() + _PATIENCE_S
        while True:
            try:
                return await queries.alert_status(self._engine, alert_id, now=self._now(), sight=caller.sight)
            except NotFound:
                there = await queries.shows_alert(self._engine, alert_id)
                if there or asyncio.get_running_loop().time() > deadline or not await self._intake.alerts.knows(alert_id):
                    raise NotFound(NO_ALERT) from None
            await asyncio.sleep(0.05)

    async def holder_of(self, alert_id: str) -> str:
        """Give who holds the cases to which an alert has come. Raises `NotFound` for no alert's own id, or where nobody was told."""
        await self._told_first(alert_id)
        return self._policy.case_holder

    async def through_glass(self, alert_id: str, caller: Caller, *, by: str) -> OpenedAlert:
        """Open an alert that is not theirs, for somebody who has broken the glass before it: as who holds the cases was told it, else as
        the first that was, and no more.

        Raises `NotFound` as `holder_of` does, and what the audit raises.
        """
        agency, status = await self._told_first(alert_id)
        await self._intake.audited.note(AuditedDeed.ALERT_OPENED, caller, about=[alert_id], reason="opened the alert by break-glass", by=by)
        told = [await queries.obligation(self._engine, one.id, now=self._now()) for one in status.obligations if one.agency == agency]
        if any(one.notice.do_not_reveal_source for one in told):
            status = _by_the_day(status)
        shown = _as_told(status, told[-1]).model_copy(update={"obligations": (), "cases": (), "review": (), "to_complete": ()})
        return OpenedAlert(
            status=shown, senders=NOTHING_TO_SAY, told=tuple(told), owed={}, clocks=(), stated=False, former=await self._former(told)
        )

    async def _former(self, told: Sequence[InboxItem]) -> Mapping[str, tuple[Notice, ...]]:
        found = {one.obligation.id: former_notices(await notices_told(self._engine, one.obligation.id)) for one in told}
        return {id_: former for id_, former in found.items() if former}

    async def _told_first(self, alert_id: str) -> tuple[str, AlertStatus]:
        status = await queries.alert_status(self._engine, alert_id, now=self._now())
        told = [one.agency for one in status.obligations]
        if status.alert_id != alert_id or not told:
            raise NotFound(NO_ALERT)
        return next(filter(self._policy.holds_cases, told), told[0]), status

    async def _senders_view(self, status: AlertStatus, caller: Caller) -> SendersView:
        """For whoever stated it, unless they see every obligation of it anyway."""
        sight = caller.sight
        if caller.agency is None or sight.everything or not status.statements or not sight.of_source(status.source):
            return NOTHING_TO_SAY
        first = status.statements[0].accepted_at
        return await senders_view(self._engine, status.alert_id, caller.agency, accepted_at=first, now=self._now())


def _as_told(status: AlertStatus, item: InboxItem) -> AlertStatus:
    """The status with kind and source as the agency's own notice has them: it may withhold both (decision 0017)."""
    shown = item.notice.obligation
    return status.model_copy(update={"kind": shown.kind, "source": shown.source, "source_id": shown.source_id})


def _by_the_day(status: AlertStatus) -> AlertStatus:
    """The status without the minutes at which it happened and was recorded, which would tell who the source is (NOT-01)."""
    said = (
        one.model_copy(update={"occurred_at": day_alone(one.occurred_at), "recorded_at": day_alone(one.recorded_at)})
        for one in status.statements
    )
    return status.model_copy(update={"statements": tuple(said)})
