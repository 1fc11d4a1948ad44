"""What was measured, as DESIGN section 13's JSON and as a table a person reads, each figure beside the target it met or missed. Pure.

What was not measured in this run is null in the JSON and a dash in the table: never a guess, never an older figure.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from alertbus.bench.county import AGENCIES
from alertbus.bench.delivery_stage import DeliveryCost
from alertbus.bench.figures import median_ratio
from alertbus.bench.latency import WholePath
from alertbus.bench.peers import OURS, PeerMeasured
from alertbus.bench.rebuild_time import RebuildTime
from alertbus.bench.reconcile_time import ReconcileTime
from alertbus.bench.recovery_time import Recovery
from alertbus.bench.scaling import Scaling
from alertbus.bench.throughput import Throughput


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
    latency: WholePath | None = None
    slower: Sequence[WholePath] = field(default=())
    """The same at lower rates."""
    recovery: Recovery | None = None
    million: Recovery | None = None
    workers: Scaling | None = None
    peers: Sequence[PeerMeasured] = field(default=())
    rebuild: RebuildTime | None = None
    reconcile: ReconcileTime | None = None
    delivery: DeliveryCost | None = None
    failed: Mapping[str, str] = field(default_factory=dict)
    """Measurements that failed, and why."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure must reach (the project's own aims, on 2 cores with broker, workers and receivers on one machine)."""

    name: str
    path: tuple[str, ...]
    bound: float
    unit: str = ""
    at_least: bool = False

    def met(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value < self.bound

    @property
    def words(self) -> str:
        return f"{'at least' if self.at_least else 'under'} {self.bound:g}{self.unit and ' '}{self.unit}"


TARGETS = (
    Target("ratio to the floor, one worker", ("ratio",), 0.5, at_least=True),
    Target("ratio to the floor, two workers", ("two_workers", "ratio"), 0.5, at_least=True),
    Target("accept to first delivery, p50", ("latency_ms", "p50"), 50, "ms"),
    Target("accept to first delivery, p99", ("latency_ms", "p99"), 150, "ms"),
    Target("accept to first delivery, p99.9", ("latency_ms", "p999"), 500, "ms"),
    Target("first new notice after SIGKILL", ("recovery_s", "killed"), 10, "s"),
    Target("first new notice from an empty disk", ("recovery_s", "empty_disk"), 15, "s"),
    Target("the same, 1,000,000 persons", ("recovery_s", "empty_disk_million"), 100, "s"),
    Target("two workers to one", ("workers", "ratio"), 1.6, at_least=True),
)


def contract(measured: Measured) -> dict[str, Any]:
    """The JSON of DESIGN section 13, and more beside it."""
    found = {
        **_throughput(measured.throughput),
        **_latency(measured.latency),
        "latency_at": {f"{path.per_s:g}": _path(path) for path in measured.slower},
        "recovery_s": _recovery(measured.recovery, measured.million),
        "workers": _workers(measured.workers),
        "peers": {one.peer.name: _peer(one, measured.throughput) for one in measured.peers},
        "rebuild": measured.rebuild and asdict(measured.rebuild),
        "reconcile": measured.reconcile and asdict(measured.reconcile),
        "delivery": measured.delivery and asdict(measured.delivery),
        "durability": OURS,
        "machine": asdict(measured.machine),
        "failed": dict(measured.failed),
        "runs": measured.runs,
        "alerts": measured.alerts,
    }
    found["targets"] = [
        {"name": target.name, "target": target.words, "value": value, "met": None if value is None else target.met(value)}
        for target, value in against(found)
    ]
    return found


def against(found: Mapping[str, Any]) -> Iterator[tuple[Target, float | None]]:
    """Every target with the figure that answers it, None where it was not measured."""
    for target in TARGETS:
        value: Any = found
        for step in target.path:
            value = value.get(step) if isinstance(value, Mapping) else None
        yield target, value


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


def _latency(measured: WholePath | None) -> dict[str, Any]:
    if measured is None:
        return {"latency_ms": dict.fromkeys(("p50", "p99", "p999"))}
    return {"latency_ms": asdict(measured.scheduled), "latency_more": _path(measured)}


def _path(measured: WholePath) -> dict[str, Any]:
    return {
        "per_s": measured.per_s,
        "alerts": measured.alerts,
        "database": measured.database,
        "latency_ms": asdict(measured.scheduled),
        "from_actual_send_ms": asdict(measured.sent),
        "from_202_ms": asdict(measured.accepted),
        "to_each_topic_ms": {topic: asdict(latency) for topic, latency in measured.steps.items()},
        "cpu_ms_per_alert": dict(measured.cpu_ms),
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
        ("alerts/s through identify, person, case", _shown(found["alerts_per_s"]), "", ""),
        (f"obligations/s (fan-out {len(AGENCIES)})", _shown(found["obligations_per_s"]), "", ""),
        ("the floor, alerts/s over the same hops and bytes", _shown(found["floor_per_s"]), "", ""),
    ]
    for target, value in against(found):
        judged = "" if value is None else ("met" if target.met(value) else "MISSED")
        lines.append((target.name, _shown(value, target.unit), target.words, judged))
    for per_s, path in found["latency_at"].items():
        reached = " / ".join(_shown(path["latency_ms"][name]) for name in ("p50", "p99", "p999"))
        lines.append((f"accept to first delivery at {per_s} alerts/s, p50 / p99 / p99.9", f"{reached} ms", "", ""))
    lines.append(("first new notice after SIGTERM", _shown(found["recovery_s"]["stopped"], "s"), "", ""))
    return lines + [(name, value, "", "") for name, value in _operators_lines(found)]


def _operators_lines(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is measured only when it is named."""
    if (rebuild := found["rebuild"]) is not None:
        yield f"rebuild of {rebuild['events']:,} records", f"{_shown(rebuild['seconds'], 's')}, peak {_shown(rebuild['peak_mib'], 'MiB')}"
        yield "reconciler's difference after it", _shown(rebuild["difference"])
    if (reconcile := found["reconcile"]) is not None:
        for name, run in reconcile["runs"].items():
            words = f"{_shown(run['cpu_s'], 's')} of processor, peak {_shown(run['peak_mib'], 'MiB')}, difference {run['difference']}"
            yield f"reconciliation, {name.replace('_', ' ')}", words
    if (delivery := found["delivery"]) is not None:
        for name, cost in delivery["cpu_ms_per_notice"].items():
            yield f"{name}, processor for a notice ({delivery['channel']})", _shown(cost, "ms")
            yield f"{name}, notices/s of a burst", _shown(delivery["drained_per_s"][name])
        yield "notice to its agency, p50 / p99", " / ".join(_shown(delivery["latency_ms"][at]) for at in ("p50", "p99")) + " ms"


def peers_table(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Lines of who, alerts/s, ratio to the floor of the same hops, and what is lost at SIGKILL; ours last."""
    lines = [
        (name, _shown(peer["per_s"]), _shown(peer["ratio"]), peer["acks"], peer.get("absent") or peer["lost_at_sigkill"])
        for name, peer in found["peers"].items()
    ]
    own = found["durability"]
    return [*lines, ("alertbus", _shown(found["alerts_per_s"]), _shown(found["ratio"]), own["acks"], own["lost_at_sigkill"])]


def _shown(value: float | None, unit: str = "") -> str:
    return "-" if value is None else f"{value:,g}{unit and ' '}{unit}"
