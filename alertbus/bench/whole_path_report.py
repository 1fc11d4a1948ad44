"""The whole path and the idle bus in the bench's JSON and in its table, beside the budget of one alert (DESIGN section 18). Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from alertbus.bench.alertmanager import Beside
from alertbus.bench.latency import RATE, Latencies
from alertbus.bench.measurement import OBLIGATIONS
from alertbus.bench.rates import WholePath
from alertbus.bench.reading_time import ReadingTime
from alertbus.bench.targets import Target, shown

DATABASES = ("sqlite", "postgresql")


def _budget(database: str) -> Iterator[Target]:
    def at(per_s: str, name: str, path: tuple[str, ...], bound: float) -> Target:
        place = ("whole_path", database)
        return Target(
            f"{name} at {per_s} alerts/s, {database}", (*place, "at", per_s, *path), bound, "ms", missing=(*place, "not_carried", per_s)
        )

    yield at("100", "accept to first delivery, p50", ("latency_ms", "p50"), 40)
    yield at("100", "accept to first delivery, p99", ("latency_ms", "p99"), 150)
    yield at("100", "accept to first delivery, p99.9", ("latency_ms", "p999"), 500)
    yield at("100", "accept to last of seven deliveries, p99", ("to_last_ms", "p99"), 300)
    yield at("100", "our processor for an alert", ("parts_ms_per_alert",), 10)
    yield at("25", "our processor for an alert", ("parts_ms_per_alert",), 20)
    for obligations in OBLIGATIONS:
        path = ("reading", database, str(obligations), "slowest_p99_ms")
        yield Target(f"p99 of the slowest question to {obligations:,} obligations, {database}", path, 50, "ms")
    yield Target(f"idle, the busiest of our parts, {database}", ("idle", database, "most_of_a_part"), 3, "% of a core")
    yield Target(f"idle, memory of the bus, {database}", ("idle", database, "memory_mib"), 650, "MiB")


WHOLE_PATH_TARGETS = tuple(target for database in DATABASES for target in _budget(database))


def first_database(measured: Sequence[Latencies]) -> dict[str, Any]:
    """The keys of DESIGN section 13 that are about one database: the first that was measured, at 100 alerts/s and at lower rates."""
    paths = {path.per_s: path for path in (measured[0].paths if measured else ())}
    found: dict[str, Any] = {
        "latency_at": {f"{per_s:g}": on_path(path, measured[0].database) for per_s, path in paths.items() if per_s != RATE}
    }
    if (path := paths.get(RATE)) is None:
        return found | {"latency_ms": dict.fromkeys(("p50", "p99", "p999"))}
    return found | {"latency_ms": asdict(path.scheduled), "latency_more": on_path(path, measured[0].database)}


def on_database(measured: Latencies) -> dict[str, Any]:
    highest = measured.highest
    return {
        "agencies": measured.agencies,
        "families": measured.families,
        "at": {f"{path.per_s:g}": on_path(path, measured.database) for path in measured.paths},
        "not_carried": {f"{one.per_s:g}": one.why for one in measured.not_carried},
        "highest_per_s": highest and highest.per_s,
        "p99_at_rates_tried": highest and {f"{per_s:g}": p99 for per_s, p99 in highest.tried.items()},
    }


def by_size(measured: Sequence[Latencies]) -> dict[str, Any]:
    """By database and number of families."""
    found: dict[str, Any] = {}
    for one in measured:
        found.setdefault(one.database, {})[str(one.families)] = on_database(one)
    return found


def by_obligations(measured: Sequence[ReadingTime]) -> dict[str, Any]:
    """By database and number of obligations: each question, and the slowest of them."""
    found: dict[str, Any] = {}
    for one in measured:
        slowest = max(ms["p99"] for ms in one.ms.values())
        found.setdefault(one.database, {})[str(one.obligations)] = {
            "slowest_p99_ms": slowest,
            "ms": {name: dict(ms) for name, ms in one.ms.items()},
        }
    return found


def beside_the_bus(measured: Beside) -> dict[str, Any]:
    paths = {f"{path.per_s:g}": on_path(path, None) for path in measured.paths}
    highest = measured.highest and measured.highest.per_s
    missed = {f"{one.per_s:g}": one.why for one in measured.not_carried}
    return {"version": measured.version, "at": paths, "not_carried": missed, "highest_per_s": highest, "rss_mib": measured.rss_mib}


def on_path(measured: WholePath, database: str | None) -> dict[str, Any]:
    return {
        "per_s": measured.per_s,
        "alerts": measured.alerts,
        "database": database,
        "latency_ms": asdict(measured.scheduled),
        "from_actual_send_ms": asdict(measured.sent),
        "from_202_ms": asdict(measured.accepted),
        "to_last_ms": measured.last and asdict(measured.last),
        "from_202_to_last_ms": measured.accepted_last and asdict(measured.accepted_last),
        "to_each_topic_ms": {topic: asdict(latency) for topic, latency in measured.steps.items()},
        "cpu_ms_per_alert": dict(measured.cpu_ms),
        "parts_ms_per_alert": measured.parts_ms,
    }


def whole_path_lines(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Figure and value."""
    for database, on in found["whole_path"].items():
        for per_s, path in on["at"].items():
            at = f"at {per_s} alerts/s, {database}"
            yield f"to the first delivery {at}, p50 / p99 / p99.9", _latency(path["latency_ms"], "p50", "p99", "p999")
            if path["to_last_ms"] is not None:
                yield f"to the last of seven {at}, p50 / p99", _latency(path["to_last_ms"], "p50", "p99")
            yield f"processor for an alert {at}", _by_process(path["cpu_ms_per_alert"], "ms")
        for per_s, why in on["not_carried"].items():
            yield f"{per_s} alerts/s, {database}", f"not carried: {why}"
        if on["p99_at_rates_tried"]:
            yield f"highest rate with p99 to the first under 500 ms, {database}", shown(on["highest_per_s"], "alerts/s")
    for database, idle in found["idle"].items():
        yield f"idle for {idle['seconds']:.0f} s, {database}, of a core", _by_process(idle["cpu_percent"], "%")
        yield f"idle, {database}, PSS", _by_process({name: memory["pss"] for name, memory in idle["memory"].items()}, "MiB")
    yield from _comparisons(found)
    for name, why in found["absent"].items():
        yield name, f"not measured: {why}"


