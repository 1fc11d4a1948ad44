"""Writing to Kafka within the time a caller waits: acknowledged, or `BrokerUnavailable`, and never a promise in between.

What was not acknowledged in time goes on in the background, because the producer will not give it up; until it has
ended, everybody else is refused at once instead of waiting in the same line. Sending again is harmless: ids repeat.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import structlog
from aiokafka.errors import KafkaError

from alertbus.broker.faults import BrokerFault
from alertbus.broker.producer import MAX_RECORD_BYTES, Producer
from alertbus.broker.record import Record
from alertbus.intake.acting import acting, signed
from alertbus.model.errors import BrokerUnavailable, TooLarge

log = structlog.get_logger("alertbus.gateway")

T = TypeVar("T")

LIMIT_S = 5.0
"""Seconds that a caller waits for the broker's acknowledgement. Chosen: an agency's own client gives up after 10 to 30."""

LARGEST_VALUE = MAX_RECORD_BYTES - 100_000
"""Bytes of a value at the start of its way: later stages put the same alert into larger records."""


class Publisher:
    """Writes through one producer, which all requests of this process share. What a call writes bears its caller's name (`acting`)."""

    def __init__(self, producer: Producer, limit_s: float = LIMIT_S) -> None:
        self._producer = producer
        self._limit_s = limit_s
        self._stuck: set[asyncio.Task[Any]] = set()
        self._mending: asyncio.Task[None] | None = None

    async def send(self, *records: Record) -> None:
        """Return when the broker has acknowledged all; records of one partition are in the order given."""
        check_sizes(records)
        await self.within(self.durable(records))

    async def durable(self, records: Sequence[Record]) -> None:
        """Like `send`, but for as long as it takes. For use inside `within`."""
        try:
            await self._producer.send_all(signed(records, acting()))
        except BrokerFault as fault:
            if isinstance(fault.__cause__, KafkaError) and not fault.__cause__.retriable:
                self._mend()
            raise BrokerUnavailable(f"{fault.what}. Send it again: nothing has a second effect.") from None

    async def within(self, work: Coroutine[Any, Any, T]) -> T:
        """Give the work's result if it comes in time; else raise `BrokerUnavailable`, and the work goes on in the background."""
        if self._stuck:
            work.close()
            raise BrokerUnavailable(_AWAY)
        task = asyncio.ensure_future(work)
        done, _ = await asyncio.wait({task}, timeout=self._limit_s)
        if done:
            return task.result()
        self._stuck.add(task)
        task.add_done_callback(self._unstuck)
        log.warning("the broker does not acknowledge", timeout_s=self._limit_s)
        raise BrokerUnavailable(_AWAY)

    async def close(self) -> None:
        """Cancel what still goes on in the background. Nobody waits for it: its callers were told to come again."""
        for task in (*self._stuck, *filter(None, [self._mending])):
            task.cancel()
        await asyncio.gather(*self._stuck, return_exceptions=True)

    def _unstuck(self, task: asyncio.Task[Any]) -> None:
        self._stuck.discard(task)
        if not task.cancelled():
            task.exception()  # its callers were told already

    def _mend(self) -> None:
        """A producer that lost its place in its own sequence stays useless for good: begin a new one."""
        if self._mending is None or self._mending.done():
            self._mending = asyncio.create_task(self._restart_producer())

    async def _restart_producer(self) -> None:
        log.error("the producer cannot go on and is started anew")
        try:
            async with asyncio.timeout(2 * self._limit_s):
                await self._producer.stop()
            await self._producer.start()
        except (TimeoutError, BrokerFault, KafkaError) as error:
            log.warning("the producer could not be started", error=type(error).__name__)


_AWAY = "the broker has not acknowledged in time. Send it again: nothing has a second effect."


def check_sizes(records: Sequence[Record]) -> None:
    """Refuse what the broker, or a later stage, could not take, before any of it is written."""
    largest = max((len(record.value or b"") for record in records), default=0)
    if largest > LARGEST_VALUE:
        raise TooLarge(f"{largest} bytes as the bus keeps it, at most {LARGEST_VALUE}. Leave longer papers at the source.")
