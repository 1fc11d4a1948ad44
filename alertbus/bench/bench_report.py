"""What was measured, as DESIGN section 13's JSON and as a table a person reads, each figure beside the target it met or missed. Pure.

What was not measured in this run is null in the JSON and a dash in the table: never a guess, never an older figure.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from alertbus.bench.alertmanager import Beside
from alertbus.bench.clock_time import ClockTime
from alertbus.bench.county import AGENCIES
from alertbus.bench.delivery_stage import DeliveryCost
from alertbus.bench.desk_time import DeskTime
from alertbus.bench.figures import median_ratio
from alertbus.bench.idle_bus import IdleBus
from alertbus.bench.latency import Latencies
from alertbus.bench.peers import OURS, PeerMeasured
from alertbus.bench.reading_time import ReadingTime
from alertbus.bench.rebuild_time import RebuildTime
from alertbus.bench.reconcile_time import ReconcileTime
from alertbus.bench.recovery_time import Recovery
from alertbus.bench.scaling import Scaling
from alertbus.bench.sigkill import Killed
from alertbus.bench.targets import JUDGED, Target, shown
from alertbus.bench.throughput import Throughput
from alertbus.bench.whole_path_report import (
    WHOLE_PATH_TARGETS,
    beside_the_bus,
    by_obligations,
    by_size,
    first_database,
    on_database,
    whole_path_lines,
)


@dataclass(frozen=True, slots=True)
class Machine:
    cores: int
    processor: str
    python: str
    memory_gib: float
    load: float
    """Runnable processes over the last minute when the bench began: above 0 something else was at work too."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of the bench. A measurement that was not asked for is None."""

    machine: Machine
    runs: int
    alerts: int
    throughput: Throughput | None = None
    latency: Sequence[Latencies] = field(default=())
    """The whole path, on one database after the other."""
    idle: Sequence[IdleBus] = field(default=())
    county: Sequence[Latencies] = field(default=())
    """The whole path at one rate, in counties of different sizes."""
    alertmanager: Beside | None = None
    reading: Sequence[ReadingTime] = field(default=())
    """Questions to chronicles of different sizes."""
    killed: Mapping[str, Killed] = field(default_factory=dict)
    """What was lost at SIGKILL: by database, and by `alertmanager`."""
    recovery: Recovery | None = None
    million: Recovery | None = None
    workers: Scaling | None = None
    peers: Sequence[PeerMeasured] = field(default=())
    rebuild: RebuildTime | None = None
    reconcile: ReconcileTime | None = None
    delivery: DeliveryCost | None = None
    clock: ClockTime | None = None
    desk: Sequence[DeskTime] = field(default=())
    failed: Mapping[str, str] = field(default_factory=dict)
    """Measurements that failed, and why."""
    absent: Mapping[str, str] = field(default_factory=dict)
    """What could not be measured on this machine, and why."""


TARGETS = (
    Target("ratio to the floor, one worker", ("ratio",), 0.5, at_least=True),
    Target("ratio to the floor, two workers", ("two_workers", "ratio"), 0.5, at_least=True),
    *WHOLE_PATH_TARGETS,
    Target("first new notice after SIGKILL", ("recovery_s", "killed"), 10, "s"),
    Target("first new notice from an empty disk", ("recovery_s", "empty_disk"), 15, "s"),
    Target("the same, 1,000,000 persons", ("recovery_s", "empty_disk_million"), 100, "s"),
    Target("a tick after its moment, the worst", ("clock", "evenly_ms", "worst"), 1_000, "ms"),
    *(Target(f"a page of the desk, p95, on {name}", ("desk", name, "ms", "all", "p95"), 300, "ms") for name in ("sqlite", "postgresql")),
    *(
        Target(f"first byte of the inbox, p95, on {name}", ("desk", name, "ms", "inbox", "first_p95"), 200, "ms")
        for name in ("sqlite", "postgresql")
    ),
    Target("two workers to one", ("workers", "ratio"), 1.6, at_least=True),
)