def _comparisons(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for database, sizes in found["county"].items():
        for families, on in sizes.items():
            for per_s, path in on["at"].items():
                value = f"{shown(path['parts_ms_per_alert'], 'ms')}, to the last p99 {shown(path['to_last_ms']['p99'], 'ms')}"
                yield f"our processor for an alert at {per_s}/s, {int(families):,} families, {database}", value
            for per_s, why in on["not_carried"].items():
                yield f"{per_s} alerts/s, {int(families):,} families, {database}", f"not carried: {why}"
    for database, sizes in found["reading"].items():
        for obligations, on in sizes.items():
            p99 = ", ".join(f"{name} {shown(ms['p99'])}" for name, ms in on["ms"].items())
            yield f"p99 of questions to {int(obligations):,} obligations, {database}", f"{p99} ms"
    if (beside := found["alertmanager"]) is not None:
        for per_s, path in beside["at"].items():
            yield f"Alertmanager at {per_s} alerts/s, to the first, p50 / p99 / p99.9", _latency(path["latency_ms"], "p50", "p99", "p999")
            yield f"Alertmanager at {per_s} alerts/s, to the last of seven, p50 / p99", _latency(path["to_last_ms"], "p50", "p99")
            yield f"Alertmanager at {per_s} alerts/s, processor for an alert", _by_process(path["cpu_ms_per_alert"], "ms")
        yield "Alertmanager, highest rate with p99 to the first under 500 ms", shown(beside["highest_per_s"], "alerts/s")
        yield "Alertmanager, memory after it", shown(beside["rss_mib"], "MiB")
    for name, killed in found["sigkill"].items():
        value = f"{killed['lost_alerts']} of {killed['accepted']} ({killed['lost_deliveries']} deliveries); {killed['repeated']} repeated"
        yield f"accepted alerts lost at SIGKILL while agencies' systems are down, {name}", value


def _latency(latency: Mapping[str, float], *names: str) -> str:
    return " / ".join(shown(latency[name]) for name in names) + " ms"


def _by_process(figures: Mapping[str, float | None], unit: str) -> str:
    return ", ".join(f"{name} {shown(value)}" for name, value in figures.items()) + f" {unit}"
