"""Asks the broker where partitions end, again and again, with one client that is in no group."""

import asyncio
import contextlib
from collections.abc import Collection
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from alertbus.broker.access import client_arguments
from alertbus.broker.producer import quiet_kafka_loggers

_LIMIT_S = 5.0
"""Seconds for one question. Chosen: a broker that needs longer counts as one that has not answered."""


class LogEnds:
    """`ask` as often as you like, then `stop`. Never raises for a broker that is away."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._consumer: Any = None

    async def ask(self, places: Collection[tuple[str, int]]) -> dict[tuple[str, int], int] | None:
        """Give the offset that the next record will have, of each (topic, partition); None when the broker does not answer in time."""
        try:
            async with asyncio.timeout(_LIMIT_S):
                consumer = await self._running()
                found = await consumer.end_offsets([TopicPartition(*place) for place in places])
        except (TimeoutError, KafkaError, OSError):
            await self.stop()  # a fresh one next time: what was wrong with this one is not ours to know
            return None
        return {(where.topic, where.partition): end for where, end in found.items()}

    async def stop(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(TimeoutError, KafkaError):
                async with asyncio.timeout(_LIMIT_S):
                    await consumer.stop()

    async def _running(self) -> Any:
        if self._consumer is None:
            quiet_kafka_loggers()
            consumer = AIOKafkaConsumer(**client_arguments(self._bootstrap), enable_auto_commit=False, client_id="alertbus-log-ends")
            try:
                await consumer.start()
            except BaseException:
                await consumer.stop()
                raise
            self._consumer = consumer
        return self._consumer
