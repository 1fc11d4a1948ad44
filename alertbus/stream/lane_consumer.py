"""The engine's consumer, reading for lanes: it hands them whole batches by partition, and commits as far as they have come.

Faust hands on one record at a time, through a task, a queue and an event for each, and keeps a list of what was acknowledged. That is
slow (decision 0013), and it acknowledges a record whose agent raised. Here it has no agents: it keeps what
it is good at, which is the group, the assignment, and the tables with their recovery.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import faust
from aiokafka.errors import KafkaError, NoError, RebalanceInProgressError, for_code
from aiokafka.protocol.group import HeartbeatRequest
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer
from faust.types import TP
from mode import Service

from alertbus.broker.faults import BrokerFault
from alertbus.broker.fetch_sessions import fetch_by_session
from alertbus.broker.record import Received
from alertbus.stream.lane import Lanes

_POLL_S = 0.25
"""Seconds that a fetch waits for records, and so for how long it may hold up a rebalance."""

_POLL_SOON_S = 0.05
"""Seconds until the next look while something is held back: by a full lane, or by a recovery."""


class FetchThread(AIOKafkaConsumerThread):  # type: ignore[misc]
    """The engine's thread with its Kafka client, which fetches by session, and is asked for records without the engine's queue of calls."""

    async def getmany(self, active_partitions: Any, timeout: float) -> Any:  # noqa: ASYNC109 - the engine's name for it
        consumer = self._ensure_consumer()
        fetching = self._fetch_records(consumer, active_partitions, timeout=timeout, max_records=consumer._max_poll_records)  # noqa: SLF001
        # Shielded: whoever waits may be cancelled, and the fetch ends by itself, as one in the engine's queue does.
        asked = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(fetching, self.thread_loop))
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            asked.add_done_callback(self._brought_to_nobody)
            raise

    def _brought_to_nobody(self, asked: asyncio.Future[Any]) -> None:
        if not asked.cancelled() and asked.exception() is None:
            for tp, records in asked.result().items():
                self.consumer.leave_out_late(tp, records)

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        fetch_by_session(consumer)
        return consumer


class LaneConsumer(Consumer):  # type: ignore[misc]
    """Records of a topic with lanes go to these, all others to `take_changes`. `lane_consumer_for` binds it to one app."""

    lanes: Mapping[str, Lanes[Received]]
    take_changes: Callable[[TP, Sequence[Received]], None]
    leave_out: Callable[[TP, Sequence[Received]], None]
    on_revoked: Callable[[], None]

    def _new_consumer_thread(self) -> FetchThread:
        return FetchThread(self, loop=self.loop, beacon=self.beacon)

    async def _drain_messages(self, fetcher: Any) -> None:
        """Read until stopped. What was fetched for an assignment that is over is not handed over: whoever resumes seeks first (`recovery`).

        A fetch may outlive its assignment for so long that it brings what the next one has asked for. A lane would miss it; of a changelog
        it is noted, so that nobody goes on behind it.
        """
        try:
            while not (self.should_stop or fetcher.should_stop):
                if not self.flow_active:
                    await self.wait(self.can_resume_flow)
                    continue
                generation = self.app.consumer_generation_id
                active = self._get_active_partitions()
                wanted = {tp for tp in active if self._wants(tp)}
                if not wanted:
                    await self.sleep(_POLL_SOON_S)
                    continue
                held_back = len(wanted) < len(active) or self.app.in_recovery
                self.not_waiting_next_records.clear()
                try:
                    found = await self._getmany(wanted, timeout=_POLL_SOON_S if held_back else _POLL_S)
                finally:
                    self.not_waiting_next_records.set()
                in_time = self.flow_active and generation == self.app.consumer_generation_id
                give = self._hand_over if in_time else self.leave_out_late
                for tp, records in found.items():
                    give(tp, records)
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise
        except asyncio.CancelledError:
            if not self.app.should_stop:
                raise

    def _wants(self, tp: TP) -> bool:
        lanes = self.lanes.get(tp.topic)
        return lanes is None or lanes.has_room(tp.partition)

    def _hand_over(self, tp: TP, records: Sequence[Received]) -> None:
        lanes = self.lanes.get(tp.topic)
        if lanes is not None:
            lanes.take(tp.partition, records)
        else:
            type(self).take_changes(tp, records)

    def leave_out_late(self, tp: TP, records: Sequence[Received]) -> None:
        """Note what was fetched for an assignment that is over, or may be. A lane finds out by itself what it has missed."""
        if tp.topic not in self.lanes:
            type(self).leave_out(tp, records)

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ARG002
        """Commit what the lanes have reached and the group has not. Offsets never go back.

        The engine's own way draws a table of the offsets for a log, and waits for a producer that writes nothing here.
        """
        ready: dict[TP, int] = {}
        for topic, lanes in self.lanes.items():
            for partition, reached in lanes.reached().items():
                tp = TP(topic, partition)
                if reached > (self._committed_offset[tp] or 0):
                    ready[tp] = reached
        if not ready or not await self._commit(ready):
            return False
        self._committed_offset.update(ready)
        return True

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Before another worker may begin, what this one has begun is done, written and committed, and then forgotten.

        Forgotten, because the engine collects garbage at each assignment, with every thread held up: among many states, for longer than a
        session lasts (decision 0015). Nothing is being fetched any more then: a fetch that outlived the seek of the next assignment would
        move on from it, and what it brought would be dropped.
        """
        self.stop_flow()
        try:
            async with asyncio.timeout(4 * _POLL_S):
                await self.wait_for_stopped_flow()
        except TimeoutError:  # a fetch ends by itself, but when its thread is ending it never says so
            self.log.warning("a fetch outlives its assignment: what it brings is left out")
        await asyncio.gather(*(lanes.finish() for lanes in self.lanes.values()))
        try:
            await self.commit()
        except KafkaError:
            self.log.warning("what is not committed is done again by whoever has it next")
        for lanes in self.lanes.values():
            lanes.close()
        type(self).on_revoked()
        await super().on_partitions_revoked(revoked)

    async def still_owner(self) -> bool:
        """Ask the broker whether the group still counts this worker as the owner of its assignment. No clock is trusted for it.

        Raises `BrokerFault` when the broker does not say.
        """
        counted: bool = await self._thread.call_thread(self._beat)
        return counted

    async def _beat(self) -> bool:
        coordinator = self._thread._ensure_consumer()._coordinator  # noqa: SLF001 - nothing else knows our name in the group
        if coordinator.generation != self.app.consumer_generation_id:
            return False
        request = HeartbeatRequest(coordinator.group_id, coordinator.generation, coordinator.member_id)
        try:
            answer = await coordinator._send_req(request)  # noqa: SLF001 - as its own heartbeats are sent
        except KafkaError as error:
            what = f"the group could not be asked whose the partitions are ({type(error).__name__})"
            raise BrokerFault(what, "Let this process end and start again once the broker answers.") from error
        return for_code(answer.error_code) in {NoError, RebalanceInProgressError}

    @Service.task  # type: ignore[untyped-decorator]
    async def _commit_livelock_detector(self) -> None:
        """Do nothing: the engine would look at each partition in turn here; `liveness` watches from outside it."""


def lane_consumer_for(
    lanes: Mapping[str, Lanes[Received]],
    take_changes: Callable[[TP, Sequence[Received]], None],
    leave_out: Callable[[TP, Sequence[Received]], None],
    on_revoked: Callable[[], None],
) -> type[LaneConsumer]:
    """A consumer class for one app, because the engine makes the instance by itself and passes it nothing of ours.

    `take_changes` gets what was read of the tables' changelogs, and `leave_out` what came too late to be taken; `on_revoked` is called when
    this worker has no partition any more.
    """
    callbacks = {
        "take_changes": staticmethod(take_changes),
        "leave_out": staticmethod(leave_out),
        "on_revoked": staticmethod(on_revoked),
    }
    return type("LaneConsumerOfOneApp", (LaneConsumer,), {"lanes": lanes, **callbacks})


class Engine(faust.App):  # type: ignore[misc]
    """A Faust app that reads by a consumer class of our choice (`reader`), set before the app starts."""

    reader: type[LaneConsumer]

    def _new_transport(self) -> Any:
        transport = super()._new_transport()
        transport.Consumer = self.reader
        return transport
