"""Safeties of the bus, each of which can be removed from a part, to show that the suite notices.

`apply` is called by `launch` inside the part's own process, never by the product. A cut comes with a *gap*: the moment at which the safety
matters, held open once, so that the test can kill the process exactly there. `kept NAME` holds the gap and leaves the safety in, `cut NAME`
holds the same gap and takes it out: the one must lose nothing, the other must be found out.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4


async def gap() -> None:
    """Say that the gap is open and stay in it until killed. The next process, and every later time, goes straight on."""
    if _is_first():
        await asyncio.Event().wait()


def _is_first() -> bool:
    file = Path(os.environ["CHAOS_GAP"])
    first = not file.exists()
    file.write_text(str(os.getpid()))
    return first


def apply(words: str) -> None:
    what, name = words.split()
    CUTS[name](what == "cut")


_behind: set[asyncio.Task[Any]] = set()


def _later(work: Any) -> None:
    task = asyncio.ensure_future(work)
    _behind.add(task)
    task.add_done_callback(_behind.discard)


def delivery_commits_before_the_row(cut: bool) -> None:
    """The offset of a notice moves before its ledger row is written."""
    from alertbus.delivery.arrivals import Arrivals

    whole = Arrivals.__call__

    async def held(self: Arrivals, records: Sequence[Any]) -> None:
        await gap()
        await whole(self, records)

    async def early(self: Arrivals, records: Sequence[Any]) -> None:
        _later(held(self, records))

    Arrivals.__call__ = early if cut else held  # type: ignore[method-assign]


def gateway_answers_before_the_broker(cut: bool) -> None:
    """202 is said while the broker has acknowledged nothing."""
    from alertbus.intake.publisher import Publisher

    whole = Publisher.durable

    async def held(self: Publisher, records: Sequence[Any]) -> None:
        await gap()
        await whole(self, records)

    async def early(self: Publisher, records: Sequence[Any]) -> None:
        _later(held(self, records))

    Publisher.durable = early if cut else held  # type: ignore[method-assign]


def gateway_remembers_before_the_broker(cut: bool) -> None:
    """A statement counts as accepted before its record is written, so that its sender, who repeats it, is answered that it is accepted."""
    from alertbus.intake.alerts import AlertIntake
    from alertbus.intake.publisher import Publisher
    from alertbus.intake.tables import accepted
    from alertbus.sql.engine import upsert

    whole = Publisher.durable
    decide = AlertIntake._decide

    def noted(self: AlertIntake, submission: Any, known_keys: Any, batch: Any) -> Any:
        answers = decide(self, submission, known_keys, batch)
        _rows.append((self._engine, list(batch.rows)))
        return answers

    async def held(self: Publisher, records: Sequence[Any]) -> None:
        while _rows:
            engine, rows = _rows.pop()
            if cut and rows:
                async with engine.begin() as connection:
                    await connection.execute(upsert(accepted, connection.dialect.name), rows)
        await gap()
        await whole(self, records)

    AlertIntake._decide = noted  # type: ignore[method-assign]
    Publisher.durable = held  # type: ignore[method-assign]


_rows: list[Any] = []


def case_counts_as_published_before_it_is(cut: bool) -> None:
    """A case's version is answered and marked as published before Kafka has heard of it."""
    from alertbus.intake.cases import CaseIntake

    whole = CaseIntake._publish

    async def held(self: CaseIntake, recorded: Any) -> None:
        await gap()
        await whole(self, recorded)

    async def early(self: CaseIntake, recorded: Any) -> None:
        await self._cases.published(recorded.case)
        _later(held(self, recorded))

    CaseIntake._publish = early if cut else held  # type: ignore[method-assign]


def key_is_drawn_anew(cut: bool) -> None:
    """Each attempt has a key of its own."""
    from alertbus.delivery.channels.webhook import WebhookChannel

    whole = WebhookChannel.send

    async def anew(self: WebhookChannel, message: Any, agency: str) -> Any:
        return await whole(self, message.model_copy(update={"idempotency_key": str(uuid4())}), agency)

    if cut:
        WebhookChannel.send = anew  # type: ignore[method-assign]


def lease_is_not_exclusive(cut: bool) -> None:
    """Another worker counts as dead whenever it is looked at, and what it is at work on is taken from it."""
    from alertbus.delivery.heartbeats import Heartbeats

    def all_dead(self: Heartbeats, beats: Mapping[str, int], moment: float) -> list[str]:
        return sorted(beats)

    if cut:
        Heartbeats.dead = all_dead  # type: ignore[method-assign]


def poison_is_dropped(cut: bool) -> None:
    """A record that cannot be decided is passed over, by delivery and by the stages."""
    from alertbus.delivery.arrivals import Arrivals
    from alertbus.stream import stages

    whole = stages._read

    async def nothing(self: Arrivals, poison: Sequence[Any]) -> None:
        pass

    def silent(incoming: Any, readable: dict[str, Any], out: list[Any]) -> Any:
        return whole(incoming, readable, [])

    if cut:
        Arrivals._quarantine = nothing  # type: ignore[method-assign]
        stages._read = silent


def lanes_acknowledge_before_the_outputs(cut: bool) -> None:
    """The offset of an alert moves before anything that it causes is written."""
    from alertbus.broker.topics import ALERTS
    from alertbus.stream.lane import Lanes

    whole = Lanes.__init__

    def wrapped(self: Any, topic: str, process: Any, fail: Any, keep: Any = None) -> None:
        async def held(work: Any) -> Any:
            await gap()
            return await process(work)

        async def whenever(work: Any) -> None:
            await (await held(work))()

        async def early(work: Any) -> Any:
            _later(whenever(work))

            async def durable() -> None:
                """It is not: that is the cut."""

            return durable

        whole(self, topic, (early if cut else held) if topic == ALERTS else process, fail, keep)

    Lanes.__init__ = wrapped  # type: ignore[method-assign]


def lanes_trust_what_skips_ahead(cut: bool) -> None:
    """The engine steps over one record of each partition in which at least two wait; the lanes' guard against that is what is cut."""
    from alertbus.broker.topics import ALERTS
    from alertbus.stream.lane import Lane
    from alertbus.stream.lane_consumer import LaneConsumer

    seek, skipping = LaneConsumer.seek_wait, _is_first()

    async def beyond(self: Any, places: dict[Any, int]) -> Any:
        if not skipping:
            return await seek(self, places)
        ends = await self.highwaters(*places)
        return await seek(self, {tp: at + (tp.topic == ALERTS and ends[tp] - at > 1) for tp, at in places.items()})

    def trusting(self: Any, records: Sequence[Any]) -> None:
        for record in records:
            if record.offset >= self._next:
                self.reached += record.offset - self._next
                self._next = record.offset + 1
                self.waiting.append(record)

    LaneConsumer.seek_wait = beyond
    if cut:
        Lane.take = trusting  # type: ignore[method-assign]


CUTS: dict[str, Callable[[bool], None]] = {
    cut.__name__: cut
    for cut in (
        delivery_commits_before_the_row,
        gateway_answers_before_the_broker,
        gateway_remembers_before_the_broker,
        case_counts_as_published_before_it_is,
        key_is_drawn_anew,
        lease_is_not_exclusive,
        poison_is_dropped,
        lanes_acknowledge_before_the_outputs,
        lanes_trust_what_skips_ahead,
    )
}
