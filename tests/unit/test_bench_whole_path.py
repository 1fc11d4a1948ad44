"""What `alertbus bench` makes of a whole path: first and last of seven, the search for the highest rate, and the budget met or missed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.bench import session
from alertbus.bench.bench_report import Machine, Measured, contract, table
from alertbus.bench.county import AGENCIES
from alertbus.bench.figures import Latency, median_of
from alertbus.bench.idle_bus import IdleBus
from alertbus.bench.latency import Latencies
from alertbus.bench.measurement import Extent, Measurement
from alertbus.bench.open_loop import Sent
from alertbus.bench.process import ProcessMemory, cpu_seconds, tree_cpu_seconds
from alertbus.bench.rates import (
    CLOSE,
    SEARCH_STEPS,
    Highest,
    NeverArrived,
    NotCarried,
    WholePath,
    behind,
    deliveries,
    holds,
    next_rate,
)
from alertbus.bench.reading_time import ReadingTime

MACHINE = Machine(2, "a processor", "3.11.0", 8.0, 0.0)


def latency(p99: float) -> Latency:
    return Latency(p99 / 4, p99, p99 * 2, p99 * 3)


def path(per_s: float, p99: float = 100, parts_ms: float = 9.0) -> WholePath:
    cpu = {"gateway": 1.0, "stream": 1.5, "delivery": parts_ms - 4.5, "chronicle": 2.0, "broker": 3.0, "receiver": 0.3, "client": 0.4}
    return WholePath(100, per_s, latency(p99), latency(p99), latency(p99), latency(p99 * 1.5), latency(p99 * 1.5), {}, cpu, parts_ms)


def measured(*paths: WholePath, missed: tuple[NotCarried, ...] = (), database: str = "sqlite") -> Measured:
    highest = Highest(100.0, {25.0: 80.0, 100.0: 100.0, 200.0: None})
    return Measured(MACHINE, 5, 5000, latency=[Latencies(database, "seven webhooks", 1000, paths, missed, highest)])


def met(found: dict[str, Any], name: str) -> Any:
    return next(target["met"] for target in found["targets"] if target["name"] == name)


def sent(alert_id: str, at: float = 0.0) -> Sent:
    return Sent(alert_id, at, at, at)


def test_an_alert_is_with_its_first_agency_at_the_earliest_arrival_and_with_its_last_at_the_latest() -> None:
    notices = {(agency, f"{alert}/{agency}"): alert for alert in ("a", "b") for agency in AGENCIES}
    arrivals = {named: float(number) for number, named in enumerate(notices)} | {("gp", "another run's"): 0.0}

    first, last = deliveries(arrivals, notices, [sent("a"), sent("b")], len(AGENCIES))

    assert first == {"a": 0.0, "b": 7.0}
    assert last == {"a": 6.0, "b": 13.0}


@given(st.sampled_from(AGENCIES))
def test_one_agency_that_never_had_an_alert_ends_the_measurement(missing: str) -> None:
    notices = {(agency, agency): "a" for agency in AGENCIES}
    arrivals = {named: 1.0 for named in notices if named[0] != missing}

    with pytest.raises(NeverArrived, match="1 alerts did not reach each of 7"):
        deliveries(arrivals, notices, [sent("a")], len(AGENCIES))


@given(st.floats(3, 3000), st.lists(st.sampled_from([25.0, 50.0, 100.0, 200.0]), min_size=1, max_size=4, unique=True))
def test_the_search_comes_near_to_the_highest_rate_and_ends(carried: float, rates: list[float]) -> None:
    def p99(per_s: float) -> float | None:
        return 100.0 if per_s <= carried else None

    tried = {per_s: p99(per_s) for per_s in rates}
    for _ in range(100):
        if (per_s := next_rate(tried)) is None:
            break
        assert per_s not in tried
        tried[per_s] = p99(per_s)

    best, worst = max(r for r, found in tried.items() if holds(found)), min(r for r, found in tried.items() if not holds(found))
    assert best <= carried < worst
    assert worst / best <= CLOSE
    assert SEARCH_STEPS < 100


def test_a_bus_is_behind_when_fewer_deliveries_were_made_than_were_due_before_its_patience() -> None:
    assert not behind(0, 9.9, 100, 10)
    assert not behind(7 * 100, 11, 100, 10)
    assert behind(7 * 100 - 1, 11, 100, 10)


def test_the_median_is_taken_figure_by_figure() -> None:
    found = median_of([path(100, 10), path(100, 30), path(100, 20)])

    assert found == path(100, 20)
    assert median_of([path(100), replace(path(100), last=None)]).last is None


def test_the_budget_is_met_or_missed_on_each_database() -> None:
    found = contract(measured(path(25, parts_ms=21), path(100)))

    assert met(found, "accept to first delivery, p99 at 100 alerts/s, sqlite") is True
    assert met(found, "accept to last of seven deliveries, p99 at 100 alerts/s, sqlite") is True
    assert met(found, "our processor for an alert at 100 alerts/s, sqlite") is True
    assert met(found, "our processor for an alert at 25 alerts/s, sqlite") is False
    assert met(found, "our processor for an alert at 100 alerts/s, postgresql") is None
    assert found["latency_ms"]["p99"] == 100
    assert found["latency_at"].keys() == {"25"}
    assert found["whole_path"]["sqlite"]["at"]["100"]["to_last_ms"]["p99"] == 150
    assert json.loads(json.dumps(found)) == found


def test_a_rate_that_is_not_carried_misses_its_budget_and_says_why() -> None:
    why = "after 13 s some alert had waited 10 s for one of its agencies"
    found = contract(measured(path(25), missed=(NotCarried(100.0, why),)))

    assert met(found, "accept to first delivery, p99 at 100 alerts/s, sqlite") is False
    assert found["whole_path"]["sqlite"]["not_carried"] == {"100": why}
    assert ("100 alerts/s, sqlite", f"not carried: {why}", "", "") in table(found)
    assert found["latency_ms"]["p99"] is None


def test_an_idle_bus_is_judged_by_its_busiest_part() -> None:
    share = {"gateway": 0.5, "stream": 1.0, "delivery": 7.3, "chronicle": 0.8, "broker": 6.9}
    memory = {name: ProcessMemory(100.0, 120.0, 80.0) for name in share}
    found = contract(Measured(MACHINE, 1, 1, idle=[IdleBus("sqlite", 60.0, share, memory, 7.3, 400.0)]))

    assert met(found, "idle, the busiest of our parts, sqlite") is False
    assert met(found, "idle, memory of the bus, sqlite") is True
    assert found["idle"]["sqlite"]["memory"]["broker"]["pss"] == 80.0


def test_reading_is_judged_by_the_slowest_question_of_each_size() -> None:
    ms = {"inbox, open": {"p50": 2.0, "p99": 9.0, "cpu": 1.0}, "status": {"p50": 1.0, "p99": 60.0, "cpu": 1.0}}
    found = contract(Measured(MACHINE, 1, 1, reading=[ReadingTime(10_000, "sqlite", ms)]))

    assert found["reading"]["sqlite"]["10000"]["slowest_p99_ms"] == 60
    assert met(found, "p99 of the slowest question to 10,000 obligations, sqlite") is False
    assert met(found, "p99 of the slowest question to 1,000,000 obligations, sqlite") is None


def test_a_database_that_is_not_here_is_said_to_be_absent() -> None:
    found = contract(Measured(MACHINE, 1, 1, absent={"postgresql": "PostgreSQL is not installed"}))

    assert found["absent"] == {"postgresql": "PostgreSQL is not installed"}
    assert ("postgresql", "not measured: PostgreSQL is not installed", "", "") in table(found)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")
def test_a_servers_processor_includes_its_childrens_and_that_of_children_that_have_ended() -> None:
    import os
    import subprocess
    import sys

    before = tree_cpu_seconds(os.getpid()) - cpu_seconds(os.getpid())
    busy = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\nimport sys\nsys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        alive = tree_cpu_seconds(os.getpid()) - cpu_seconds(os.getpid())
        child.communicate()
    ended = tree_cpu_seconds(os.getpid()) - cpu_seconds(os.getpid())

    assert alive - before >= 0.25
    assert ended - before >= 0.25


def test_every_bus_that_is_measured_has_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders: list[Path] = []

    async def measured(folder: Path, **_: Any) -> None:
        folders.append(folder)

    monkeypatch.setattr(session, "latencies", measured)
    small: dict[str, Any] = {"alerts": 1, "families": 1_000, "runs": 1, "seconds": 1, "idle_s": 1, "persons": 1, "events": 1, "people": 1}
    which: dict[str, Any] = {"rates": (25.0,), "sizes": (1_000, 10_000), "obligations": (1,), "sqlite_only": True, "database": None}
    extent = Extent(**small, **which, million=False, webhooks=False, inboxes=False, search=False, profile=None)
    session.measure({Measurement.LATENCY, Measurement.COUNTY}, extent, tmp_path, lambda _: None)

    assert len(folders) == len(set(folders)) == 3
