"""One stream worker: a Faust app that reads for lanes. It stops hard rather than go on unsure.

Faust gives group membership, assignment, tables and recovery; the lanes give order and acknowledgement (`lane`); the stages decide. Faust
makes its consumer and its table manager by itself, from classes, so both are given their callbacks as attributes of a class made for this
worker (`lane_consumer_for`, `table_manager_for`; `Engine._new_transport` puts the first in its place). Who calls whom:

    the engine's consumer thread          this process's event loop
    ----------------------------          ----------------------------------------------------------------------------------------
    fetches, heartbeats, group   ─────►   LaneConsumer ─ records of a topic with lanes ──►  Lanes.take
                                               │       └ changelog records ──►  _take_changes  ──►  SeekFirst.take_changes
                                               │       └ every 0.3 s, commit  ◄──  Lanes.reached
                                               └ partitions revoked: Lanes.finish, commit, Lanes.close, then  _forget_states
                                          SeekFirst (recovery), when tables and offsets are known:
                                               └ _partitions_assigned ──►  Changelog.begin, Lanes.assign, CaseClock.assign
                                          Lanes ──►  stage ──►  reducer; outputs to Producer; states to StateTable
                                               ├ every 0.25 s:  StateTable.keep ──►  Changelog
                                               ├ CaseStage ──►  CaseClock.told;  when a moment has come:  Tick ──►  Producer
                                               ├ Changelog, when somebody else wrote on it:  _still_owner  (asks by the consumer thread)
                                               └ whatever must stop the worker:  _stop_because
    the liveness thread                   LivenessWatch, every 2 s:  _work_left ──►  Changelog.look;  standstill ──►  _stop_because
    -------------------
    sees an event loop that is blocked  ──────────────────────────────────────────────────────────────────────────►  _stop_because
"""

import asyncio
import gc
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from faust.types import TP

from alertbus.broker import topics
from alertbus.broker.ends import LogEnds
from alertbus.broker.faults import RecordsSkipped
from alertbus.broker.producer import Producer, quiet_kafka_loggers
from alertbus.broker.record import Received
from alertbus.directory.directory import Directory
from alertbus.model.errors import BusError
from alertbus.policy.policy import Policy
from alertbus.reach import reduce_case as case_reducer
from alertbus.reach import reduce_person as person_reducer
from alertbus.sql.database import Database
from alertbus.stream.changelog import Changelog
from alertbus.stream.clock import CaseClock
from alertbus.stream.credentials import engine_credentials
from alertbus.stream.lane import Lanes
from alertbus.stream.lane_consumer import Engine, lane_consumer_for
from alertbus.stream.liveness import STUCK_S, LivenessWatch, Place
from alertbus.stream.recovery import Cursors, table_manager_for
from alertbus.stream.stages import CaseStage, Identify, PersonStage
from alertbus.stream.state_table import StateTable
from alertbus.stream.state_topics import APP, MAX_STATE_BYTES

log = structlog.get_logger("alertbus.stream")

FINISH_S = 5.0
"""Seconds that what was begun may take to become durable at an orderly stop. Chosen: well below the time that a supervisor leaves a part to
stop. What takes longer is done again by the partitions' next owner."""

STOPPED_HARD = 70
"""Exit code (EX_SOFTWARE) after a stop without clean-up: whoever supervises starts the worker again from the committed offsets."""


