"""Gauges of the whole bus for /metrics, measured when it is scraped.

A subject whose broker or database is away is left out, so that its last value does not pass for news, and `alertbus_measured` says so.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, Metric
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from sqlalchemy import func, select

from alertbus.broker.faults import BrokerFault
from alertbus.chronicle import queries
from alertbus.chronicle.item_numbers import numbers_of_items, unowned_by_agency
from alertbus.chronicle.tick_times import tick_times
from alertbus.delivery.ledger.tables import ledger, watchdog_arrival
from alertbus.delivery.nudges.nudge_turns import nudge_counts
from alertbus.intake.ignored import ignored_counts
from alertbus.model import watchdog
from alertbus.model.errors import BusError
from alertbus.operations.circuits import left_alone
from alertbus.operations.plugin_memory import remembered
from alertbus.operations.progress import Progress
from alertbus.operations.quarantine_depth import QuarantineDepth
from alertbus.operations.undelivered import undelivered
from alertbus.reconcile.results import latest_run
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults, reading

_LIMIT_S = 5.0
"""Seconds that one subject may take. Chosen: Prometheus waits 10 for the whole, unless it is configured otherwise."""


@dataclass(slots=True)
class Vitals:
    """All that is needed to measure a whole bus. `watchdog_interval_s`: how often the watchdog's alert is raised; 0 for never."""

    bootstrap: str
    engine: Database
    now: Callable[[], datetime]
    watchdog_interval_s: int
    progress: Progress = field(init=False)
    depth: QuarantineDepth = field(init=False)

    def __post_init__(self) -> None:
        self.progress, self.depth = Progress(self.bootstrap), QuarantineDepth(self.bootstrap)


@dataclass(frozen=True, slots=True, eq=False)
class CountedElsewhere(Collector):
    """A counter whose value was counted before this process lived."""

    family: CounterMetricFamily

    def collect(self) -> Iterable[CounterMetricFamily]:
        """Give the counter as it was read."""
        return (self.family,)


Measure = Callable[[Vitals], Awaitable[Sequence[Collector]]]


async def measured(vitals: Vitals) -> CollectorRegistry:
    """Measure every subject afresh. Never raises for a broker or a database that is away."""
    registry = CollectorRegistry()
    known = Gauge("alertbus_measured", "1 if the gauges of this subject could be asked", ("subject",), registry=registry)
    outcomes = await asyncio.gather(*(_measure(measure, vitals) for measure in _MEASURES.values()))
    for subject, found in zip(_MEASURES, outcomes, strict=True):
        known.labels(subject).set(found is not None)
        for collector in found or ():
            registry.register(collector)
    return registry


