"""One stream worker: a Faust app whose agents only hand records to lanes. It stops hard rather than go on unsure.

Faust gives group membership, assignment, tables and recovery; the lanes give order and acknowledgement (`lane`); the stages decide.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faust
import structlog
from faust.types import EventT
from sqlalchemy.ext.asyncio import AsyncEngine

from alertbus.broker import topics
from alertbus.broker.producer import Producer, quiet_kafka_loggers
from alertbus.broker.topics import TopicSpec
from alertbus.directory.directory import Directory
from alertbus.model.errors import BusError
from alertbus.policy.policy import Policy
from alertbus.reach import case as case_reducer
from alertbus.reach import person as person_reducer
from alertbus.stream.lane import Lanes
from alertbus.stream.recovery import Cursors, tables_telling
from alertbus.stream.stages import CaseStage, Identify, PersonStage
from alertbus.stream.tables import StateTable

log = structlog.get_logger("alertbus.stream")

APP = "alertbus-stream"
"""Consumer group and prefix of the changelog topics. Changing it starts the stream from the beginning."""

MAX_STATE_BYTES = 16 * 1024 * 1024
"""Of one person's or one case's state: some sixty alerts of the greatest length that still stand. Larger stops the worker, and says so."""

STATE_TOPICS = tuple(
    TopicSpec(f"{APP}-{name}-changelog", "compact", f"{name} id", f"{name} reducer's state", max_bytes=MAX_STATE_BYTES)
    for name in ("person", "case")
)
"""The changelogs of the two tables, under the names the engine gives them."""

STOPPED_HARD = 70
"""Exit code (EX_SOFTWARE) after a stop without clean-up: whoever supervises starts the worker again from the committed offsets."""


class Taken:
    """A Faust event as a lane and a stage see it."""

    __slots__ = ("_event", "headers", "key", "offset", "partition", "timestamp", "topic", "value")

    def __init__(self, event: EventT) -> None:
        message = event.message
        self._event = event
        self.topic: str = message.topic
        self.partition: int = message.partition
        self.offset: int = message.offset
        self.timestamp: float = message.timestamp
        self.key: bytes = message.key or b""
        self.value: bytes = message.value or b""
        headers: Any = message.headers or ()
        self.headers: list[tuple[str, bytes]] = list(headers.items() if isinstance(headers, dict) else headers)

    def acknowledge(self) -> None:
        self._event.ack()


class StreamWorker:
    """Wires app, tables, stages and lanes. `run` returns when `stop` is set; on anything else the process ends by itself."""

    def __init__(
        self,
        bootstrap: str,
        engine: AsyncEngine,
        policy: Policy,
        state_folder: Path,
        *,
        partitions: int,
        replication: int = 1,
        session_timeout_s: float = 6.0,
        fail: Callable[[BaseException], None] | None = None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._fail = fail or stop_hard
        self._ready = ready
        self._bootstrap = bootstrap
        self._started_producer: Producer | None = None
        self.app = faust.App(
            APP,
            broker=f"kafka://{bootstrap}",
            store="rocksdb://?driver=rocksdict",
            datadir=str(state_folder),
            topic_partitions=partitions,
            topic_replication_factor=replication,
            topic_disable_leader=True,
            topic_allow_declare=False,  # they are made by `ensure_topics`, with what each must be
            producer_acks=-1,
            consumer_auto_offset_reset="earliest",
            broker_session_timeout=session_timeout_s,
            broker_heartbeat_interval=session_timeout_s / 6,
            broker_rebalance_timeout=max(20.0, session_timeout_s * 3),
            broker_commit_interval=0.3,
            stream_wait_empty=False,
            stream_recovery_delay=0.0,
            key_serializer="raw",
            value_serializer="raw",
            web_enabled=False,
            logging_config=None,
            TableManager=tables_telling(self._on_cursors),
        )
        tables = {name: self.app.Table(name, partitions=partitions, key_type=bytes, value_type=bytes) for name in ("person", "case")}
        producer = self._producer
        self._person_table = StateTable(tables["person"], person_reducer.PersonState, person_reducer.EMPTY, producer)
        self._case_table = StateTable(tables["case"], case_reducer.CaseState, case_reducer.EMPTY, producer)
        stages: dict[str, Any] = {
            topics.ALERTS: Identify(Directory(engine), policy, producer),
            topics.PERSON_EVENTS: PersonStage(self._person_table, policy, producer),
            topics.CASE_EVENTS: CaseStage(self._case_table, policy, producer),
        }
        self.lanes = {topic: Lanes[Taken](topic, stage, self._failed) for topic, stage in stages.items()}
        for topic, lanes in self.lanes.items():
            self._agent(topic, lanes)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`. Leaves the group in good order, so that another worker takes over at once."""
        quiet_kafka_loggers()
        for name in ("faust", "mode", "aiokafka"):
            logging.getLogger(name).setLevel(logging.WARNING)
        producer = Producer(self._bootstrap, client_id=f"{APP}-lanes", max_record_bytes=MAX_STATE_BYTES - 1024)
        await producer.start()
        self._started_producer = producer
        self.app.finalize()
        try:
            await self.app.start()
            stopped = asyncio.create_task(stop.wait())
            crashed = asyncio.create_task(self.app.wait_until_stopped())
            await asyncio.wait({stopped, crashed}, return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                self._failed(self.app._crash_reason or RuntimeError("the engine stopped by itself"))  # noqa: SLF001
            stopped.cancel()
        finally:
            await self.app.stop()
            for lanes in self.lanes.values():
                lanes.close()
            await producer.stop()

    def _agent(self, topic: str, lanes: Lanes[Taken]) -> None:
        source = self.app.topic(topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

        async def hand_over(stream: Any) -> None:
            async for event in stream.noack().events():
                await lanes.take(event.message.partition, Taken(event))

        self.app.agent(source, name=topic)(hand_over)

    def _on_cursors(self, cursors: Cursors) -> None:
        self._person_table.forget()
        self._case_table.forget()
        for topic, lanes in self.lanes.items():
            lanes.assign({partition: offset for (name, partition), offset in cursors.items() if name == topic})
        log.info("partitions assigned", count=len(cursors))
        self._ready()

    def _producer(self) -> Producer:
        assert self._started_producer is not None
        return self._started_producer

    def _failed(self, error: BaseException) -> None:
        code = getattr(error, "code", "unexpected")
        log.error("worker stops, nothing more is acknowledged", error=type(error).__name__, code=code, exc_info=error)
        self._fail(error)


def stop_hard(error: BaseException) -> None:
    """End this process now, without clean-up: an orderly stop would commit, and what to commit is just what is in doubt."""
    retriable = isinstance(error, BusError) and error.retriable
    log.error("stopping hard", exit_code=STOPPED_HARD, reason="retriable" if retriable else "defect")
    os._exit(STOPPED_HARD)
