"""The intake's sense of time: which moments no alert can have, and which message of a source is old news. Pure; the clock is an input."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from alertbus.intake.out_of_range import out_of_range
from alertbus.model.alert import Action, Alert
from alertbus.model.case import in_uk
from alertbus.model.errors import Fault
from alertbus.policy.human_range import AS_SHIPPED, HumanRange

CLOCKS_DIFFER = timedelta(minutes=15)
"""How far a sender's clock may be ahead of the gateway's. Chosen: clocks kept by NTP differ by less than a second, others by minutes."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""No moment of an alert is earlier. Chosen: the systems that send were built later; 1970 or 1900 is what they write for no time."""

OLD_NEWS = timedelta(days=28)
"""A source's message that is older tells nobody now. Chosen: as long as an alert of most kinds waits for its person's case."""

AHEAD = frozenset({"meeting", "worker_change", "involvement_started", "involvement_ended"})
"""Kinds that are also stated before they happen. A release to come is stated as `details.release.date`."""

MOVEMENTS = frozenset({"prisoner_release", "prisoner_recall"})
"""Kinds that are old by when it happened, however late it was recorded. Of all others, what is recorded today is news: a concern about
last year, told today, was never told before."""


def impossible_moments(alert: Alert, now: datetime, allowed: HumanRange = AS_SHIPPED) -> Iterator[Fault]:
    """Name each moment and day of the alert that cannot be, once: those that lie beyond the gateway's clock or before any system that
    sends, and those outside the policy's human range. An exercise has its own time, within that range.
    """
    found = {fault.path: fault for fault in (*out_of_range(alert, allowed, now), *_not_by_our_clock(alert, now))}
    yield from found.values()


def _not_by_our_clock(alert: Alert, now: datetime) -> Iterator[Fault]:
    if alert.exercise is not None:
        return
    limit = now + CLOCKS_DIFFER
    minutes = CLOCKS_DIFFER // timedelta(minutes=1)
    for path, moment, may_lie_ahead in (
        ("occurred_at", alert.occurred_at, alert.kind in AHEAD),
        ("recorded_at", alert.recorded_at, False),
    ):
        if moment > limit and not may_lie_ahead:
            expected = f"a moment that has passed, by the bus's clock and {minutes} minutes more; correct the sender's clock or the moment"
            if alert.kind == "prisoner_release" and path == "occurred_at":
                expected += ", and give the day of a release to come as details.release.date"
            yield Fault(path, expected, "moment_in_future")
        if moment < EARLIEST:
            expected = f"a moment since {EARLIEST.year}; of what happened earlier, give when it was told, and its time in the narrative"
            yield Fault(path, expected, "moment_too_early")


def is_old_news(alert: Alert, now: datetime) -> bool:
    """Say whether a statement in a source's message is too old to be told now: a queue that is replayed would tell years.

    Withdrawals are never old: what they take back may still stand. A release whose day has not passed for so long is not old either.
    """
    if alert.exercise is not None or alert.action is Action.WITHDRAWN:
        return False
    limit = now - OLD_NEWS
    release = alert.details.release
    if release and release.date and release.date >= in_uk(limit).date():
        return False
    known = alert.occurred_at if alert.kind in MOVEMENTS else max(alert.occurred_at, alert.recorded_at)
    return known < limit
