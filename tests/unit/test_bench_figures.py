"""The arithmetic of `alertbus bench`, the floor's fairness, and the shape of what it prints (DESIGN section 13)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.bench.bench_broker import Run
from alertbus.bench.bench_report import Machine, Measured, contract, table
from alertbus.bench.figures import Latency, Pair, median_ratio, percentile
from alertbus.bench.floor import CopiesDue, Plan, keys_by_partition
from alertbus.bench.floor_plan import CASE_STATE, PERSON_STATE, floor_topic, plan_of
from alertbus.bench.log_ends import Shape
from alertbus.bench.process import ProcessMemory
from alertbus.bench.throughput import Throughput
from alertbus.broker import topics

MACHINE = Machine(2, "a processor", "3.11.0", 8.0, 0.0)
HEADERS = (("ce_id", "an-id"),)
SHAPES = (
    Shape(topics.PERSON_EVENTS, 1.0, 36, 1000, HEADERS),
    Shape(PERSON_STATE, 0.5, 36, 1200, ()),
    Shape(topics.CASE_EVENTS, 1.0, 10, 1100, HEADERS),
    Shape(topics.NOTICES, 7.0, 20, 1500, HEADERS),
    Shape(CASE_STATE, 0.25, 10, 1900, ()),
)


def throughput(*pairs: Pair) -> Throughput:
    ours, floor = (tuple(Run(per_s, 0.9, 0.4) for per_s in side) for side in zip(*((p.ours, p.floor) for p in pairs), strict=True))
    return Throughput(ours, floor, SHAPES, ProcessMemory(100.0, 120.0))


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(1, 1001)]

    assert percentile(values, 0.5) == 500
    assert percentile(values, 0.99) == 990
    assert percentile(values, 0.999) == 999
    assert percentile(values, 1) == 1000
    assert percentile([7.0], 0.5) == 7.0


@pytest.mark.parametrize(("values", "part"), [([], 0.5), ([1.0], 0.0), ([1.0], 1.1)])
def test_a_percentile_of_nothing_is_refused(values: list[float], part: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile(values, part)


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.001, 1))
def test_at_least_that_part_of_the_values_lies_at_or_below_a_percentile(values: list[float], part: float) -> None:
    found = percentile(values, part)

    assert found in values
    assert sum(value <= found for value in values) >= part * len(values) - 1e-6


def test_latency_is_told_in_milliseconds() -> None:
    assert Latency.of([0.010] * 98 + [0.1, 0.25]) == Latency(p50=10.0, p99=100.0, p999=250.0, worst=250.0)


def test_the_ratio_is_the_median_of_the_pairs_and_not_the_ratio_of_medians() -> None:
    pairs = [Pair(100, 1000), Pair(300, 400), Pair(200, 1000)]

    assert median_ratio(pairs) == pytest.approx(0.2)


@given(st.floats(0, 9), st.lists(st.integers(0, 500), max_size=40))
def test_the_floor_writes_as_many_records_as_ours_wrote_to_within_one(per_record: float, batches: list[int]) -> None:
    owed = CopiesDue(per_record)

    written = sum(owed.for_records(count) for count in batches)

    assert abs(written - per_record * sum(batches)) <= 1 + 1e-6


@given(st.lists(st.binary(min_size=1, max_size=4), min_size=1, max_size=30), st.integers(0, 11), st.integers(0, 200))
def test_the_floor_spreads_every_copy_and_no_more(keys: list[bytes], partition: int, copies: int) -> None:
    spread = list(keys_by_partition(keys, partition, copies, 12))

    assert sum(len(part) for _, part in spread) == copies
    assert all(0 <= target < 12 for target, _ in spread)


def test_the_floor_carries_the_bytes_of_our_run_over_three_hops() -> None:
    plan = plan_of("broker:1", list(SHAPES))

    assert [hop.source for hop in plan.hops] == [floor_topic(t) for t in (topics.ALERTS, topics.PERSON_EVENTS, topics.CASE_EVENTS)]
    sent = {send.topic: send for hop in plan.hops for send in hop.sends}
    for shape in SHAPES:
        send = sent[floor_topic(shape.topic)]
        assert (send.per_record, send.value_bytes, send.headers) == (shape.per_alert, shape.value_bytes, shape.headers)
    assert {hop.source for hop in plan.hops}.isdisjoint({floor_topic(PERSON_STATE), floor_topic(CASE_STATE)})  # nobody reads a changelog


def test_a_hop_that_gets_two_records_for_each_alert_writes_half_as_many_for_each() -> None:
    twice = [Shape(topics.PERSON_EVENTS, 2.0, 36, 1000, HEADERS), *SHAPES[1:]]

    plan = plan_of("broker:1", twice)

    assert {send.topic: send.per_record for send in plan.hops[1].sends} == {
        floor_topic(topics.CASE_EVENTS): 0.5,
        floor_topic(PERSON_STATE): 0.25,
    }


def test_a_plan_written_is_the_plan_read(tmp_path: Any) -> None:
    plan = plan_of("broker:1", list(SHAPES))

    plan.write(tmp_path / "plan.json")

    assert Plan.read(tmp_path / "plan.json") == plan


def test_the_json_has_the_shape_of_design_13_also_when_little_was_measured() -> None:
    found = contract(Measured(MACHINE, 5, 5000))

    assert {"alerts_per_s", "obligations_per_s", "floor_per_s", "ratio", "latency_ms", "recovery_s", "peers", "machine", "runs"} <= set(
        found
    )
    assert set(found["latency_ms"]) >= {"p50", "p99", "p999"}
    assert set(found["recovery_s"]) >= {"killed", "stopped", "empty_disk"}
    assert found["machine"]["cores"] == 2
    assert found["runs"] == 5
    assert json.loads(json.dumps(found)) == found


def test_what_was_not_measured_is_null_and_neither_met_nor_missed() -> None:
    found = contract(Measured(MACHINE, 5, 5000))

    assert found["alerts_per_s"] is None
    assert {target["met"] for target in found["targets"]} == {None}
    assert all(value == "-" and judged == "" for _, value, _, judged in table(found))


def test_a_target_is_met_or_missed_by_what_was_measured() -> None:
    def judged(pair: Pair) -> Any:
        found = contract(Measured(MACHINE, 1, 100, throughput(pair)))
        return next(t["met"] for t in found["targets"] if t["name"] == "ratio to the floor, one worker")

    assert judged(Pair(500, 1000)) is True
    assert judged(Pair(499, 1000)) is False


def test_obligations_are_seven_for_each_alert_and_each_run_is_shown() -> None:
    found = contract(Measured(MACHINE, 3, 5000, throughput(Pair(100, 200), Pair(300, 400), Pair(200, 500))))

    assert (found["alerts_per_s"], found["obligations_per_s"], found["floor_per_s"], found["ratio"]) == (200, 1400, 400, 0.5)
    assert [pair["ours"] for pair in found["pairs"]] == [100, 300, 200]
    assert found["written_per_alert"][topics.NOTICES] == {"records": 7.0, "record_bytes": 1530}
