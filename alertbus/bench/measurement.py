"""What can be measured, and how much of it. Light to import: the command line reads it for every command."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

RATES = (25.0, 50.0, 100.0, 200.0)
"""Alerts per second, in this order, so that none is measured behind another's queue. What is not carried is not tried at a higher rate."""

MILLION = 1_000_000


OBLIGATIONS = (10_000, 100_000, 1_000_000)
"""Open and closed together, of the chronicles that are asked."""

LOADED_S, IDLE_S = 30.0, 60.0
"""In a minute an idle bus has done once what it does every minute."""

SIZES = (1_000, 10_000, 100_000)
"""Families of the counties in which the cost of one alert is compared."""


class Measurement(StrEnum):
    THROUGHPUT = "throughput"
    LATENCY = "latency"
    IDLE = "idle"
    COUNTY = "county"
    SIGKILL = "sigkill"
    READING = "reading"
    ALERTMANAGER = "alertmanager"
    RECOVERY = "recovery"
    WORKERS = "workers"
    PEERS = "peers"
    REBUILD = "rebuild"
    RECONCILE = "reconcile"
    DELIVERY = "delivery"
    CLOCK = "clock"
    DESK = "desk"


_ASKED_FOR = {Measurement.REBUILD, Measurement.RECONCILE, Measurement.DELIVERY, Measurement.CLOCK, Measurement.DESK}

USUAL = frozenset(Measurement) - _ASKED_FOR
"""Measured when nothing is named. The others answer an operator's single question, and are measured when it is asked."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured: the options of `alertbus bench`, whose help says what each means."""

    alerts: int
    families: int
    runs: int
    seconds: float
    idle_s: float
    persons: int
    events: int
    million: bool
    webhooks: bool
    inboxes: bool
    rates: tuple[float, ...]
    search: bool
    sizes: tuple[int, ...]
    obligations: tuple[int, ...]
    people: int
    sqlite_only: bool
    database: str | None
    profile: Path | None
