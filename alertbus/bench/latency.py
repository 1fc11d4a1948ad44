"""From an alert's turn to be sent, and from its 202, to its arrival in the systems of the first and of the last of seven agencies.

It goes through the whole bus, at a steady rate and at the highest rate that the bus carries.

Every agency has a webhook of its own (or one has, and the others the built-in inbox, whose deliveries are counted and not timed). The
arrivals are noted by the receivers themselves.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from alertbus.bench.bench_broker import BenchBroker
from alertbus.bench.figures import Latency, median_of
from alertbus.bench.open_loop import NotAccepted, Sent
from alertbus.bench.receivers import CameAt
from alertbus.bench.whole_bus import HOOKED, PATIENCE_S, STEPS, Load, NotDelivered, WholeBus, whole_bus
from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.run.bootstrap import PARTS

RATE = 100.0
"""Alerts per second (DESIGN section 13's figure is at this rate)."""

BOUND_MS = 500.0
"""The highest rate is one at which 99 of 100 alerts reach their first agency sooner."""

SEARCH_S, SEARCH_PATIENCE_S, SEARCH_STEPS, CLOSE = 15.0, 3.0, 6, 1.15
"""A step of the search, how long an alert may wait in it, how many there are, and how near to each other the last two rates are."""


@dataclass(frozen=True, slots=True)
class WholePath:
    """Latencies at one rate, from three beginnings to the first delivery and from two to the last; where the time goes; and what each
    process used meanwhile.
    """

    alerts: int
    per_s: float
    scheduled: Latency
    sent: Latency
    accepted: Latency
    last: Latency | None
    """From the alert's turn to the last of its deliveries. None where not every agency has a system of its own."""
    accepted_last: Latency | None
    steps: Mapping[str, Latency]
    """From the alert's turn to its first record on each topic, by the record's own time (whole milliseconds)."""
    cpu_ms: Mapping[str, float]
    """Processor time each process used for one alert and its seven notices: at 100 alerts/s, 10 is one whole processor, at 25 it is 40.
    `client` sends the alerts and is this process; `receiver` is all agencies' systems.
    """
    parts_ms: float
    """Gateway, stream, delivery and chronicle together."""


@dataclass(frozen=True, slots=True)
class NotCarried:
    """A rate at which the bus fell behind, or that was not tried because of a lower one."""

    per_s: float
    why: str


@dataclass(frozen=True, slots=True)
class Highest:
    """The highest rate found at which p99 to the first delivery stays within the bound; None: not even at the lowest that was tried."""

    per_s: float | None
    tried: Mapping[float, float | None]
    """By rate, p99 to the first delivery in milliseconds; None where it was not carried."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """Everything measured on one database. Of several runs the medians, figure by figure."""

    database: str
    """`sqlite` or `postgresql`."""
    agencies: str
    families: int
    paths: Sequence[WholePath]
    not_carried: Sequence[NotCarried]
    highest: Highest | None


async def latencies(
    folder: Path,
    *,
    seconds: float,
    families: int,
    runs: int,
    database: str | None = None,
    database_pid: int | None = None,
    inboxes: bool = False,
    seeded: bool = False,
    rates: Sequence[float],
    search: bool,
) -> Latencies:
    """Measure each rate so many times, one bus throughout; then look for the highest."""
    bus_of = whole_bus(folder, families=families, database=database, database_pid=database_pid, inboxes=inboxes, seeded=seeded)
    async with bus_of as bus:
        paths, missed = await _at_each(bus, rates, seconds, runs)
        highest = await _highest(bus, paths, missed, min(seconds, SEARCH_S)) if search else None
        agencies = f"one webhook ({HOOKED}), six inboxes" if inboxes else "seven webhooks"
        return Latencies("sqlite" if database is None else "postgresql", agencies, families, paths, missed, highest)


async def _at_each(bus: WholeBus, rates: Sequence[float], seconds: float, runs: int) -> tuple[list[WholePath], list[NotCarried]]:
    found: dict[float, list[WholePath]] = {}
    missed: dict[float, NotCarried] = {}
    for _ in range(runs):
        for per_s in rates:
            if missed and min(missed) <= per_s:
                missed.setdefault(per_s, NotCarried(per_s, f"not tried: {min(missed):g} alerts/s are not carried"))
                continue
            path = await _run(bus, per_s, seconds, PATIENCE_S)
            if isinstance(path, NotCarried):
                missed[per_s] = path
            else:
                found.setdefault(per_s, []).append(path)
    return [median_of(of_rate) for per_s, of_rate in found.items() if per_s not in missed], list(missed.values())


async def _highest(bus: WholeBus, paths: Sequence[WholePath], missed: Sequence[NotCarried], seconds: float) -> Highest:
    tried: dict[float, float | None] = {path.per_s: path.scheduled.p99 for path in paths} | {one.per_s: None for one in missed}
    for _ in range(SEARCH_STEPS):
        per_s = next_rate(tried)
        if per_s is None:
            break
        path = await _run(bus, per_s, seconds, SEARCH_PATIENCE_S)
        tried[per_s] = None if isinstance(path, NotCarried) else path.scheduled.p99
    holding = [per_s for per_s, p99 in tried.items() if holds(p99)]
    return Highest(max(holding, default=None), dict(sorted(tried.items())))


async def _run(bus: WholeBus, per_s: float, seconds: float, patience_s: float) -> WholePath | NotCarried:
    """One run at one rate. After a fault nothing more is measured on this bus: what is under way would be taken for the next run's."""
    if bus.spoilt is not None:
        return NotCarried(per_s, f"not tried: {bus.spoilt}")
    try:
        load = await bus.load(per_s, seconds, patience_s)
        return NotCarried(per_s, load.overrun) if load.overrun is not None else await _path(bus, load)
    except (NotAccepted, NotDelivered) as fault:
        bus.spoilt = f"{fault}"
        return NotCarried(per_s, bus.spoilt)


def holds(p99: float | None) -> bool:
    return p99 is not None and p99 < BOUND_MS


def next_rate(tried: Mapping[float, float | None]) -> float | None:
    """The rate to try next: twice the highest that held while none failed, half the lowest that failed while none held, else one between.
    None when the two are close.
    """
    failed = min((per_s for per_s, p99 in tried.items() if not holds(p99)), default=None)
    held = max((per_s for per_s, p99 in tried.items() if holds(p99) and (failed is None or per_s < failed)), default=None)
    if failed is None:
        return None if held is None else held * 2
    if held is None:
        return failed / 2
    return None if failed / held <= CLOSE else round((held * failed) ** 0.5, 1)


async def _path(bus: WholeBus, load: Load) -> WholePath:
    notices, steps = await _records(bus.broker, load)
    first, last = deliveries(bus.receivers.arrivals(), notices, load.sent, len(bus.receivers.ports))
    cpu_ms = {name: seconds * 1000 / len(load.sent) for name, seconds in load.cpu_s.items()}
    every = len(bus.receivers.ports) > 1
    return WholePath(
        alerts=len(load.sent),
        per_s=load.per_s,
        scheduled=Latency.of([first[one.alert_id] - one.scheduled for one in load.sent]),
        sent=Latency.of([first[one.alert_id] - one.sent for one in load.sent]),
        accepted=Latency.of([first[one.alert_id] - one.accepted for one in load.sent]),
        last=Latency.of([last[one.alert_id] - one.scheduled for one in load.sent]) if every else None,
        accepted_last=Latency.of([last[one.alert_id] - one.accepted for one in load.sent]) if every else None,
        steps=steps,
        cpu_ms={name: round(ms, 2) for name, ms in cpu_ms.items()},
        parts_ms=round(sum(cpu_ms[name] for name in PARTS), 2),
    )


def deliveries(
    arrivals: CameAt, notices: Mapping[tuple[str, str], str], sent: Sequence[Sent], agencies: int
) -> tuple[dict[str, float], dict[str, float]]:
    """When each alert first and last reached a system, by its id. `notices` gives the alert of each (agency, notice id).

    Raises `NotDelivered` when one of the agencies never had it: what was counted was then something else.
    """
    came: dict[str, list[float]] = {one.alert_id: [] for one in sent}
    for named, alert_id in notices.items():
        if named in arrivals and alert_id in came:
            came[alert_id].append(arrivals[named])
    if missing := sum(len(times) < agencies for times in came.values()):
        raise NotDelivered(f"{missing} alerts did not reach each of {agencies} systems, though as many messages came")
    return {alert: min(times) for alert, times in came.items()}, {alert: max(times) for alert, times in came.items()}


async def _records(broker: BenchBroker, load: Load) -> tuple[dict[tuple[str, str], str], dict[str, Latency]]:
    """What the load wrote: the alert of each notice, by agency and notice id; and how soon each stage wrote."""
    turn = {one.alert_id: one.scheduled for one in load.sent}
    to_wall = time.time() - time.monotonic()
    notices: dict[tuple[str, str], str] = {}
    first: dict[str, dict[str, float]] = {topic: {} for topic in STEPS}
    async for record in read_all(broker.bootstrap, STEPS, since=load.before):
        value = orjson.loads(record.value or b"{}")
        alert_id = _alert_in(value)
        if alert_id in turn:
            times = first[record.topic]
            times[alert_id] = min(times.get(alert_id, record.timestamp), record.timestamp)
            if record.topic == topics.NOTICES:
                notices[value["obligation"]["agency"], dict(record.headers)["ce_id"].decode()] = alert_id
    after = {topic: [at / 1000 - to_wall - turn[alert_id] for alert_id, at in times.items()] for topic, times in first.items()}
    return notices, {topic: Latency.of(times) for topic, times in after.items() if times}


def _alert_in(value: Mapping[str, object]) -> str:
    """The alert a record of any stage is about; empty when it is about none."""
    for part in (value, value.get("alert"), value.get("obligation")):
        if isinstance(part, Mapping) and isinstance(found := part.get("alert_id"), str):
            return found
    return ""
