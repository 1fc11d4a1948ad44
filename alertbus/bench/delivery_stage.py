"""What delivery and the chronicle cost, and how soon a notice is with its agency: real Kafka, real processes, seven agencies on each case.

    python bench/delivery.py [--alerts-per-s 100] [--seconds 20] [--burst 1000] [--channel inbox|webhook] [--database-url URL]

Notices are made as the case stage makes them and written to their topic at a steady rate, then many at once. `cores` is processor time over
wall time while the rate holds (1.0 is one core); `cpu_ms_per_notice` is processor time until the last notice is done, over the notices;
`latency_ms` runs from the broker's acknowledgement of a notice to its agency having it; `drained_per_s` is notices per second of the
burst. Without --database-url: SQLite. Prints one JSON object.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from alertbus import logs
from alertbus.broker.envelope import encode
from alertbus.broker.local import LocalKafka
from alertbus.broker.producer import Producer, Record
from alertbus.broker.topics import NOTICES, ensure_topics
from alertbus.chronicle.worker import run_chronicle
from alertbus.delivery.worker import DeliverySetup, run_delivery
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.model.events import NOTICE_OWED, AlertReachedCase
from alertbus.model.notice import Notice
from alertbus.plugin.manager import Plugins
from alertbus.policy.load import load_policy
from alertbus.reach.notices import notices_for
from alertbus.reach.reduce_case import CaseState, reduce_case
from alertbus.settings import ChannelSettings
from alertbus.sql.engine import make_engine, migrate

AGENCIES = ("childrens_social_care", "gp", "health_visiting", "school", "midwifery", "police", "hospital")
CASES = 500
SECRET = "whsec_" + "c2FmZWd1YXJkaW5nLXNhZmVndWFyZGluZy0xMjM0"


def alerts() -> Iterator[list[Notice]]:
    """The notices of one alert after another, over and over all cases."""
    policy = load_policy()
    states = []
    for number in range(CASES):
        case = {
            "id": f"bench-{number}",
            "people": [{"key": "adult", "label": "Adult", "person_ids": [f"p-{number}"]}],
            "links": [{"person": "adult", "relation": "parent"}],
            "involvements": [{"agency": agency} for agency in AGENCIES],
        }
        states.append(CaseState(case=Case.model_validate(case)))
    while True:
        for number, state in enumerate(states):
            now = datetime.now(UTC)
            alert = {
                "id": f"{number}-{now.timestamp()}",
                "source": "nspcc.bench",
                "kind": "threat_to_staff",
                "occurred_at": now,
                "recorded_at": now,
                "subjects": [{"person": {"key": "adult"}}],
                "narrative": [{"text": "Invented for measuring. " * 20}],
            }
            accepted = AcceptedAlert.of(Alert.model_validate(alert), now).with_people(((f"p-{number}",),))
            event = AlertReachedCase(case_id=f"bench-{number}", via=f"p-{number}", alert=accepted)
            after, owed = reduce_case(state, event, policy)
            yield [told.notice for told in notices_for(owed, state, after, policy)]


def record(notice: Notice) -> Record:
    data = notice.model_dump_json().encode()
    headers, value = encode(type=NOTICE_OWED, source="/bench", id=notice.id, time=datetime.now(UTC), subject=notice.id, data=data)
    return Record(NOTICES, f"{notice.obligation.agency}/{notice.obligation.case_id}".encode(), value, headers)


def delivery(bootstrap: str, url: str, channels: dict[str, str]) -> None:
    """One delivery worker, until it is terminated."""
    logs.configure("json", "WARNING", "delivery")
    ways = {agency: ChannelSettings(channel="webhook", url=to, secret=SecretStr(SECRET), folder=None) for agency, to in channels.items()}
    setup = DeliverySetup(bootstrap=bootstrap, engine=make_engine(url), plugins=Plugins.load(), channels=ways)
    asyncio.run(run_delivery(setup, asyncio.Event()))


def chronicle(bootstrap: str, url: str) -> None:
    logs.configure("json", "WARNING", "chronicle")
    asyncio.run(run_chronicle(bootstrap, make_engine(url), asyncio.Event()))


def receiver(port: int, arrivals: str) -> None:
    """Agencies' systems in a process of their own: answer 200 at once and write down when each key came."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            except asyncio.IncompleteReadError:
                break
            headers = dict(line.split(": ", 1) for line in head.lower().split("\r\n")[1:] if line)
            await reader.readexactly(int(headers["content-length"]))
            file.write(f"{headers['webhook-id']} {time.time()}\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async def listen() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", port)
        await server.serve_forever()

    with Path(arrivals).open("w", buffering=1) as file:
        asyncio.run(listen())


async def until(condition: Callable[[], Awaitable[bool]], needed: Iterable[BaseProcess]) -> None:
    while not await condition():
        if dead := [process.name for process in needed if not process.is_alive()]:
            raise RuntimeError(f"{', '.join(dead)} ended before its work was done")
        await asyncio.sleep(0.02)


async def count(engine: AsyncEngine, question: str) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(text(question))).scalar_one())


def written_down(arrivals: Path) -> dict[str, float]:
    lines = arrivals.read_text().split("\n")[:-1] if arrivals.exists() else []
    return {key: float(at) for key, at in (line.split(" ") for line in lines)}


