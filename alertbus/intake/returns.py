"""What comes back by the channels of plugins: acknowledgements of agencies' systems, and what a carrier says of messages it was given.

Each letter goes the way of `POST /v1/receipts`: read by its sector's adapter, matched by the idempotency key, audited where a person
answered. It is confirmed to the carrier only once the bus has it on Kafka. One that cannot be read, or is about no message of ours, is
logged and stays with the carrier, where its keeper finds it: nothing is dropped. Any number of gateways may do this at once.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from alertbus.channel_settings import ChannelSettings
from alertbus.delivery.channels import plugged_channels
from alertbus.delivery.channels.plugged import ChannelHangs, PluggedChannel
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.outcome import Trouble
from alertbus.delivery.receipts import understood
from alertbus.intake.acknowledgements import AnswerIntake
from alertbus.intake.callers import Caller
from alertbus.intake.intake import Intake
from alertbus.model.errors import BusError, NotFound, NotUnderstood, PluginFault
from alertbus.model.receipt import Stage
from alertbus.model.rights import Right
from alertbus.plugin.boundary import PluginBroke
from alertbus.plugin.manager import Plugins
from alertbus.plugin.transports import Arrived, GivenUp, Letter
from alertbus.waiting import pause

ASKED_ABOUT = timedelta(days=10)
"""For how long a carrier is asked what became of a message. Chosen: MESH gives a message up after five days."""

ASKED_AT_ONCE = 100
"""Messages that a carrier is asked about in one look. Chosen: each may be a call of its own."""

_READ_WITHIN_S = 5.0

log = structlog.get_logger("alertbus.intake")


class Returns:
    """Looks at each channel as often as its transport says. `channels` are those of plugins, by the agency whose settings name them."""

    def __init__(
        self,
        answers: AnswerIntake,
        ledger: Ledger,
        plugins: Plugins,
        channels: Mapping[str, PluggedChannel],
        settings: Mapping[str, ChannelSettings],
        now: Callable[[], datetime],
    ) -> None:
        self._answers, self._ledger, self._plugins, self._now = answers, ledger, plugins, now
        self._channels, self._settings = channels, settings
        self._asked_up_to: dict[str, int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until `stop`. One channel that hangs or breaks keeps no other waiting."""
        await asyncio.gather(*(self._watch(agency, channel, stop) for agency, channel in self._channels.items()))
        for channel in self._channels.values():
            await channel.close()

    async def _watch(self, agency: str, channel: PluggedChannel, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.look(agency)
            await pause(stop, channel.every_s)

    async def look(self, agency: str) -> None:
        """Look once at what has come by this agency's channel, and what became of what was handed over to it. Never raises."""
        channel = self._channels[agency]
        for step in (self._collect, self._track):
            try:
                await step(agency, channel)
            except (PluginBroke, ChannelHangs, BusError) as fault:
                log.warning("a plugin's channel gives nothing back", channel=channel.name, agency=agency, error=type(fault).__name__)

    async def _collect(self, agency: str, channel: PluggedChannel) -> None:
        left = 0
        for one in await channel.collect():
            if isinstance(one, GivenUp):
                taken = await self._given_up(one, channel.name)
            else:
                taken = await self._taken(one, channel.name)
            if taken:
                await channel.confirm(one.key)
            left += not taken
        if left:
            log.warning(
                "what came by a plugin's channel was not for us, and is left there", channel=channel.name, agency=agency, count=left
            )

    async def _taken(self, letter: Letter, channel: str) -> bool:
        """Whether the bus has the letter now. Raises `Unavailable` where broker or database is away: it is looked at again."""
        adapter = self._plugins.adapters.get(letter.sector)
        if adapter is None:
            return False
        try:
            given = await understood(adapter, letter.raw, _READ_WITHIN_S, self._plugins)
            entry = await self._ledger.find(given.idempotency_key)
            if entry is None or not self._goes_by(entry.agency, channel):
                return False
            await self._answers.receipt(adapter.name, letter.raw, _system_of(entry.agency, channel))
        except (NotFound, NotUnderstood, PluginFault):
            return False
        if given.stage is Stage.REFUSED:
            await self._ledger.learned([entry.notice_id], self._now(), gave_up=Trouble.REFUSED_LATER.value)
        elif given.stage is not Stage.FAILED:  # which may pass by itself: the carrier is asked on
            await self._ledger.learned([entry.notice_id], self._now())
        return True

    async def _given_up(self, report: GivenUp, channel: str) -> bool:
        entry = await self._ledger.find(report.idempotency_key)
        if entry is None or not self._goes_by(entry.agency, channel):
            return False
        await self._ledger.learned([entry.notice_id], self._now(), gave_up=Trouble.GIVEN_UP.value)
        return True

    async def _track(self, agency: str, channel: PluggedChannel) -> None:
        """Ask about the next of those that were handed over; from the first on again, once there are no more."""
        after = self._asked_up_to.get(agency, 0)
        found = await self._ledger.handed_over(self._now() - ASKED_ABOUT, after=after, limit=ASKED_AT_ONCE)
        self._asked_up_to[agency] = found[-1].seq if len(found) == ASKED_AT_ONCE else 0
        asked = [one.notice_id for one in found if settings_of(one.agency, self._settings) == agency]
        if not asked:
            return
        known = await channel.track(asked)
        arrived = [key for key, one in known.items() if isinstance(one, Arrived)]
        given_up = [key for key, one in known.items() if isinstance(one, GivenUp)]
        if arrived:
            await self._ledger.learned(arrived, self._now())
        if given_up:
            await self._ledger.learned(given_up, self._now(), gave_up=Trouble.GIVEN_UP.value)

    def _goes_by(self, agency: str, channel: str) -> bool:
        """Whether this agency gets its notices by a channel of that name: nobody answers for another's through a box of its own."""
        name = settings_of(agency, self._settings)
        return name is not None and self._settings[name].channel == channel


def returns_for(intake: Intake, settings: Mapping[str, ChannelSettings]) -> Returns:
    """Give what looks at the channels of plugins that are set for agencies. Raises `SettingsFault` where one is not set as it says."""
    plugged = plugged_channels(settings, {}, intake.plugins.transports, some_set_aside=bool(intake.plugins.set_aside))
    channels = {agency: plugged[id(chosen)] for agency, chosen in settings.items() if id(chosen) in plugged}
    return Returns(intake.answers, Ledger(intake.engine), intake.plugins, channels, settings, intake.now)


def settings_of(agency: str, settings: Mapping[str, ChannelSettings]) -> str | None:
    """Name the agency whose channel settings hold for this one: its own, else those of the agency whose setting it is."""
    name = agency
    while name not in settings and "." in name:
        name = name.rpartition(".")[0]
    return name if name in settings else None


def _system_of(agency: str, channel: str) -> Caller:
    """The agency's system, as it speaks by a channel."""
    return Caller(f"channel-{channel}", agency, frozenset({Right.RECEIVE}), ())
