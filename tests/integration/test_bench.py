"""`alertbus bench` on a real Kafka: that it runs and says what it must. How fast is not a test's business."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest

from alertbus.broker.jars import find_java

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(find_java() is None, reason="no Java 17 or newer: apt-get install default-jre-headless"),
]


async def bench(*words: str) -> dict[str, Any]:
    command = (sys.executable, "-m", "alertbus", "bench", *words, "--json")
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    found: dict[str, Any] = json.loads(out)
    return found


async def test_a_short_bench_prints_the_json_of_design_13() -> None:
    found = await bench("--alerts", "200", "--families", "50", "--runs", "1", "--only", "throughput")

    assert found["alerts_per_s"] > 0
    assert found["floor_per_s"] > 0
    assert found["ratio"] > 0
    assert found["written_per_alert"]["alertbus.notices"]["records"] == 7
    assert found["memory_mib"]["worker_peak"] is None or found["memory_mib"]["worker_peak"] > 0
    assert found["latency_ms"]["p50"] is None
    assert found["rebuild"] is found["reconcile"] is found["delivery"] is None


async def test_the_whole_path_is_measured_to_the_first_and_the_last_of_seven_webhooks() -> None:
    """Each alert reaches each of seven systems, or there is no figure. A rate that the machine does not carry is said and not measured."""
    found = await bench("--only", "latency", "--families", "10", "--seconds", "2", "--runs", "1", "--rates", "5", "--no-search")

    assert found["whole_path"].keys() | found["absent"].keys() == {"sqlite", "postgresql"}
    for database, on in found["whole_path"].items():
        assert on["agencies"] == "seven webhooks"
        assert on["at"].keys() | on["not_carried"].keys() == {"5"}
        for path in on["at"].values():
            assert 0 < path["latency_ms"]["p50"] <= path["to_last_ms"]["p50"]
            assert {"gateway", "stream", "delivery", "chronicle", "broker", "receiver", "client"} <= path["cpu_ms_per_alert"].keys()
            assert ("database" in path["cpu_ms_per_alert"]) == (database == "postgresql")


async def test_an_idle_bus_is_measured_part_by_part() -> None:
    found = (await bench("--only", "idle", "--database", "sqlite", "--families", "5", "--idle-seconds", "2", "--runs", "1"))["idle"][
        "sqlite"
    ]

    assert {"gateway", "stream", "delivery", "chronicle", "broker", "receiver"} == found["cpu_percent"].keys() == found["memory"].keys()
    assert found["memory_mib"] is None or found["memory_mib"] > 0


async def test_a_rebuild_is_measured_and_its_difference_is_nothing() -> None:
    found = (await bench("--only", "rebuild", "--events", "300"))["rebuild"]

    assert found["events"] >= 300
    assert found["in_inbox"] > 0
    assert found["difference"] == 0


async def test_reconciliations_are_measured_and_each_finds_no_difference() -> None:
    found = (await bench("--only", "reconcile", "--alerts", "20", "--families", "5"))["reconcile"]

    runs = found["runs"]
    assert {name: run["difference"] for name, run in runs.items()} == dict.fromkeys(("full", "from_nothing", "minute", "quiet_minute"), 0)
    assert runs["full"]["owed"] == 20 * 7
    assert runs["minute"]["owed"] == 40 * 7
    assert 0 < runs["minute"]["records"] < runs["from_nothing"]["records"] + 20
    assert runs["quiet_minute"]["records"] == 0


@pytest.mark.parametrize("channel", ["inbox", "webhook"])
async def test_delivery_alone_is_measured_and_every_notice_arrives(channel: str) -> None:
    words = ("--only", "delivery", "--alerts", "5", "--families", "5", "--seconds", "1")
    found = (await bench(*words, *(["--webhooks"] if channel == "webhook" else [])))["delivery"]

    assert found["channel"] == channel
    # It may be below 0: on a busy machine a notice is delivered before its writer has noted when it was acknowledged.
    assert isinstance(found["latency_ms"]["p50"], float)
    assert found["cpu_ms_per_notice"].keys() == found["drained_per_s"].keys() == {"delivery", "chronicle"}
