"""What was measured, as DESIGN section 13's JSON and as a table a person reads, each figure beside the target it met or missed. Pure.

What was not measured in this run is null in the JSON and a dash in the table: never a guess, never an older figure.
"""

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from alertbus.cli.measure.county import AGENCIES
from alertbus.cli.measure.figures import median_ratio
from alertbus.cli.measure.throughput import Throughput


@dataclass(frozen=True, slots=True)
class Machine:
    cores: int
    processor: str
    python: str
    memory_gib: float
    load: float
    """Runnable processes over the last minute when the bench began: above 0 somebody else was at work too."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of the bench. A part that was not asked for is None."""

    machine: Machine
    runs: int
    alerts: int
    throughput: Throughput | None = None
    notes: tuple[str, ...] = field(default=())


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
    Target("ratio to the floor", ("ratio",), 0.5, at_least=True),
    Target("accept to first delivery, p50", ("latency_ms", "p50"), 50, "ms"),
    Target("accept to first delivery, p99", ("latency_ms", "p99"), 150, "ms"),
    Target("accept to first delivery, p99.9", ("latency_ms", "p999"), 500, "ms"),
    Target("first new notice after SIGKILL", ("recovery_s", "killed"), 10, "s"),
    Target("first new notice from an empty disk, 100,000 persons", ("recovery_s", "empty_disk"), 15, "s"),
    Target("first new notice from an empty disk, 1,000,000 persons", ("recovery_s", "empty_disk_million"), 100, "s"),
    Target("two workers to one", ("workers", "ratio"), 1.6, at_least=True),
)


def contract(measured: Measured) -> dict[str, Any]:
    """The JSON of DESIGN section 13, and more beside it."""
    found = {
        **_throughput(measured.throughput),
        "latency_ms": {"p50": None, "p99": None, "p999": None},
        "recovery_s": {"killed": None, "stopped": None, "empty_disk": None},
        "peers": {},
        "machine": asdict(measured.machine),
        "runs": measured.runs,
        "alerts": measured.alerts,
        "notes": list(measured.notes),
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
    ours = statistics.median(pair.ours for pair in measured.pairs)
    return {
        "alerts_per_s": round(ours),
        "obligations_per_s": round(ours * len(AGENCIES)),
        "floor_per_s": round(statistics.median(pair.floor for pair in measured.pairs)),
        "ratio": round(median_ratio(measured.pairs), 3),
        "pairs": [{"ours": round(p.ours), "floor": round(p.floor), "ratio": round(p.ratio, 3)} for p in measured.pairs],
        "written_per_alert": {
            shape.topic: {"records": round(shape.per_alert, 3), "record_bytes": shape.record_bytes} for shape in measured.shapes
        },
        "worker": {"processors": round(measured.worker_cpu, 2), "rss_mib": measured.memory.rss, "peak_mib": measured.memory.peak},
        "broker": {"processors": round(measured.broker_cpu, 2)},
    }


def table(found: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Lines of figure, value, target, and whether it was met."""
    lines = [
        ("alerts/s through identify, person, case", _shown(found["alerts_per_s"]), "", ""),
        (f"obligations/s (fan-out {len(AGENCIES)})", _shown(found["obligations_per_s"]), "", ""),
        ("the floor, alerts/s over the same hops and bytes", _shown(found["floor_per_s"]), "", ""),
    ]
    for target, value in against(found):
        judged = "" if value is None else ("met" if target.met(value) else "MISSED")
        lines.append((target.name, _shown(value, target.unit), target.words, judged))
    return lines


def _shown(value: float | None, unit: str = "") -> str:
    return "-" if value is None else f"{value:,g}{unit and ' '}{unit}"
