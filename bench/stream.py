"""How fast the three stages are, beside the floor: a bare aiokafka loop that moves the same number of records over the same hops.

    python bench/stream.py [--alerts 5000] [--cases 500] [--runs 3]

Starts a local Kafka of its own. One case has seven agencies, so one alert makes seven notices. What counts is the ratio of the two rates,
measured in turn in the same run; the rates themselves are the machine's. Prints one JSON object.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from alertbus.broker import topics
from alertbus.broker.local import LocalKafka
from alertbus.broker.producer import Producer, Record
from alertbus.broker.topics import TopicSpec, ensure_topics
from alertbus.directory.cases import Cases
from alertbus.gateway import records
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.policy.load import load_policy
from alertbus.sql.engine import make_engine, migrate
from alertbus.stream.worker import STATE_TOPICS, StreamWorker

PARTITIONS = 12
AGENCIES = ("childrens_social_care", "gp", "health_visiting", "school", "midwifery", "nursery", "hospital")
FLOOR = [TopicSpec(f"floor-{hop}", "retain", "key", "the same bytes") for hop in range(4)]


def case_of(number: int) -> Case:
    return Case.model_validate(
        {
            "id": f"bench-{number}",
            "people": [{"key": "adult", "label": "Adult", "identifiers": [{"system": "crn", "value": f"X{number:06}"}]}],
            "links": [{"person": "adult", "relation": "parent"}],
            "involvements": [{"agency": agency} for agency in AGENCIES],
        }
    )


def alert_of(number: int, cases: int) -> Alert:
    return Alert.model_validate(
        {
            "id": f"{number}-{uuid4()}",
            "source": "police.bench",
            "kind": "other",
            "occurred_at": "2026-11-18T14:05:00Z",
            "recorded_at": "2026-11-18T15:00:00Z",
            "subjects": [{"person": {"identifiers": [{"system": "crn", "value": f"X{number % cases:06}"}]}}],
            "narrative": [{"text": "Invented for measuring. " * 20}],
        }
    )


async def ends(bootstrap: str, topic: str) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        return sum((await consumer.end_offsets([TopicPartition(topic, p) for p in range(PARTITIONS)])).values())
    finally:
        await consumer.stop()


async def until(bootstrap: str, topic: str, count: int) -> None:
    while await ends(bootstrap, topic) < count:
        await asyncio.sleep(0.05)


async def bus_rate(bootstrap: str, producer: Producer, alerts: int, cases: int) -> float:
    """Alerts per second through identify, person and case, to the last notice acknowledged."""
    now = datetime.now(UTC)
    batch = [records.alert_accepted(AcceptedAlert.of(alert_of(n, cases), now)) for n in range(alerts)]
    before = await ends(bootstrap, topics.NOTICES)
    began = time.perf_counter()
    await producer.send_all(batch)
    await until(bootstrap, topics.NOTICES, before + alerts * len(AGENCIES))
    return alerts / (time.perf_counter() - began)


async def floor_rate(bootstrap: str, producer: Producer, alerts: int) -> float:
    """The same hops by hand: read in batches, send the same number of records of the same size, await them, commit."""
    stop = asyncio.Event()
    group = f"floor-{uuid4().hex[:8]}"
    value = os.urandom(450).hex().encode()
    totals = [await ends(bootstrap, spec.name) for spec in FLOOR]

    async def hop(number: int, fan_out: int) -> None:
        consumer = AIOKafkaConsumer(
            FLOOR[number].name,
            bootstrap_servers=bootstrap,
            group_id=f"{group}-{number}",
            enable_auto_commit=False,
            auto_offset_reset="latest",
        )
        await consumer.start()
        await consumer.seek_to_end()
        ready.append(number)
        sender = Producer(bootstrap)
        await sender.start()
        while not stop.is_set():
            found = await consumer.getmany(timeout_ms=50, max_records=256)
            got = [r for part in found.values() for r in part]
            if got:
                copies = fan_out + (number > 0)  # a stage with a state also writes its changelog
                await sender.send_all([Record(FLOOR[number + 1].name, r.key, r.value) for r in got for _ in range(copies)])
                await consumer.commit()
        await consumer.stop()
        await sender.stop()

    ready: list[int] = []
    hops = [asyncio.create_task(hop(0, 1)), asyncio.create_task(hop(1, 1)), asyncio.create_task(hop(2, len(AGENCIES)))]
    while len(ready) < len(hops):
        await asyncio.sleep(0.05)
    began = time.perf_counter()
    await producer.send_all([Record(FLOOR[0].name, str(n).encode(), value) for n in range(alerts)])
    await until(bootstrap, FLOOR[3].name, totals[3] + alerts * 2 * (len(AGENCIES) + 1))
    rate = alerts * 2 / (time.perf_counter() - began)  # hop 1 doubles what hop 2 must carry: counted as that many alerts
    stop.set()
    await asyncio.gather(*hops)
    return rate


async def main(alerts: int, cases: int, runs: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="alertbus-bench-") as folder:
        kafka = LocalKafka(Path(folder) / "kafka")
        await kafka.start()
        url = f"sqlite+aiosqlite:///{folder}/bench.db"
        await migrate(url)
        engine = make_engine(url)
        await ensure_topics(kafka.bootstrap, PARTITIONS, extra=(*STATE_TOPICS, *FLOOR))
        producer = Producer(kafka.bootstrap)
        await producer.start()
        register = Cases(engine)
        now = datetime.now(UTC)
        for number in range(cases):
            case = (await register.record(case_of(number), now, None)).case
            await producer.send_all([records.case_changed(case, now), *records.links_changed(case, (), now)])
        ready, stop = asyncio.Event(), asyncio.Event()
        worker = StreamWorker(kafka.bootstrap, engine, load_policy(), Path(folder) / "state", partitions=PARTITIONS, ready=ready.set)
        working = asyncio.create_task(worker.run(stop))
        await ready.wait()
        await bus_rate(kafka.bootstrap, producer, cases, cases)  # warms caches on both sides
        rates = []
        for _ in range(runs):
            rates.append((await bus_rate(kafka.bootstrap, producer, alerts, cases), await floor_rate(kafka.bootstrap, producer, alerts)))
        stop.set()
        await working
        await producer.stop()
        await engine.dispose()
        await kafka.stop()
    ours, floor = (statistics.median(side) for side in zip(*rates, strict=True))
    return {
        "alerts_per_s": round(ours),
        "obligations_per_s": round(ours * len(AGENCIES)),
        "floor_per_s": round(floor),
        "ratio": round(statistics.median(a / b for a, b in rates), 3),
        "machine": {"cores": os.cpu_count()},
        "runs": runs,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=5000)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(json.dumps(asyncio.run(main(options.alerts, options.cases, options.runs))))
