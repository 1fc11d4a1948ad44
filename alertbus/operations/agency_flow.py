"""How delivery to each agency goes: by which channel and adapter, what waits, what has failed and why. Agencies are organisations; nothing
here is about a person.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import AwareDatetime
from sqlalchemy import func, select

from alertbus.channel_settings import ChannelSettings
from alertbus.chronicle import tables
from alertbus.chronicle.tables import ObligationState
from alertbus.chronicle.views import answered
from alertbus.delivery.ledger.tables import ledger
from alertbus.model import watchdog
from alertbus.model.base import Word
from alertbus.operations.circuits import LeftAlone, left_alone
from alertbus.operations.undelivered import Undelivered, undelivered
from alertbus.plugin.manager import Plugins
from alertbus.policy.policy import INBOX, UNKNOWN_SECTOR, Policy
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults, reading

LIMIT_S = 3.0
"""Seconds that the counts may take. Half a million obligations took 0.8 s at most (SQLite, two busy cores, 2026-11-30)."""

KEPT_S = 30.0
"""For how long the counts of what each agency has are kept. Chosen: they read the index of all obligations, and change little in half a
minute; what waits and what fails is asked afresh each time.
"""

_REACHED = frozenset(
    {
        ObligationState.SENT,
        ObligationState.ACCEPTED,
        ObligationState.SEEN,
        ObligationState.ESCALATED,
        ObligationState.PASSED_ON,
        ObligationState.NOT_OURS,
    }
)


class AgencyFlow(Word):
    """One agency. Counts are of what is real, not of exercises; those of the chronicle are None where they are not known just now."""

    agency: str
    sector: str
    channel: str
    """`inbox`, `webhook` or `file`."""
    fallback: str
    plugin: str
    """Whose adapter makes its messages, with its version."""
    adapter: str
    own_adapter: bool
    """False: no plugin is for its sector, so the bus's own plain message is sent."""
    answered: int | None = None
    with_them: int | None = None
    """Delivered, or asked again, and not answered yet."""
    waiting: int = 0
    oldest_s: float | None = None
    """How long the first of those that wait has waited."""
    failures: tuple[Undelivered, ...] = ()
    last_trouble: tuple[str, ...] = ()
    """Classes of error of what is still tried."""
    left_alone_since: AwareDatetime | None = None
    """Since when a delivery worker sends it nothing, because its system did not answer (an open circuit); None: it is sent what is due."""
    tried_again_at: AwareDatetime | None = None
    """When one message will be sent to see whether it answers again, if that is not yet."""

    @property
    def failing(self) -> int:
        """The obligations that are undelivered."""
        return sum(one.count for one in self.failures)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing waits for it, and nothing is wrong."""
        return not (self.failures or self.waiting or self.left_alone_since)


@dataclass(slots=True)
class _Waits:
    count: int = 0
    oldest: datetime | None = None
    troubles: tuple[str, ...] = ()


class AgencyFlows:
    """Asks ledger and chronicle. `channels` are the settings of this process: where parts have others, they say what this one would do."""

    def __init__(self, engine: Database, plugins: Plugins, policy: Policy, channels: Mapping[str, ChannelSettings]) -> None:
        self._engine, self._plugins, self._policy, self._channels = engine, plugins, policy, channels
        self._counts: dict[str, dict[str, int]] = {}
        self._counted = 0.0

    async def all(self, now: datetime) -> list[AgencyFlow]:
        """Give every agency of the policy, and every other that was ever told of something: those in trouble first.

        Raises `DatabaseUnavailable`.
        """
        waiting, failing, alone = await self._waiting(), await self._failing(), await left_alone(self._engine)
        counts = await self._by_state()
        names = {*self._policy.agencies, *waiting, *failing, *(counts or ()), *alone} - {watchdog.AGENCY}
        found = []
        for name in sorted(names):
            states = None if counts is None else counts.get(name, {})
            flow = self._flow(name, waiting.get(name, _Waits()), failing.get(name, ()), states, now)
            found.append(_left_alone(flow, alone[name], now) if name in alone else flow)
        return sorted(found, key=lambda one: (-one.failing, one.left_alone_since is None, -(one.oldest_s or 0.0), one.agency))

    def _flow(
        self, agency: str, waits: _Waits, failures: tuple[Undelivered, ...], states: Mapping[str, int] | None, now: datetime
    ) -> AgencyFlow:
        sector = self._policy.agency(agency).sector
        adapter = self._plugins.adapter_for(sector)
        return AgencyFlow(
            agency=agency,
            sector=sector,
            channel=channel_of(agency, self._channels),
            fallback=self._policy.fallback_of(agency),
            plugin=self._plugins.made_by(adapter),
            adapter=adapter.name,
            own_adapter=sector != UNKNOWN_SECTOR and sector in self._plugins.adapters,
            answered=None if states is None else states.get(ObligationState.ACKNOWLEDGED, 0),
            with_them=None if states is None else sum(states.get(state, 0) for state in _REACHED),
            waiting=waits.count,
            oldest_s=None if waits.oldest is None else max(0.0, (now - waits.oldest).total_seconds()),
            failures=failures,
            last_trouble=waits.troubles,
        )

    async def _waiting(self) -> dict[str, _Waits]:
        row = ledger.c
        oldest = func.min(row.recorded_at, type_=row.recorded_at.type)
        query = select(row.agency, row.error_class, func.count(), oldest).where(row.done_at.is_(None)).group_by(row.agency, row.error_class)
        found: defaultdict[str, _Waits] = defaultdict(_Waits)
        with database_faults():
            async with reading(self._engine) as connection:
                for agency, error, count, since in await connection.execute(query):
                    one = found[agency]
                    one.count += count
                    one.oldest = since if one.oldest is None else min(one.oldest, since)
                    one.troubles += (error,) if error else ()
        return dict(found)

    async def _failing(self) -> dict[str, tuple[Undelivered, ...]]:
        found: defaultdict[str, tuple[Undelivered, ...]] = defaultdict(tuple)
        for one in await undelivered(self._engine):
            found[one.agency] += (one,)
        return dict(found)

    async def _by_state(self) -> dict[str, dict[str, int]] | None:
        """Count by agency and state; None where that takes too long now, which keeps nobody from what waits and what fails."""
        try:
            async with asyncio.timeout(LIMIT_S):
                return await self._counted_anew()
        except TimeoutError:
            return None

    async def _counted_anew(self) -> dict[str, dict[str, int]]:
        if self._counted and time.monotonic() - self._counted < KEPT_S:
            return self._counts
        owed = tables.obligation.c
        query = select(owed.agency, owed.state, func.count()).where(owed.exercise.is_(None)).group_by(owed.agency, owed.state)
        rows = await answered(self._engine, lambda connection: list(connection.execute(query)))
        counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for agency, state, count in rows:
            counts[agency][state] = count
        self._counts, self._counted = dict(counts), time.monotonic()
        return self._counts


def _left_alone(flow: AgencyFlow, alone: LeftAlone, now: datetime) -> AgencyFlow:
    again = alone.until if alone.until > now else None
    return flow.model_copy(update={"left_alone_since": alone.since, "tried_again_at": again})


def channel_of(agency: str, channels: Mapping[str, ChannelSettings]) -> str:
    """Give the kind of channel by which an agency gets its notices: its own, else that of the agency whose setting it is."""
    name = agency
    while name not in channels and "." in name:
        name = name.rpartition(".")[0]
    return channels[name].channel if name in channels else INBOX
