"""Steady rates, one after the other, and the search for the highest that is carried: the same for the bus and for what stands beside it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from alertbus.bench.county import AGENCIES
from alertbus.bench.figures import Latency, median_of
from alertbus.bench.open_loop import Sent
from alertbus.bench.process import Running
from alertbus.bench.receivers import CameAt
from alertbus.model.errors import BusError

PATIENCE_S = 10.0
"""How long an alert may wait for one of its deliveries before the rate counts as not carried. Chosen: no screen is watched for so long."""

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

    @classmethod
    def of(
        cls,
        per_s: float,
        sent: Sequence[Sent],
        first: Mapping[str, float],
        last: Mapping[str, float] | None,
        cpu_s: Mapping[str, float],
        parts: Sequence[str],
        steps: Mapping[str, Latency],
    ) -> "WholePath":
        """`first` and `last` say when each alert came, by its id; `cpu_s` what each process used, of which `parts` are added up."""
        cpu_ms = {name: seconds * 1000 / len(sent) for name, seconds in cpu_s.items()}
        return cls(
            alerts=len(sent),
            per_s=per_s,
            scheduled=Latency.of([first[one.alert_id] - one.scheduled for one in sent]),
            sent=Latency.of([first[one.alert_id] - one.sent for one in sent]),
            accepted=Latency.of([first[one.alert_id] - one.accepted for one in sent]),
            last=Latency.of([last[one.alert_id] - one.scheduled for one in sent]) if last is not None else None,
            accepted_last=Latency.of([last[one.alert_id] - one.accepted for one in sent]) if last is not None else None,
            steps=steps,
            cpu_ms={name: round(ms, 2) for name, ms in cpu_ms.items()},
            parts_ms=round(sum(cpu_ms[name] for name in parts), 2),
        )


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


DRAIN_S = 180.0
"""How long what was sent may take to arrive, all of it, before it is given up. Chosen: 1,500 alerts of a queue at 10 a second."""

LOOK_S = 0.25


class NeverArrived(BusError):
    code = "bench_not_delivered"


def behind(told: int, running_s: float, per_s: float, patience_s: float) -> bool:
    """Whether some alert has waited for longer than patience lasts: fewer deliveries were made than were due so long ago."""
    return told < int((running_s - patience_s) * per_s) * len(AGENCIES)


class Patience:
    """Looks now and then whether the bus has fallen behind. No alert is asked about by name: that would cost more than it tells."""

    def __init__(self, per_s: float, patience_s: float) -> None:
        self._per_s, self._patience_s = per_s, patience_s
        self.overrun: str | None = None

    def over(self) -> bool:
        return self.overrun is not None

    async def look(self, told: Callable[[], Awaitable[int]], accepted_before: int) -> None:
        began = time.monotonic()
        while True:
            now = time.monotonic()  # before it is counted: what arrives meanwhile only helps
            found = await told() - accepted_before * len(AGENCIES)
            if behind(found, now - began, self._per_s, self._patience_s) and not self.overrun:
                self.overrun = f"after {now - began:.0f} s some alert had waited {self._patience_s:.0f} s for one of its agencies"
            await asyncio.sleep(LOOK_S)


async def until(owed: int, what: str, count: Callable[[], Awaitable[int]], processes: Iterable[Running], drain_s: float = DRAIN_S) -> None:
    """Return when so many are counted. Raises `NeverArrived` after `drain_s`, `PartDied` at once when one of the processes is gone."""
    deadline = time.monotonic() + drain_s
    while (found := await count()) < owed:
        for process in processes:
            process.alive()
        if time.monotonic() > deadline:
            raise NeverArrived(f"{found} of {owed} {what} {drain_s:.0f} s after the last alert was answered")
        await asyncio.sleep(LOOK_S)


class UnderLoad(Protocol):
    """What can be put under load."""

    async def at(self, per_s: float, seconds: float, patience_s: float) -> WholePath | NotCarried:
        """Load it at this rate for so long, and wait until all of it was delivered. It ends in bounded time."""
        ...


async def at_each(loaded: UnderLoad, rates: Sequence[float], seconds: float, runs: int) -> tuple[list[WholePath], list[NotCarried]]:
    found: dict[float, list[WholePath]] = {}
    missed: dict[float, NotCarried] = {}
    for _ in range(runs):
        for per_s in rates:
            if missed and min(missed) <= per_s:
                missed.setdefault(per_s, NotCarried(per_s, f"not tried: {min(missed):g} alerts/s are not carried"))
                continue
            path = await loaded.at(per_s, seconds, PATIENCE_S)
            if isinstance(path, NotCarried):
                missed[per_s] = path
            else:
                found.setdefault(per_s, []).append(path)
    return [median_of(of_rate) for per_s, of_rate in found.items() if per_s not in missed], list(missed.values())


async def highest_rate(loaded: UnderLoad, paths: Sequence[WholePath], missed: Sequence[NotCarried], seconds: float) -> Highest:
    tried: dict[float, float | None] = {path.per_s: path.scheduled.p99 for path in paths} | {one.per_s: None for one in missed}
    for _ in range(SEARCH_STEPS):
        per_s = next_rate(tried)
        if per_s is None:
            break
        path = await loaded.at(per_s, min(seconds, SEARCH_S), SEARCH_PATIENCE_S)
        tried[per_s] = None if isinstance(path, NotCarried) else path.scheduled.p99
    holding = [per_s for per_s, p99 in tried.items() if holds(p99)]
    return Highest(max(holding, default=None), dict(sorted(tried.items())))


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


def deliveries(
    arrivals: CameAt, notices: Mapping[tuple[str, str], str], sent: Sequence[Sent], agencies: int
) -> tuple[dict[str, float], dict[str, float]]:
    """When each alert first and last reached a system, by its id. `notices` gives the alert of each (agency, notice id).

    Raises `NeverArrived` when one of the agencies never had it: what was counted was then something else.
    """
    came: dict[str, list[float]] = {one.alert_id: [] for one in sent}
    for named, alert_id in notices.items():
        if named in arrivals and alert_id in came:
            came[alert_id].append(arrivals[named])
    if missing := sum(len(times) < agencies for times in came.values()):
        raise NeverArrived(f"{missing} alerts did not reach each of {agencies} systems, though as many messages came")
    return {alert: min(times) for alert, times in came.items()}, {alert: max(times) for alert, times in came.items()}
