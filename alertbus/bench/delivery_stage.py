"""What delivery and the chronicle cost, and how soon a notice is with its agency: their two processes alone on a real Kafka.

Notices are made by the reducers and written to their topic at a steady rate, then many at once. The agencies have the built-in inbox, or
all of them webhooks on loopback.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Column, func, select

from alertbus.bench import county
from alertbus.bench.bench_broker import PATIENCE_S, bench_broker
from alertbus.bench.family import Family, notice_records
from alertbus.bench.figures import Latency
from alertbus.bench.log_ends import Stalled
from alertbus.bench.process import BenchParts, Running, free_port
from alertbus.bench.receiver import arrivals, webhooks
from alertbus.broker.producer import Producer
from alertbus.broker.record import Record
from alertbus.chronicle import tables as chronicle
from alertbus.delivery.ledger.tables import ledger
from alertbus.model.notice import Notice
from alertbus.policy.load import load_policy
from alertbus.settings import Settings
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, migrate, reading

WARM_S = 5.0
LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class DeliveryCost:
    """The figures of one run. `cores` and `cpu_ms_per_notice` are by process."""

    database: str
    """`sqlite` or `postgresql`."""
    channel: str
    """`inbox` or `webhook`."""
    notices_per_s: int
    cores: Mapping[str, float]
    """Processor time over wall time while the rate holds: 1.0 is one whole processor."""
    cpu_ms_per_notice: Mapping[str, float]
    """Processor time until the last notice is done, over the notices."""
    latency_ms: Latency
    """From the broker's acknowledgement of a notice to its agency having it."""
    drained_per_s: Mapping[str, int]
    """Notices per second of the burst, until delivery and the chronicle were through with it."""


async def delivery_cost(
    folder: Path, *, per_s: float, seconds: float, burst: int, families: int, database: str | None, channel: str
) -> DeliveryCost:
    """Measure on a broker of its own, at so many alerts a second of seven notices each, then with so many alerts at once. `database` None:
    SQLite in the folder; else one that is empty.
    """
    async with bench_broker(folder) as broker:
        broker.folder.mkdir(parents=True, exist_ok=True)
        book, port = broker.folder / "arrivals", free_port()
        settings = {} if database is None else {"ALERTBUS_DATABASE_URL": database}
        if channel == "webhook":
            book.touch()
            settings["ALERTBUS_CHANNELS"] = webhooks(port, county.AGENCIES)
        url = Settings(data_dir=broker.folder, database_url=database).sqlalchemy_url
        await migrate(url)
        engine = make_engine(url)
        try:
            async with BenchParts(broker.folder, broker.bootstrap, settings) as parts:
                if channel == "webhook":
                    parts.run("receiver", "-m", "alertbus.bench.receiver", str(port), str(book))
                processes = {name: await parts.start(name) for name in ("delivery", "chronicle")}
                run = _DeliveryRun(engine, processes, broker.producer, _Notices(families))
                return await run.measured(per_s, seconds, burst, channel, book)
        finally:
            await engine.dispose()


class _Notices:
    """The notices of one alert after another, over all families in turn."""

    def __init__(self, families: int) -> None:
        policy, at = load_policy(), datetime.now(UTC)
        self._families = [Family(number, policy) for number in range(families)]
        self._turn = 0
        for family in self._families:
            family.opened(at)

    def of_next_alert(self) -> tuple[Notice, ...]:
        family = self._families[self._turn % len(self._families)]
        self._turn += 1
        return family.stated(county.alert_about(family.number), datetime.now(UTC)).notices


class _DeliveryRun:
    def __init__(self, engine: Database, processes: Mapping[str, Running], producer: Producer, notices: _Notices) -> None:
        self._engine, self._processes, self._producer, self._notices = engine, processes, producer, notices
        self._written = 0

    async def measured(self, per_s: float, seconds: float, burst: int, channel: str, book: Path) -> DeliveryCost:
        await self._steady(per_s, min(WARM_S, seconds))
        await self._delivered()
        await self._shown()
        before, began = self._used(), time.perf_counter()
        acknowledged = await self._steady(per_s, seconds)
        took = time.perf_counter() - began
        cores = {name: round((now - before[name]) / took, 3) for name, now in self._used().items()}
        await self._delivered()
        await self._shown()
        cost = {name: round(1000 * (now - before[name]) / len(acknowledged), 3) for name, now in self._used().items()}
        came = arrivals(book) if channel == "webhook" else await self._done_at()
        latency = Latency.of([came[notice_id] - at for notice_id, at in acknowledged.items()])
        drained = await self._drained(burst)
        return DeliveryCost(self._engine.dialect.name, channel, round(len(acknowledged) / took), cores, cost, latency, drained)

    async def _steady(self, per_s: float, seconds: float) -> dict[str, float]:
        """Write alerts' notices at the rate. Returns when each was acknowledged, on the monotonic clock."""
        acknowledged: dict[str, float] = {}

        async def write(notices: Sequence[Notice]) -> None:
            await self._producer.send_all(list(notice_records(notices)))
            acknowledged.update(dict.fromkeys((notice.id for notice in notices), time.monotonic()))

        began = time.monotonic()
        async with asyncio.TaskGroup() as writing:
            for number in range(int(per_s * seconds)):
                await asyncio.sleep(max(0.0, began + number / per_s - time.monotonic()))
                writing.create_task(write(self._notices.of_next_alert()))
        self._written += len(acknowledged)
        return acknowledged

    async def _drained(self, burst: int) -> dict[str, int]:
        batch: list[Record] = []
        for _ in range(burst):
            batch += notice_records(self._notices.of_next_alert())
        self._written += len(batch)
        began = time.perf_counter()
        await self._producer.send_all(batch)
        await self._delivered()
        delivered = time.perf_counter() - began
        await self._shown()
        return {"delivery": round(len(batch) / delivered), "chronicle": round(len(batch) / (time.perf_counter() - began))}

    async def _delivered(self) -> None:
        """Return when every notice written is done in the ledger."""
        await self._until(ledger.c.done_at)

    async def _shown(self) -> None:
        """Return when the chronicle has a receipt for every notice written."""
        await self._until(chronicle.receipt.c.id)

    async def _until(self, column: Column[object]) -> None:
        """Return when so many rows have this column. Raises `Stalled` when they have not grown for as long as patience lasts."""
        last, grew = -1, time.monotonic()
        while True:
            async with reading(self._engine) as connection:
                count = (await connection.execute(select(func.count(column)))).scalar_one()
            if count >= self._written:
                return
            for process in self._processes.values():
                process.alive()
            if count > last:
                last, grew = count, time.monotonic()
            elif time.monotonic() - grew > PATIENCE_S:
                raise Stalled(f"{column.table.name} stands at {count} of {self._written} notices since {PATIENCE_S:.0f} s")
            await asyncio.sleep(LOOK_S)

    async def _done_at(self) -> dict[str, float]:
        """When each notice was done by the ledger, on the monotonic clock: the ledger's own is this machine's wall clock."""
        to_monotonic = time.monotonic() - time.time()
        async with reading(self._engine) as connection:
            rows = await connection.execute(select(ledger.c.notice_id, ledger.c.done_at).where(ledger.c.done_at.is_not(None)))
            return {row.notice_id: row.done_at.timestamp() + to_monotonic for row in rows}

    def _used(self) -> dict[str, float]:
        return {name: process.cpu_s() for name, process in self._processes.items()}