def contract(measured: Measured) -> dict[str, Any]:
    """The JSON of DESIGN section 13, and more beside it."""
    found = {
        **_throughput(measured.throughput),
        **first_database(measured.latency),
        "whole_path": {one.database: on_database(one) for one in measured.latency},
        "idle": {one.database: asdict(one) for one in measured.idle},
        "county": by_size(measured.county),
        "alertmanager": measured.alertmanager and beside_the_bus(measured.alertmanager),
        "reading": by_obligations(measured.reading),
        "sigkill": {name: asdict(killed) for name, killed in measured.killed.items()},
        "recovery_s": _recovery(measured.recovery, measured.million),
        "workers": _workers(measured.workers),
        "peers": {one.peer.name: _peer(one, measured.throughput) for one in measured.peers},
        "rebuild": measured.rebuild and asdict(measured.rebuild),
        "reconcile": measured.reconcile and asdict(measured.reconcile),
        "delivery": measured.delivery and asdict(measured.delivery),
        "clock": measured.clock and asdict(measured.clock),
        "desk": {one.database: asdict(one) for one in measured.desk},
        "durability": OURS,
        "machine": asdict(measured.machine),
        "failed": dict(measured.failed),
        "absent": dict(measured.absent),
        "runs": measured.runs,
        "alerts": measured.alerts,
    }
    found["targets"] = [
        {"name": target.name, "target": target.words, "value": target.value(found), "met": target.judged(found)} for target in TARGETS
    ]
    return found


def _throughput(measured: Throughput | None) -> dict[str, Any]:
    if measured is None:
        return dict.fromkeys(("alerts_per_s", "obligations_per_s", "floor_per_s", "ratio"))
    ours = statistics.median(run.per_s for run in measured.ours)
    return {
        "alerts_per_s": round(ours),
        "obligations_per_s": round(ours * len(AGENCIES)),
        "floor_per_s": round(statistics.median(run.per_s for run in measured.floor)),
        "ratio": round(median_ratio(measured.pairs), 3),
        "pairs": [{"ours": round(p.ours), "floor": round(p.floor), "ratio": round(p.ratio, 3)} for p in measured.pairs],
        "written_per_alert": {
            shape.topic: {"records": round(shape.per_alert, 3), "record_bytes": shape.record_bytes} for shape in measured.shapes
        },
        "processors": {
            "worker": round(statistics.median(run.busy for run in measured.ours), 2),
            "broker": round(statistics.median(run.broker_busy for run in measured.ours), 2),
            "floor": round(statistics.median(run.busy for run in measured.floor), 2),
            "broker_for_floor": round(statistics.median(run.broker_busy for run in measured.floor), 2),
        },
        "memory_mib": {"worker_rss": measured.memory.rss, "worker_peak": measured.memory.peak},
        "two_workers": _two(measured) if measured.two else None,
    }


def _two(measured: Throughput) -> dict[str, Any]:
    return {
        "alerts_per_s": round(statistics.median(run.per_s for run in measured.two)),
        "floor_per_s": round(statistics.median(run.per_s for run in measured.floor_of_two)),
        "ratio": round(median_ratio(measured.pairs_of_two), 3),
        "pairs": [{"ours": round(p.ours), "floor": round(p.floor), "ratio": round(p.ratio, 3)} for p in measured.pairs_of_two],
        "processors": {
            "workers": round(statistics.median(run.busy for run in measured.two), 2),
            "broker": round(statistics.median(run.broker_busy for run in measured.two), 2),
        },
    }


def _recovery(measured: Recovery | None, million: Recovery | None) -> dict[str, Any]:
    if measured is None:
        found: dict[str, Any] = dict.fromkeys(("killed", "stopped", "empty_disk"))
    else:
        found = {"killed": measured.killed, "stopped": measured.stopped, "empty_disk": measured.empty_disk, **_size(measured)}
    if million is not None:
        found |= {"empty_disk_million": million.empty_disk, "million": _size(million)}
    return found


def _size(measured: Recovery) -> dict[str, Any]:
    memory = measured.memory
    return {"persons": measured.persons, "state_mib": measured.state_mib, "rss_mib": memory.rss, "peak_mib": memory.peak}


def _workers(measured: Scaling | None) -> dict[str, Any] | None:
    if measured is None:
        return None
    if measured.absent is not None:
        return {"ratio": None, "absent": measured.absent}
    return {
        "ratio": round(measured.ratio, 2),
        "one_per_s": round(statistics.median(run.per_s for run in measured.one)),
        "two_per_s": round(statistics.median(run.per_s for run in measured.two)),
        "method": measured.method,
        "broker_processors_with_two": round(statistics.median(run.broker_busy for run in measured.two), 2),
    }


