"""How long reading takes as the county grows: the inbox, the status, one alert, one obligation, on a chronicle of so many obligations."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, select

from alertbus.bench.chronicle_rows import AGENCIES, WORKERS, as_autovacuum_leaves_it, fill
from alertbus.bench.figures import percentile
from alertbus.chronicle import queries, tables
from alertbus.chronicle.changes import from_now_on, news_since
from alertbus.chronicle.inbox_order import ALL, OPEN
from alertbus.chronicle.reviews import review_items
from alertbus.chronicle.views import answered
from alertbus.chronicle.worker_inbox import inbox_of_worker
from alertbus.settings import Settings
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, migrate

TIMES = 100
"""How often each question is asked, of agencies, alerts and obligations in turn."""

Question = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class ReadingTime:
    """Milliseconds of each question by its name: `p50`, `p99` and `cpu`, the processor's of one in this process."""

    obligations: int
    database: str
    """`sqlite` or `postgresql`."""
    ms: Mapping[str, Mapping[str, float]]


async def measure_reading(url: str, obligations: int, *, times: int = TIMES) -> ReadingTime:
    """Fill the database of this URL, which is empty, with so many obligations, and ask each question so many times, one after the other."""
    now = datetime.now(UTC)
    await migrate(url)
    database = make_engine(url)
    try:
        await database.write(lambda connection: fill(connection, obligations, now))
        await asyncio.to_thread(as_autovacuum_leaves_it, database.engine)
        found = {name: await _timed(ask, times) for name, ask in (await _questions(database, now)).items()}
        return ReadingTime(obligations, database.dialect.name, found)
    finally:
        await database.dispose()


async def reading_time(folder: Path, *, obligations: int, database: str | None = None, database_pid: int | None = None) -> ReadingTime:  # noqa: ARG001
    """Measure on an empty database; None: SQLite in the folder. Where its server runs does not matter here."""
    return await measure_reading(Settings(data_dir=folder, database_url=database).sqlalchemy_url, obligations)


async def _timed(ask: Question, times: int) -> Mapping[str, float]:
    await ask()
    took, cpu = [], time.process_time()
    for _ in range(times):
        began = time.perf_counter()
        await ask()
        took.append(time.perf_counter() - began)
    cpu = (time.process_time() - cpu) / times
    shown = {"p50": percentile(took, 0.5), "p99": percentile(took, 0.99), "cpu": cpu}
    return {name: round(seconds * 1_000, 1) for name, seconds in shown.items()}


async def _questions(database: Database, now: datetime) -> dict[str, Question]:
    """What is asked, each time of the next agency, alert or obligation."""
    dice = random.Random(3)
    some = await database.read(_some_of_them)
    begun = await database.read(lambda connection: from_now_on(connection, now))

    def agency() -> str:
        return dice.choice(AGENCIES[:-1])

    async def second_page() -> None:
        whose = agency()
        first = await queries.inbox(database, whose, ALL, now=now, limit=1)
        await queries.inbox(database, whose, ALL, now=now, after=first[-1].cursor)

    async def one_person() -> None:
        name = dice.choice(WORKERS[1:])
        await inbox_of_worker(database, agency(), OPEN, None, lambda asked: asked.named == name, now=now, limit=101, after=None)

    return {
        "inbox, open": lambda: queries.inbox(database, agency(), OPEN, now=now),
        "inbox, all": lambda: queries.inbox(database, agency(), ALL, now=now),
        "inbox, answered": lambda: queries.inbox(database, agency(), "acknowledged", now=now),
        "inbox, what follows": second_page,
        "inbox, an exercise": lambda: queries.inbox(database, agency(), ALL, "drill-1", now=now),
        "inbox, one person": one_person,
        "inbox, all agencies": lambda: queries.inbox(database, None, OPEN, now=now),
        "status": lambda: queries.status(database, now),
        "reviews": lambda: review_items(database, now, AGENCIES[0]),
        "alert": lambda: queries.alert_status(database, dice.choice(some)[1], now=now),
        "obligation": lambda: queries.obligation(database, dice.choice(some)[0], now=now),
        "a look at what has changed": lambda: answered(database, lambda connection: news_since(connection, begun, now, lambda _: True)),
    }


def _some_of_them(connection: Connection) -> list[tuple[str, str]]:
    owed = tables.obligation.c
    rows = connection.execute(select(owed.id, owed.alert_id).order_by(owed.id).limit(1_000))
    return [(row.id, row.alert_id) for row in rows]