class StreamWorker:
    """Wires app, tables, stages and lanes. `run` returns when `stop` is set; for any other reason the process ends by itself."""

    def __init__(
        self,
        bootstrap: str,
        engine: Database,
        policy: Policy,
        state_folder: Path,
        *,
        partitions: int,
        replication: int = 1,
        session_timeout_s: float = 6.0,
        stuck_s: float = STUCK_S,
        fail: Callable[[BaseException], None] | None = None,
        ready: Callable[[], None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._fail = fail or stop_hard
        self._ready = ready
        self._bootstrap = bootstrap
        self._ends = LogEnds(bootstrap)
        self._watch = LivenessWatch(self._work_left, self._stop_because, stuck_s=stuck_s)
        self._started_producer: Producer | None = None
        self._arrangements = 0
        self.app = Engine(
            APP,
            broker=f"kafka://{bootstrap}",
            broker_credentials=engine_credentials(bootstrap),
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
            TableManager=table_manager_for(self._partitions_assigned),
        )
        tables = {name: self.app.Table(name, partitions=partitions, key_type=bytes, value_type=bytes) for name in ("person", "case")}
        producer = self._producer
        self._changelogs = {name: Changelog(table, producer, self._still_owner, bootstrap) for name, table in tables.items()}
        self._person_table = StateTable(self._changelogs["person"], person_reducer.PersonState, person_reducer.EMPTY)
        self._case_table = StateTable(self._changelogs["case"], case_reducer.CaseState, case_reducer.EMPTY)
        self._clock = CaseClock(self._case_table, producer, now, self._stop_because)
        self.lanes = self._lanes(Directory(engine, policy.identity, policy.front_door), policy)
        self.app.reader = lane_consumer_for(self.lanes, self._take_changes, self._leave_out, self._forget_states)
        for topic in self.lanes:
            self.app.topics.add(self.app.topic(topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"))

    def _lanes(self, directory: Directory, policy: Policy) -> dict[str, Lanes[Received]]:
        """By topic: its stage behind its lanes."""
        producer = self._producer
        stages: dict[str, Any] = {
            topics.ALERTS: Identify(directory, policy, producer),
            topics.PERSON_EVENTS: PersonStage(self._person_table, policy, producer),
            topics.CASE_EVENTS: CaseStage(self._case_table, policy, producer, self._clock.told),
        }
        keep = {topics.PERSON_EVENTS: self._person_table.keep, topics.CASE_EVENTS: self._case_table.keep}
        return {topic: Lanes[Received](topic, stage, self._stop_because, keep.get(topic)) for topic, stage in stages.items()}

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`. Leaves the group in good order, so that another worker takes over at once."""
        quiet_kafka_loggers()
        for name in ("faust", "mode", "aiokafka"):
            logging.getLogger(name).setLevel(logging.WARNING)
        producer = Producer(self._bootstrap, client_id=f"{APP}-lanes", max_record_bytes=MAX_STATE_BYTES - 1024)
        await producer.start()
        self._started_producer = producer
        self.app.finalize()
        _collect_garbage_seldom()
        try:
            await self.app.start()
            stopped = asyncio.create_task(stop.wait())
            watching = asyncio.create_task(self._watch(), name="liveness")
            crashed = asyncio.create_task(self.app.wait_until_stopped())
            await asyncio.wait({stopped, crashed}, return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                self._stop_because(self.app._crash_reason or RuntimeError("the engine stopped by itself"))  # noqa: SLF001
            stopped.cancel()
            watching.cancel()
        finally:
            await self._wind_up()
            await self.app.stop()
            for lanes in self.lanes.values():
                lanes.close()
            await producer.stop()
            await self._ends.stop()

    async def _wind_up(self) -> None:
        """Finish what was begun, for the engine's last commit, and forget the states: it collects garbage when it stops, too."""
        try:
            async with asyncio.timeout(FINISH_S):
                await asyncio.gather(*(lanes.finish() for lanes in self.lanes.values()))
        except TimeoutError:
            for lanes in self.lanes.values():
                lanes.close()
        self._forget_states()

    def _forget_states(self) -> None:
        self._clock.drop()
        self._person_table.forget()
        self._case_table.forget()

    async def _work_left(self) -> Mapping[Place, int] | None:
        """For each place that has something left to do, how far it has come; None when the broker does not say what there is to do.

        At each look, what others wrote on this worker's changelogs is mended.
        """
        recovery, generation = self.app.tables.recovery, self.app.consumer_generation_id
        reached = {(topic, partition): at for topic, lanes in self.lanes.items() for partition, at in lanes.reached().items()}
        logs = [(tp.topic, tp.partition) for tp in recovery.active_offsets]
        ends = await self._ends.ask([*reached, *logs, (topics.ALERTS, 0)])
        if ends is None:
            return None
        if not self._arrangements or self.app.rebalancing or generation != self.app.consumer_generation_id:
            return {("recovery", 0): self._arrangements + recovery.applied}  # not the generation: a group can go round for ever
        for changelog in self._changelogs.values():
            await changelog.look({partition: ends[topic, partition] for topic, partition in logs if topic == changelog.topic})
        return {place: at for place, at in reached.items() if ends[place] > at}

    async def _still_owner(self) -> bool:
        still: bool = await self.app.consumer.still_owner()
        return still

    def _take_changes(self, tp: TP, records: Sequence[Received]) -> None:
        try:
            self.app.tables.recovery.take_changes(tp, records)
        except RecordsSkipped as skipped:
            self._stop_because(skipped)

    def _leave_out(self, tp: TP, records: Sequence[Received]) -> None:
        self.app.tables.recovery.leave_out(tp, records)

    def _partitions_assigned(self, cursors: Cursors) -> None:
        """Begin anew with these partitions. Another worker may have written meanwhile, so nothing is known from before."""
        self._forget_states()
        self._arrangements += 1
        for changelog in self._changelogs.values():
            applied = self.app.tables.recovery.active_offsets
            changelog.begin({tp.partition: -1 if at is None else at for tp, at in applied.items() if tp.topic == changelog.topic})
        for topic, lanes in self.lanes.items():
            lanes.assign({partition: offset for (name, partition), offset in cursors.items() if name == topic})
        self._clock.assign(partition for topic, partition in cursors if topic == topics.CASE_EVENTS)
        log.info("partitions assigned", count=len(cursors))
        self._ready()

    def _producer(self) -> Producer:
        assert self._started_producer is not None
        return self._started_producer

    def _stop_because(self, error: BaseException) -> None:
        code = getattr(error, "code", "unexpected")
        log.error("worker stops, nothing more is acknowledged", error=type(error).__name__, code=code, exc_info=error)
        self._fail(error)


def _collect_garbage_seldom() -> None:
    """States and records form no cycles: looking through those kept in memory finds nothing, and took up to a fifth of the processor."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def stop_hard(error: BaseException) -> None:
    """End this process now, without clean-up: an orderly stop would commit, and what to commit is just what is in doubt."""
    retriable = isinstance(error, BusError) and error.retriable
    log.error("stopping hard", exit_code=STOPPED_HARD, reason="retriable" if retriable else "defect")
    os._exit(STOPPED_HARD)