def _peer(measured: PeerMeasured, ours: Throughput | None) -> dict[str, Any]:
    peer = measured.peer
    promised = {"acks": peer.acks, "commits": peer.commits, "lost_at_sigkill": peer.lost_at_sigkill}
    if measured.absent is not None:
        return {"per_s": None, "ratio": None, "absent": measured.absent, **promised}
    per_s = statistics.median(pair.ours for pair in measured.pairs)
    found = {
        "per_s": round(per_s),
        "ratio": round(median_ratio(measured.pairs), 3),
        "floor_per_s": round(statistics.median(pair.floor for pair in measured.pairs)),
        "hops": 2,
        "obligations": "as they must be",
    }
    if ours is not None:
        found["to_ours"] = round(per_s / statistics.median(run.per_s for run in ours.ours), 2)
    return found | promised


Line = tuple[str, str, str, str]


def table(found: Mapping[str, Any]) -> list[Line]:
    """Lines of figure, value, target, and whether it was met."""
    lines = [
        ("alerts/s through identify, person, case", shown(found["alerts_per_s"]), "", ""),
        (f"obligations/s (fan-out {len(AGENCIES)})", shown(found["obligations_per_s"]), "", ""),
        ("the floor, alerts/s over the same hops and bytes", shown(found["floor_per_s"]), "", ""),
    ]
    lines += [(aim.name, shown(aim.value(found), aim.unit), aim.words, JUDGED[aim.judged(found)]) for aim in TARGETS]
    lines += [(name, value, "", "") for name, value in whole_path_lines(found)]
    lines.append(("first new notice after SIGTERM", shown(found["recovery_s"]["stopped"], "s"), "", ""))
    return lines + [(name, value, "", "") for name, value in _operators_lines(found)]


def _operators_lines(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is measured only when it is named."""
    if (rebuild := found["rebuild"]) is not None:
        yield f"rebuild of {rebuild['events']:,} records", f"{shown(rebuild['seconds'], 's')}, peak {shown(rebuild['peak_mib'], 'MiB')}"
        yield "reconciler's difference after it", shown(rebuild["difference"])
    if (reconcile := found["reconcile"]) is not None:
        for name, run in reconcile["runs"].items():
            words = f"{shown(run['cpu_s'], 's')} of processor, peak {shown(run['peak_mib'], 'MiB')}, difference {run['difference']}"
            yield f"reconciliation, {name.replace('_', ' ')}", words
    if (clock := found["clock"]) is not None:
        yield f"ticks of {clock['at_once']:,} cases in one instant, the worst", shown(clock["at_once_ms"]["worst"], "ms")
        yield f"worker at rest, {clock['cases']:,} cases with a moment", f"{shown(clock['idle_cpu_percent'], '%')} of a core"
        yield "the same without moments", f"{shown(clock['idle_cpu_percent_without'], '%')} of a core"
        yield "moments read at an assignment", shown(clock["known_ms"], "ms")
        yield "the event loop held meanwhile, at most", shown(clock["longest_hold_ms"], "ms")
    if (delivery := found["delivery"]) is not None:
        for name, cost in delivery["cpu_ms_per_notice"].items():
            yield f"{name}, processor for a notice ({delivery['channel']})", shown(cost, "ms")
            yield f"{name}, notices/s of a burst", shown(delivery["drained_per_s"][name])
        yield "notice to its agency, p50 / p99", " / ".join(shown(delivery["latency_ms"][at]) for at in ("p50", "p99")) + " ms"


def peers_table(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Lines of who, alerts/s, ratio to the floor of the same hops, and what is lost at SIGKILL; ours last."""
    lines = [
        (name, shown(peer["per_s"]), shown(peer["ratio"]), peer["acks"], peer.get("absent") or peer["lost_at_sigkill"])
        for name, peer in found["peers"].items()
    ]
    own = found["durability"]
    return [*lines, ("alertbus", shown(found["alerts_per_s"]), shown(found["ratio"]), own["acks"], own["lost_at_sigkill"])]