async def came(engine: AsyncEngine, arrivals: Path) -> dict[str, float]:
    """When each notice was with its agency."""
    if found := written_down(arrivals):
        return found
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT notice_id, done_at FROM ledger WHERE done_at IS NOT NULL"))
        done = [(row[0], datetime.fromisoformat(row[1]) if isinstance(row[1], str) else row[1]) for row in rows]
    return {key: (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() for key, at in done}


def used(processes: dict[str, BaseProcess]) -> dict[str, float]:
    return {name: sum(psutil.Process(process.pid).cpu_times()[:2]) for name, process in processes.items()}


async def steady(producer: Producer, rate: float, seconds: float) -> dict[str, float]:
    """Write alerts at the rate; say when each notice was acknowledged."""
    made = alerts()
    sent: dict[str, float] = {}
    began = time.perf_counter()
    writing: set[asyncio.Task[None]] = set()

    async def write(notices: list[Notice]) -> None:
        await producer.send_all([record(notice) for notice in notices])
        sent.update(dict.fromkeys((notice.id for notice in notices), time.time()))

    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        task = asyncio.create_task(write(next(made)))
        writing.add(task)
        task.add_done_callback(writing.discard)
    await asyncio.gather(*writing)
    return sent


async def measure(bootstrap: str, url: str, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    engine = make_engine(url)
    arrivals, port = folder / "arrivals", 18_431
    ways = dict.fromkeys(AGENCIES, f"http://127.0.0.1:{port}/notices") if options.channel == "webhook" else {}
    processes: dict[str, BaseProcess] = {
        "delivery": context.Process(target=delivery, args=(bootstrap, url, ways), name="delivery", daemon=True),
        "chronicle": context.Process(target=chronicle, args=(bootstrap, url), name="chronicle", daemon=True),
    }
    systems = context.Process(target=receiver, args=(port, str(arrivals)), name="receiver", daemon=True)
    everybody = [*processes.values()] + ([systems] if ways else [])
    producer = Producer(bootstrap)
    await producer.start()
    for process in everybody:
        process.start()
    try:

        async def settled(total: int) -> None:
            async def done() -> bool:
                rows = await count(engine, "SELECT count(*) FROM ledger WHERE done_at IS NOT NULL")
                return rows >= total and await count(engine, "SELECT count(*) FROM chronicle_receipt") >= total

            await until(done, everybody)

        warm = await steady(producer, options.alerts_per_s, 5.0)
        await settled(len(warm))
        before, began = used(processes), time.perf_counter()
        sent = await steady(producer, options.alerts_per_s, options.seconds)
        took = time.perf_counter() - began
        cores = {name: round((after - before[name]) / took, 3) for name, after in used(processes).items()}
        await settled(len(warm) + len(sent))
        cost = {name: round(1000 * (after - before[name]) / len(sent), 3) for name, after in used(processes).items()}
        found = await came(engine, arrivals)
        late = sorted(1000 * (found[notice_id] - at) for notice_id, at in sent.items())
        made = alerts()
        burst = [record(notice) for _ in range(options.burst) for notice in next(made)]
        total, began = len(warm) + len(sent) + len(burst), time.perf_counter()
        await producer.send_all(burst)
        await until(lambda: _reached(engine, "SELECT count(*) FROM ledger WHERE done_at IS NOT NULL", total), everybody)
        drained = len(burst) / (time.perf_counter() - began)
        await until(lambda: _reached(engine, "SELECT count(*) FROM chronicle_receipt", total), everybody)
        return {
            "database": engine.dialect.name,
            "channel": options.channel,
            "notices_per_s": round(len(sent) / took),
            "cores": cores,
            "cpu_ms_per_notice": cost,
            "latency_ms": {"p50": _at(late, 0.5), "p99": _at(late, 0.99), "p999": _at(late, 0.999)},
            "drained_per_s": {
                "delivery": round(drained),
                "chronicle": round(len(burst) / (time.perf_counter() - began)),
            },
            "machine": {"cores": os.cpu_count(), "load": round(statistics.mean(os.getloadavg()[:1]), 1)},
        }
    finally:
        await producer.stop()
        for process in everybody:
            process.terminate()
            process.join()
        await engine.dispose()


async def _reached(engine: AsyncEngine, question: str, total: int) -> bool:
    return await count(engine, question) >= total


def _at(ordered: list[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)


async def main(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="alertbus-bench-") as name:
        folder = Path(name)
        kafka = LocalKafka(folder / "kafka")
        await kafka.start()
        try:
            url = options.database_url or f"sqlite+aiosqlite:///{folder}/bench.db"
            await migrate(url)
            await ensure_topics(kafka.bootstrap)
            return await measure(kafka.bootstrap, url, options, folder)
        finally:
            await kafka.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts-per-s", type=float, default=100)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--burst", type=int, default=1000, help="alerts written at once afterwards")
    parser.add_argument("--channel", choices=("inbox", "webhook"), default="inbox")
    parser.add_argument("--database-url", help="a PostgreSQL database that is empty")
    print(json.dumps(asyncio.run(main(parser.parse_args()))))
