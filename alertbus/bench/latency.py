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

from alertbus.bench.figures import Latency
from alertbus.bench.log_ends import Ends
from alertbus.bench.open_loop import NotAccepted, Sent
from alertbus.bench.rates import Highest, NeverArrived, NotCarried, WholePath, at_each, deliveries, highest_rate
from alertbus.bench.whole_bus import HOOKED, STEPS, Load, WholeBus, database_name, whole_bus
from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.run.bootstrap import PARTS

RATE = 100.0
"""Alerts per second (DESIGN section 13's figure is at this rate)."""


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
        loaded = BusUnderLoad(bus)
        paths, missed = await at_each(loaded, rates, seconds, runs)
        highest = await highest_rate(loaded, paths, missed, seconds) if search else None
        agencies = f"one webhook ({HOOKED}), six inboxes" if inboxes else "seven webhooks"
        return Latencies(database_name(database), agencies, families, paths, missed, highest)


class BusUnderLoad:
    """A whole bus as what is put under load."""

    def __init__(self, bus: WholeBus) -> None:
        self._bus = bus
        self._spoilt: str | None = None

    async def at(self, per_s: float, seconds: float, patience_s: float) -> WholePath | NotCarried:
        """After a fault nothing more is measured on this bus: what is under way would be taken for the next run's."""
        if self._spoilt is not None:
            return NotCarried(per_s, f"not tried: {self._spoilt}")
        try:
            load = await self._bus.load(per_s, seconds, patience_s)
            return NotCarried(per_s, load.overrun) if load.overrun is not None else await self._path(load)
        except (NotAccepted, NeverArrived) as fault:
            self._spoilt = str(fault)
            return NotCarried(per_s, self._spoilt)

    async def _path(self, load: Load) -> WholePath:
        receivers = self._bus.receivers
        notices, steps = await records_of(self._bus.broker.bootstrap, load.before, load.sent)
        first, last = deliveries(receivers.arrivals(), notices, load.sent, len(receivers.ports))
        return WholePath.of(load.per_s, load.sent, first, last if len(receivers.ports) > 1 else None, load.cpu_s, PARTS, steps)


async def records_of(bootstrap: str, before: Ends, sent: Sequence[Sent]) -> tuple[dict[tuple[str, str], str], dict[str, Latency]]:
    """What these alerts caused since: the alert of each notice, by agency and notice id; and how soon each stage wrote."""
    turn = {one.alert_id: one.scheduled for one in sent}
    to_wall = time.time() - time.monotonic()
    notices: dict[tuple[str, str], str] = {}
    first: dict[str, dict[str, float]] = {topic: {} for topic in STEPS}
    async for record in read_all(bootstrap, STEPS, since=before):
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
