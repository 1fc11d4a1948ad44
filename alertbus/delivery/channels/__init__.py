"""The ways out: each takes one message to one agency's system and says what came of it. A channel never retries by itself.

Every channel sends under the message's idempotency key, so a receiver can tell a repeat: after a crash between sending
and settling, the same message comes again.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from alertbus.channel_settings import ChannelSettings
from alertbus.delivery.channels.deadman import DeadmanChannel, DeadmanSwitch
from alertbus.delivery.channels.file import FileChannel
from alertbus.delivery.channels.inbox import InboxChannel
from alertbus.delivery.channels.plugged import AbsentTransport, PluggedChannel
from alertbus.delivery.channels.webhook import LIMIT_S, WebhookChannel, trusted, webhook_client
from alertbus.delivery.ledger.shared_transactions import SharedTransactions
from alertbus.delivery.outcome import Outcome
from alertbus.model import watchdog
from alertbus.model.errors import SettingsFault
from alertbus.model.notice import Message
from alertbus.model.ways_out import OWN_CHANNELS
from alertbus.plugin.transport_checks import faults_of_channels, settings_for
from alertbus.plugin.transports import Transport


class Channel(Protocol):
    """`send` raises only what ends the worker (`Unavailable`): trouble with the agency's system is an outcome."""

    @property
    def name(self) -> str: ...

    async def send(self, message: Message, agency: str) -> Outcome: ...


@runtime_checkable
class BatchChannel(Channel, Protocol):
    """A channel for which many messages cost little more than one."""

    async def send_all(self, messages: Sequence[tuple[Message, str]]) -> list[Outcome]: ...


class Channels:
    """The channel of each agency: as its settings say, or those of the agency whose setting it is (`school` for `school.123456`), else the
    built-in inbox. `named` are those a policy may name as a fallback.
    """

    def __init__(
        self,
        by_agency: Mapping[str, Channel],
        default: Channel,
        named: Mapping[str, Channel] = MappingProxyType({}),
        at_once: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Take as `at_once` how many messages an agency's system takes at the same time, where its settings say so."""
        self._at_once = at_once
        self._by_agency = by_agency
        self._default = default
        self.named = {"inbox": default, **named}
        # Asked once: such a question costs more than all else that is done for a message in the loop.
        self._batch = {a: c for a, c in by_agency.items() if isinstance(c, BatchChannel)}
        self._default_batch = default if isinstance(default, BatchChannel) else None

    def of(self, agency: str) -> Channel:
        return self._by_agency.get(self._configured(agency), self._default)

    def batch(self, agency: str) -> BatchChannel | None:
        """Give the agency's channel if it takes many messages at once."""
        configured = self._configured(agency)
        return self._batch.get(configured) if configured in self._by_agency else self._default_batch

    def at_once(self, agency: str, usual: int) -> int:
        """Give how many messages the agency's system takes at the same time: what its settings say, else `usual`."""
        return self._at_once.get(self._configured(agency), usual)

    def _configured(self, agency: str) -> str:
        """Give the name under which the agency's own settings stand, or those of the agency it is a setting of."""
        name = agency
        while name not in self._by_agency and "." in name:
            name = name.rpartition(".")[0]
        return name


_NO_SWITCH = DeadmanSwitch()


@contextlib.asynccontextmanager
async def open_channels(
    settings: Mapping[str, ChannelSettings],
    transactions: SharedTransactions,
    now: Callable[[], datetime],
    *,
    fallbacks: Mapping[str, ChannelSettings] = MappingProxyType({}),
    transports: Mapping[str, Transport] = MappingProxyType({}),
    some_set_aside: bool = False,
    limit_s: float = LIMIT_S,
    switch: DeadmanSwitch = _NO_SWITCH,
) -> AsyncIterator[Channels]:
    """Open the channels that the settings name; connections are closed on leaving. The watchdog's agency has its own channel, always.
    `transports` are the channels of plugins. Raises `SettingsFault` where the settings of one are not as it says. `some_set_aside`: a
    plugin could not be imported, and a channel that nobody offers may be its own: what goes there is undelivered, and everything else runs.

    What the inbox writes is committed together with what else is written by `transactions`.
    """
    inbox = InboxChannel(transactions, now)
    plugged = plugged_channels(settings, fallbacks, transports, some_set_aside=some_set_aside)
    webhooks = [one for one in (*settings.values(), *fallbacks.values()) if one.channel == "webhook"]
    authorities = {file: trusted(file) for file in {one.ca_file for one in webhooks}}
    async with webhook_client(len(webhooks)) as client:

        def opened(chosen: ChannelSettings) -> Channel:
            if (of_a_plugin := plugged.get(id(chosen))) is not None:
                return of_a_plugin
            match chosen.channel:
                case "webhook":
                    assert chosen.url is not None
                    assert chosen.secret is not None
                    return WebhookChannel(
                        chosen.url,
                        chosen.secret.get_secret_value(),
                        client,
                        now,
                        limit_s=chosen.timeout_s or limit_s,
                        trusting=authorities[chosen.ca_file],
                    )
                case "file":
                    assert chosen.folder is not None
                    return FileChannel(chosen.folder)
                case _:
                    return inbox

        by_agency = {agency: opened(chosen) for agency, chosen in settings.items()}
        by_agency[watchdog.AGENCY] = DeadmanChannel(transactions, now, client.session, switch)
        named = {name: opened(chosen) for name, chosen in fallbacks.items()}
        at_once = {agency: chosen.at_once for agency, chosen in settings.items() if chosen.at_once is not None}
        try:
            yield Channels(by_agency, inbox, named, at_once)
        finally:
            for one in plugged.values():
                await one.close()


def plugged_channels(
    settings: Mapping[str, ChannelSettings],
    fallbacks: Mapping[str, ChannelSettings],
    transports: Mapping[str, Transport],
    *,
    some_set_aside: bool = False,
) -> dict[int, PluggedChannel]:
    """Give the channels of plugins that the settings name, by the identity of what names each. None is opened yet.

    Raises `SettingsFault` with every fault of them.
    """
    if some_set_aside:
        named = {chosen.channel for _, chosen in _of_plugins(settings, fallbacks)}
        transports = {**{name: AbsentTransport(name) for name in named}, **transports}
    if faults := list(faults_of_channels(settings, fallbacks, transports)):
        raise SettingsFault("\n".join(faults))
    return {
        id(chosen): PluggedChannel(
            transports[chosen.channel], settings_for(name, chosen, transports), limit_s=chosen.timeout_s, at_once=chosen.at_once
        )
        for name, chosen in _of_plugins(settings, fallbacks)
    }


def _of_plugins(*given: Mapping[str, ChannelSettings]) -> Iterator[tuple[str, ChannelSettings]]:
    yield from ((name, chosen) for some in given for name, chosen in some.items() if chosen.channel not in OWN_CHANNELS)