class _Summed(Collector):
    """Metrics with the samples of all agencies in one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            sums: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
            for sample in metric.samples:
                rest = sample.name, tuple((name, value) for name, value in sample.labels.items() if name != "agency")
                sums[rest] = sums.get(rest, 0.0) + sample.value
            metric.samples = [Sample(name, dict(labels), value) for (name, labels), value in sums.items()]
            yield metric


def without_agencies(registry: CollectorRegistry) -> CollectorRegistry:
    """The same metrics, of all agencies together."""
    summed = CollectorRegistry()
    summed.register(_Summed(registry))
    return summed


async def _measure(measure: Measure, vitals: Vitals) -> Sequence[Collector] | None:
    try:
        async with asyncio.timeout(_LIMIT_S):
            return await measure(vitals)
    except (TimeoutError, BusError, BrokerFault):
        return None


def _gauge(name: str, about: str, *labels: str) -> Gauge:
    return Gauge(f"alertbus_{name}", about, labels, registry=None)


async def _progress(vitals: Vitals) -> list[Collector]:
    oldest = _gauge("oldest_unprocessed_seconds", "Age of the oldest record that a group has not processed", "group")
    waiting = _gauge("pending_records", "Records that a group has not processed", "group")
    for group, behind in (await vitals.progress.groups(vitals.now())).items():
        oldest.labels(group).set(behind.oldest_s or 0.0)
        waiting.labels(group).set(behind.pending)
    written = CounterMetricFamily("alertbus_topic_records", "Records ever written to a topic that a group reads", labels=("topic",))
    for topic, flow in (await vitals.progress.topics(vitals.now())).items():
        written.add_metric((topic,), flow.written)
    return [oldest, waiting, CountedElsewhere(written)]


async def _delivery(vitals: Vitals) -> list[Gauge]:
    """Labels name agencies, which are organisations, and never a person."""
    owed = _gauge("undelivered_notices", "Notices that are not with their agency yet", "agency", "state")
    oldest = _gauge("undelivered_notices_oldest_seconds", "Since delivery took the first of them up; 0 when there is none")
    row, now = ledger.c, vitals.now()
    since = func.min(row.recorded_at, type_=row.recorded_at.type)
    open_ = select(row.agency, row.state, func.count(), since).where(row.done_at.is_(None), row.agency != watchdog.AGENCY)
    with database_faults():
        async with reading(vitals.engine) as connection:
            found = (await connection.execute(open_.group_by(row.agency, row.state))).all()
    for agency, state, count, _ in found:
        owed.labels(agency, state).set(count)
    oldest.set(max(0.0, (now - min((first for *_, first in found), default=now)).total_seconds()))
    circuits = _gauge("agencies_left_alone", "1 for an agency that a delivery worker sends nothing, as its system did not answer", "agency")
    for agency in await left_alone(vitals.engine):
        circuits.labels(agency).set(1)
    return [owed, oldest, circuits]


async def _undelivered(vitals: Vitals) -> list[Gauge]:
    count = _gauge("undelivered_obligations", "Obligations that their agency's own channel has not delivered", "agency", "reason")
    oldest = _gauge("undelivered_oldest_seconds", "Since the first of them became so; 0 when there is none")
    found = await undelivered(vitals.engine)
    for one in found:
        count.labels(one.agency, one.reason).set(one.count)
    now = vitals.now()
    oldest.set(max(0.0, (now - min((one.since for one in found), default=now)).total_seconds()))
    return [count, oldest]


async def _items(vitals: Vitals) -> list[Gauge]:
    """Of real cases, not of exercises."""
    unowned = _gauge("unowned", "Obligations that everybody was asked for and nobody by name has answered", "agency")
    oldest = _gauge("unowned_oldest_seconds", "Since the first of them became so; 0 when there is none")
    running = _gauge("items_open", "What is owed by a time and not recorded or answered, late or not")
    overdue = _gauge("items_overdue", "What is late of it")
    for agency, count in (await unowned_by_agency(vitals.engine)).items():
        unowned.labels(agency).set(count)
    found = await numbers_of_items(vitals.engine, vitals.now())
    oldest.set(found.oldest_unowned.age_s if found.oldest_unowned else 0.0)
    running.set(found.open)
    overdue.set(found.overdue)
    return [unowned, oldest, running, overdue]


async def _answers(vitals: Vitals) -> list[Gauge]:
    """Of real cases. That something is late is for its agency's chain, and for nobody on call; a graph of it shows how a week goes."""
    overdue = _gauge("answers_overdue", "Obligations whose time has passed, without an answer")
    oldest = _gauge("oldest_unanswered_seconds", "How long the longest unanswered obligation has waited; 0 when there is none")
    clocks = _gauge("clocks", "Clocks of the policy's rules that have ended, by whether they were met", "outcome")
    open_ = _gauge("reviews_open", "Questions that wait for a person")
    oldest_review = _gauge("review_oldest_seconds", "How long the first of them has waited; 0 when there is none")
    unreadable = _gauge("unreadable_records", "Records that the chronicle could not take")
    found = await queries.status(vitals.engine, vitals.now())
    overdue.set(found.overdue)
    oldest.set(found.oldest_unanswered.age_s if found.oldest_unanswered else 0.0)
    clocks.labels("met").set(found.items.clocks_met)
    clocks.labels("missed").set(found.items.clocks_missed)
    open_.set(found.review)
    oldest_review.set(found.oldest_review.age_s if found.oldest_review else 0.0)
    unreadable.set(found.unreadable)
    return [overdue, oldest, clocks, open_, oldest_review, unreadable]


