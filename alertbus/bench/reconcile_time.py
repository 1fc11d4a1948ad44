"""What a reconciliation costs: a full one, the first that remembers, and then each minute's, on a bus with a history.

Every alert's records are written to the topics, and the rows that delivery and the chronicle would have for them to the database. Then each
run is a process of its own (`python -m alertbus.bench.reconcile_time full|incremental`), so that its peak memory is its own. Seconds
are those
of the run, without starting Python.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from alertbus.bench import county
from alertbus.bench.bench_broker import bench_broker
from alertbus.bench.family import Family, notice_records, receipts
from alertbus.bench.process import BenchParts
from alertbus.broker.producer import Producer
from alertbus.broker.record import Record
from alertbus.chronicle import tables as chronicle
from alertbus.delivery.ledger.tables import ledger
from alertbus.model.notice import Notice
from alertbus.policy.load import load_policy
from alertbus.reconcile.full import reconcile
from alertbus.reconcile.incremental import reconcile_incrementally
from alertbus.reconcile.results import latest_run
from alertbus.settings import Settings, load_settings
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, migrate

NEW = 100
"""Alerts accepted between two runs. Chosen: a busy minute."""

AT_ONCE = 500
"""Alerts written together."""


@dataclass(frozen=True, slots=True)
class ReconcileTime:
    """Each run by its name: `s` and `cpu_s` it took, `peak_mib` of its process, `difference` (which must be 0), `owed`
    obligations, and for a run that remembers the `records` it read and the alerts it `judged`.
    """

    alerts: int
    new: int
    families: int
    database: str
    """`sqlite` or `postgresql`."""
    runs: Mapping[str, Mapping[str, Any]]


async def reconcile_time(folder: Path, *, alerts: int, families: int, database: str | None) -> ReconcileTime:
    """Measure on a broker of its own. `database` None: SQLite in the folder; else one that is empty."""
    settings = {} if database is None else {"ALERTBUS_DATABASE_URL": database}
    async with bench_broker(folder) as broker, BenchParts(broker.folder, broker.bootstrap, settings) as parts:
        url = Settings(data_dir=broker.folder, database_url=database).sqlalchemy_url
        await migrate(url)
        engine = make_engine(url)
        runs: dict[str, Mapping[str, Any]] = {}

        async def run(name: str, way: str) -> None:
            runs[name] = (await parts.answer(name, "-m", "alertbus.bench.reconcile_time", way)).found

        try:
            policy, at, new = load_policy(), datetime.now(UTC) - timedelta(days=1), min(NEW, alerts)
            households = [Family(number, policy) for number in range(families)]
            await broker.producer.send_all([record for family in households for record in family.opened(at)])
            await fill(broker.producer, engine, households, alerts)
            await run("full", "full")
            await run("from_nothing", "incremental")
            await fill(broker.producer, engine, households, new)
            await run("minute", "incremental")
            await run("quiet_minute", "incremental")
            return ReconcileTime(alerts, new, families, engine.dialect.name, runs)
        finally:
            await engine.dispose()


async def fill(producer: Producer, engine: Database, families: Sequence[Family], alerts: int) -> None:
    """Write so many alerts, over all families in turn, as if accepted, delivered and shown."""
    for start in range(0, alerts, AT_ONCE):
        written: list[Record] = []
        notices: list[Notice] = []
        at = datetime.now(UTC)
        for number in range(start, min(start + AT_ONCE, alerts)):
            family = families[number % len(families)]
            caused = family.stated(county.alert_about(family.number), at)
            notices += caused.notices
            written += caused.records
        written += notice_records(notices)
        written += (record for notice in notices for record in receipts(notice, at))
        await producer.send_all(written)
        async with engine.begin() as connection:
            await connection.execute(insert(ledger), [_ledger_row(notice, at) for notice in notices])
            await connection.execute(insert(chronicle.obligation), [_chronicle_row(notice) for notice in notices])


def _ledger_row(notice: Notice, at: datetime) -> dict[str, Any]:
    owed = notice.obligation
    of_obligation = {name: getattr(owed, name) for name in ("alert_id", "case_id", "agency", "role")}
    return of_obligation | {
        "notice_id": notice.id,
        "obligation_id": owed.id,
        "sector": notice.sector,
        "deed": notice.deed,
        "lane": owed.agency,
        "notice": b"",
        "aside": False,
        "state": "accepted",
        "attempts": 1,
        "receipt_pending": False,
        "recorded_at": at,
        "done_at": at,
    }


def _chronicle_row(notice: Notice) -> dict[str, Any]:
    owed = notice.obligation
    row = {name: getattr(owed, name) for name in ("id", "alert_id", "case_id", "agency", "role", "kind", "severity", "since", "cause")}
    return row | {"severity_rank": 2, "notice_id": notice.id, "state": "accepted"}


async def once(way: str) -> dict[str, Any]:
    """Run once in this process, on the environment's broker and database: `full`, or `incremental` with what earlier runs remembered."""
    settings, policy = load_settings(), load_policy()
    bootstrap, engine = settings.bootstrap_servers or "", make_engine(settings.sqlalchemy_url)
    try:
        began, cpu = time.perf_counter(), time.process_time()
        if way == "full":
            found = await reconcile(bootstrap, engine, policy)
            answer: dict[str, Any] = {"difference": found.difference, "owed": found.owed}
        else:
            await reconcile_incrementally(bootstrap, engine, policy)
            ended = await latest_run(engine)
            assert ended is not None
            answer = ended.model_dump(mode="json", include={"difference", "owed", "records", "judged"})
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
    finally:
        await engine.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux
    return answer | {"s": round(took, 2), "cpu_s": round(cpu, 2), "peak_mib": round(peak / 1024)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(once(sys.argv[1]))))
