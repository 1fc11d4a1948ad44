"""What stands at the end of a partition, asked again and again over one connection: for whoever writes on from the last record."""

import asyncio
import contextlib
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from alertbus.broker.access import client_arguments
from alertbus.broker.faults import BrokerFault
from alertbus.broker.producer import quiet_kafka_loggers
from alertbus.broker.record import Received

_STALLED_S = 10.0
_LEAVE_LIMIT_S = 5.0


class Tail:
    """Connects when it is first asked, and stays connected until `stop`. Not for two callers at once."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._consumer: Any = None

    async def after(self, topic: str, partition: int, start: int) -> list[Received]:
        """Give the records from offset `start` to the end there is now. Raises `BrokerFault`, and may then be asked again."""
        try:
            async with asyncio.timeout(_STALLED_S):
                return await self._read(TopicPartition(topic, partition), start)
        except (TimeoutError, KafkaError) as error:
            await self.stop()  # the next question begins anew
            what = f"reading from {self._bootstrap} failed ({type(error).__name__})"
            raise BrokerFault(what, "Ask again once the broker answers.") from error

    async def stop(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(TimeoutError, KafkaError):
                async with asyncio.timeout(_LEAVE_LIMIT_S):
                    await consumer.stop()

    async def _read(self, where: TopicPartition, start: int) -> list[Received]:
        if self._consumer is None:
            quiet_kafka_loggers()
            self._consumer = AIOKafkaConsumer(**client_arguments(self._bootstrap), enable_auto_commit=False, client_id="alertbus-tail")
            await self._consumer.start()
        first = (await self._consumer.beginning_offsets([where]))[where] if start == 0 else start
        end = (await self._consumer.end_offsets([where]))[where]
        found: list[Received] = []
        if first >= end:
            return found
        self._consumer.assign([where])
        self._consumer.seek(where, first)
        while await self._consumer.position(where) < end:
            found += (await self._consumer.getmany(where, timeout_ms=1_000)).get(where, ())
        self._consumer.unsubscribe()  # or it would go on fetching what nobody asked for
        return [record for record in found if record.offset < end]