async def _clock(vitals: Vitals) -> list[Gauge]:
    """Of real cases. A clock that writes nothing at all has nothing that is late: the reconciler misses what follows from time then."""
    worst = _gauge("tick_worst_seconds", "Of the ticks of the last five minutes, how long after its moment the latest was; 0 if none")
    count = _gauge("ticks_lately", "Ticks of the last five minutes")
    found = await tick_times(vitals.engine, vitals.now())
    worst.set(found.worst_s or 0.0)
    count.set(found.ticks)
    return [worst, count]


async def _quarantine(vitals: Vitals) -> list[Gauge]:
    entries = _gauge("quarantine_entries", "Entries in quarantine that were not put back", "disposition")
    for disposition, count in (await vitals.depth.by_disposition()).items():
        entries.labels(disposition.value).set(count)
    return [entries]


async def _ignored(vitals: Vitals) -> list[CountedElsewhere]:
    """A counter that outlives the gateway: it is counted in the database."""
    found = CounterMetricFamily(
        "alertbus_messages_ignored", "Messages that their source ignored, by class of its reason", labels=("source", "outcome")
    )
    for one in await ignored_counts(vitals.engine):
        found.add_metric((one.source, one.outcome), one.count)
    return [CountedElsewhere(found)]


async def _nudges(vitals: Vitals) -> list[CountedElsewhere]:
    """How many e-mails and text messages said that something waits at the desk, and how many were not taken."""
    found = CounterMetricFamily("alertbus_nudges", "Nudges that something waits at the desk, by what became of them", labels=("outcome",))
    for outcome, count in sorted((await nudge_counts(vitals.engine)).items()):
        found.add_metric((outcome,), count)
    return [CountedElsewhere(found)]


async def _plugins(vitals: Vitals) -> list[Collector]:
    """By the plugins' names, which are those of packages."""
    said = CounterMetricFamily(
        "alertbus_plugin_unheard", "Pieces of text that a plugin printed, logged or warned of, which were dropped", labels=("plugin",)
    )
    aside = _gauge("plugin_set_aside", "1 for a plugin that could not be imported when the bus last started", "plugin")
    for plugin, found in (await remembered(vitals.engine)).items():
        if found.unheard:
            said.add_metric((plugin,), found.unheard)
        if found.set_aside:
            aside.labels(plugin).set(1)
    return [CountedElsewhere(said), aside]


async def _watchdog(vitals: Vitals) -> list[Gauge]:
    age = _gauge("watchdog_last_arrival_age_seconds", "Since the last watchdog alert came to its channel; +Inf if none ever did")
    every = _gauge("watchdog_interval_seconds", "How often this gateway raises one; 0 for never")
    found = await last_arrival_s(vitals)
    age.set(math.inf if found is None else found)
    every.set(vitals.watchdog_interval_s)
    return [age, every]


async def _reconcile(vitals: Vitals) -> list[Gauge]:
    """Of real alerts, not of exercises. Before the first run there is only the age, which is infinite."""
    age = _gauge("reconcile_age_seconds", "Since the latest reconciliation ended; +Inf if there was none")
    differs = _gauge("reconcile_difference", "Obligations and alerts that differ from what the bus owes, longer than the grace")
    under_way = _gauge("reconcile_under_way", "Obligations and alerts that differ, but not for so long")
    found = await latest_run(vitals.engine)
    if found is None:
        age.set(math.inf)
        return [age]
    age.set(found.age_s(vitals.now()))
    differs.set(found.difference)
    under_way.set(found.under_way)
    return [age, differs, under_way]


async def last_arrival_s(vitals: Vitals) -> float | None:
    """Give the seconds since the watchdog's last alert arrived; None if none ever did. Raises `DatabaseUnavailable`."""
    query = select(watchdog_arrival.c.arrived_at).where(watchdog_arrival.c.agency == watchdog.AGENCY)
    with database_faults():
        async with reading(vitals.engine) as connection:
            arrived_at = (await connection.execute(query)).scalar_one_or_none()
    return None if arrived_at is None else max(0.0, (vitals.now() - arrived_at).total_seconds())


_MEASURES: dict[str, Measure] = {
    "progress": _progress,
    "delivery": _delivery,
    "undelivered": _undelivered,
    "items": _items,
    "answers": _answers,
    "clock": _clock,
    "quarantine": _quarantine,
    "ignored": _ignored,
    "nudges": _nudges,
    "plugins": _plugins,
    "watchdog": _watchdog,
    "reconcile": _reconcile,
}
