"""A channel of a plugin's: its code runs in threads that only it has, within a time limit, and whatever it raises is an outcome.

A thread cannot be stopped. A call that takes longer than its limit is left behind, and while as many are left behind as may run at the same
time, no other is begun: what is to be sent meanwhile counts as too slow, and the agency's circuit does the rest. Nobody else waits.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import structlog
from pydantic import ConfigDict

from alertbus.delivery.outcome import ACCEPTED, HANDED_OVER, Outcome, Reply, Trouble
from alertbus.model.notice import Message
from alertbus.plugin.boundary import PluginBroke, behind_boundary
from alertbus.plugin.protocols import UnreadableMessage
from alertbus.plugin.transports import (
    Arrived,
    Collecting,
    GivenUp,
    Letter,
    NotTaken,
    OpenTransport,
    Taken,
    Tracking,
    Transport,
    TransportSettings,
    TryAgain,
)

LIMIT_S, EVERY_S = 20.0, 60.0
"""Chosen: what holds where neither the operator nor the transport says how long a call may take and how often something is looked for."""

AT_ONCE = 8
"""Calls that may run at the same time where the operator does not say: as many as an agency is sent at once (`Pace.per_agency`)."""

_LONGEST_REPLY = 64 * 1024
"""Bytes, as of a webhook."""

T = TypeVar("T")

log = structlog.stdlib.get_logger(__name__)


class AbsentSettings(TransportSettings):
    """Whatever was set for a channel of a plugin that is set aside: nobody can say whether it is right."""

    model_config = ConfigDict(extra="ignore")


class AbsentTransport:
    """Stands for a channel of a plugin that could not be imported: what is sent there is trouble of our own, told and tried again."""

    contract = 1
    settings: type[TransportSettings] = AbsentSettings

    def __init__(self, name: str) -> None:
        self.name = name

    def open(self, settings: Any) -> OpenTransport:
        raise LookupError(self.name, type(settings).__name__)


class ChannelHangs(Exception):
    """A call was not begun or not ended: the plugin's code does not come back in time."""


class PluggedChannel:
    """One agency's way through a plugin's transport. It is opened when it is first needed, and again after that failed."""

    def __init__(
        self, transport: Transport, settings: TransportSettings, *, limit_s: float | None = None, at_once: int | None = None
    ) -> None:
        self.name = transport.name
        self.every_s: float = getattr(transport, "every_s", EVERY_S)
        """The seconds between two looks for what has come back."""
        self._transport, self._settings = transport, settings
        self._limit_s = limit_s or float(getattr(transport, "limit_s", LIMIT_S))
        self._at_once = at_once or AT_ONCE
        self._left_behind: set[asyncio.Future[Any]] = set()
        self._opening = threading.Lock()
        self._way: OpenTransport | None = None

    async def send(self, message: Message, agency: str) -> Outcome:
        """Send one message; never raises."""
        try:
            came = await self._call(lambda way: way.send(message, agency))
        except ChannelHangs:
            log.warning("a plugin's channel did not answer in time", channel=self.name, agency=agency, notice_id=message.idempotency_key)
            return Outcome(Trouble.SLOW)
        except PluginBroke as broke:
            log.warning("a plugin's channel broke", channel=self.name, agency=agency, notice_id=message.idempotency_key, error=str(broke))
            return Outcome(Trouble.CHANNEL)
        outcome = _outcome(came)
        if outcome is None:
            log.warning("a plugin's channel said nothing that counts", channel=self.name, agency=agency, notice_id=message.idempotency_key)
            return Outcome(Trouble.CHANNEL)
        return outcome

    async def collect(self) -> list[Letter | GivenUp]:
        """Give what has come; nothing where the channel has no way back. Raises `PluginBroke` and `ChannelHangs`."""
        found = await self._call(lambda way: list(way.collect()) if isinstance(way, Collecting) else [])
        return [one for one in found if isinstance(one, Letter | GivenUp)]

    async def confirm(self, key: str) -> None:
        """Say that the bus has it. Raises as `collect` does."""
        await self._call(lambda way: way.confirm(key) if isinstance(way, Collecting) else None)

    async def track(self, keys: Sequence[str]) -> Mapping[str, Arrived | GivenUp]:
        """Give what the carrier knows of messages that were handed over. Raises as `collect` does."""
        found = await self._call(lambda way: dict(way.track(keys)) if isinstance(way, Tracking) else {})
        return {key: one for key, one in found.items() if key in keys and isinstance(one, Arrived | GivenUp)}

    async def close(self) -> None:
        """Close what was opened, if it can be closed within its time."""
        close: Callable[[], object] | None = getattr(self._way, "close", None)
        if close is not None:
            try:
                await self._in_a_thread(lambda: behind_boundary(close))
            except (PluginBroke, ChannelHangs, UnreadableMessage) as fault:
                log.warning("a plugin's channel was not closed in order", channel=self.name, error=type(fault).__name__)

    async def _call(self, what: Callable[[OpenTransport], T]) -> T:
        return await self._in_a_thread(lambda: behind_boundary(self._with_the_way, what))

    def _with_the_way(self, what: Callable[[OpenTransport], T]) -> T:
        with self._opening:
            if self._way is None:
                self._way = self._transport.open(self._settings)
        return what(self._way)

    async def _in_a_thread(self, work: Callable[[], T]) -> T:
        """Run it in a daemon thread of its own: one that never comes back keeps no process from ending."""
        if len(self._left_behind) >= self._at_once:
            raise ChannelHangs
        loop = asyncio.get_running_loop()
        came: asyncio.Future[T] = loop.create_future()

        def run() -> None:
            result: Any = None
            broke: Exception | None = None
            try:
                result = work()
            except (PluginBroke, UnreadableMessage) as fault:
                broke = PluginBroke(str(fault) if isinstance(fault, PluginBroke) else type(fault).__name__)
            try:
                loop.call_soon_threadsafe(tell, result, broke)
            except RuntimeError:
                return  # the loop has closed: nobody waits any more

        def tell(result: T, broke: Exception | None) -> None:
            if came in self._left_behind:
                self._left_behind.discard(came)
            elif came.cancelled():
                return
            elif broke is not None:
                came.set_exception(broke)
            else:
                came.set_result(result)

        threading.Thread(target=run, name=f"channel {self.name}", daemon=True).start()
        try:
            async with asyncio.timeout(self._limit_s):
                return await came
        except TimeoutError:
            self._left_behind.add(came)
        raise ChannelHangs


def _outcome(came: object) -> Outcome | None:
    """What the plugin said, in the bus's terms; None where it said nothing of the contract."""
    match came:
        case Taken(handed_over=over, reply=reply, media_type=media_type):
            plain = HANDED_OVER if over else ACCEPTED
            if not isinstance(reply, bytes):
                return plain
            return Outcome(handed_over=over, reply=Reply(reply if len(reply) <= _LONGEST_REPLY else None, str(media_type)))
        case NotTaken(unsendable=unsendable):
            return Outcome(Trouble.UNSENDABLE if unsendable else Trouble.REFUSED)
        case TryAgain(why=why, after=after):
            return Outcome(Trouble(str(why)), after) if str(why) in set(Trouble) else None
        case _:
            return None
