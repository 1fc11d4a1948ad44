"""`alertbus bench` on a real Kafka: that it runs and says what it must. How fast is not a test's business."""

import asyncio
import json
import subprocess
import sys

import pytest

from alertbus.broker.jars import find_java

pytestmark = pytest.mark.kafka


async def test_a_short_bench_prints_the_json_of_design_13() -> None:
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    words = ("bench", "--alerts", "200", "--families", "50", "--runs", "1", "--only", "throughput", "--json")
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "alertbus", *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = await process.communicate()

    assert process.returncode == 0, err.decode()
    found = json.loads(out)
    assert found["alerts_per_s"] > 0
    assert found["floor_per_s"] > 0
    assert found["ratio"] > 0
    assert found["written_per_alert"]["alertbus.notices"]["records"] == 7
    assert found["memory_mib"]["worker_peak"] is None or found["memory_mib"]["worker_peak"] > 0
    assert found["latency_ms"]["p50"] is None
