"""What is wrong with the bus, in words, each with its runbook: the conditions of the rules in `deploy/prometheus`, which wake somebody.

Pure. A rule waits before it wakes; a page does not, because whoever looks wants to know what is so now.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from alertbus.model.case import in_uk
from alertbus.operations.bus_state import BusState
from alertbus.operations.progress import STALLED_S, WATCHDOG_MISSED
from alertbus.plugin.wording import plain

RECONCILED_WITHIN_S = 600.0
"""An older comparison says nothing of now. As the rule has it."""

TICKS_LATE_S = 60.0
"""As the rule has it: reminders are told late by as much."""

_NAMED = 3
"""Agencies that are named in a sentence; the page of agencies has them all."""

_STAGES = {
    "stream": ("nobody is told of what was accepted since", "The stages"),
    "delivery": ("nothing reaches any agency", "Delivery"),
    "chronicle": ("the pages and the inbox show less than has happened", "The chronicle"),
}


@dataclass(frozen=True, slots=True)
class BusTrouble:
    """One thing that is wrong. `rule` is the alarm's name in Prometheus; `wakes`: it is worth waking somebody."""

    rule: str
    runbook: str
    words: str
    wakes: bool


def troubles(state: BusState) -> list[BusTrouble]:
    """Say what is wrong, the most pressing first."""
    found = [*_still(state), *_watched(state), *_owed(state), *_compared(state), *_kept(state)]
    return sorted(found, key=lambda one: not one.wakes)


def _still(state: BusState) -> Iterator[BusTrouble]:
    if state.unknown:
        what = ", ".join(_SUBJECTS[subject] for subject in state.unknown)
        yield BusTrouble(
            "AlertbusCannotBeMeasured", "cannot-be-measured", f"Not known just now: {what}. The rest below is as it is.", wakes=True
        )
    for stage in state.stages:
        if stage.name in _STAGES and (stage.oldest_s or 0.0) > STALLED_S:
            follows, title = _STAGES[stage.name]
            words = f"{title} may stand still: a record has waited {_long(stage.oldest_s)}. Nothing is lost, but {follows}."
            yield BusTrouble("AlertbusStandsStill", "stands-still", words, wakes=True)


def _watched(state: BusState) -> Iterator[BusTrouble]:
    every, arrived = state.watchdog_interval_s, state.watchdog_last_arrival_s
    if every and "watchdog" not in state.unknown and (arrived is None or arrived > WATCHDOG_MISSED * every):
        when = "has never come through" if arrived is None else f"last came through {_long(arrived)} ago"
        words = f"The test alert that is sent every {every} seconds {when}. Alerts may not come through either."
        yield BusTrouble("AlertbusWatchdogMissing", "watchdog-missing", words, wakes=True)
    if state.tick_worst_s is not None and state.tick_worst_s > TICKS_LATE_S:
        words = f"Time came {_long(state.tick_worst_s)} late to a case: reminders, and the next person, are told late."
        yield BusTrouble("AlertbusTicksLate", "ticks-late", words, wakes=True)


def _owed(state: BusState) -> Iterator[BusTrouble]:
    if state.chronicle and (count := state.chronicle["items"]["unowned"]):
        oldest = state.chronicle["items"]["oldest_unowned"]
        since = f", the first for {_long(oldest['age_s'])} at {plain(oldest['agency'])}" if oldest else ""
        words = f"{_many(count, 'answer is', 'answers are')} owed by nobody{since}: everybody was asked, and nobody by name has answered."
        yield BusTrouble("AlertbusUnowned", "unowned", f"{words} Wake somebody at the agency.", wakes=True)
    if state.on_the_way and (failed := state.on_the_way.failed):
        where = sorted({plain(one.agency) for one in state.undelivered or ()})
        named = f" ({', '.join(where[:_NAMED])}{' and others' if len(where) > _NAMED else ''})" if where else ""
        words = f"{_many(failed, 'notice', 'notices')} cannot be delivered{named}. The bus goes on trying; somebody may have to telephone."
        yield BusTrouble("AlertbusUndelivered", "undelivered", words, wakes=True)


def _compared(state: BusState) -> Iterator[BusTrouble]:
    run = state.reconcile
    if run and run["difference"]:
        count = _many(run["difference"], "obligation or alert does", "obligations or alerts do")
        words = f"{count} not agree with what the bus should have done."
        yield BusTrouble("AlertbusReconcileDifference", "reconcile-difference", words, wakes=True)
    if run and run["age_s"] > RECONCILED_WITHIN_S:
        words = f"What the bus did was last compared with what it owes {_long(run['age_s'])} ago: nobody knows what is missing since."
        yield BusTrouble("AlertbusNobodyReconciles", "nobody-reconciles", words, wakes=False)


def _kept(state: BusState) -> Iterator[BusTrouble]:
    if state.quarantine and (count := sum(state.quarantine.values())):
        refused = state.quarantine.get("refused", 0)
        words = f"{_many(count, 'record lies', 'records lie')} in quarantine: somebody may not have been told."
        if refused:
            words += f" {_many(refused, 'notice was', 'notices were')} refused by an agency's system."
        yield BusTrouble("AlertbusQuarantine", "quarantine", words, wakes=False)


_SUBJECTS = {
    "progress": "how far the stages are (the broker does not answer)",
    "intake": "what the gateway has still to publish",
    "delivery": "what is on its way",
    "undelivered": "what is undelivered",
    "watchdog": "when the test alert last arrived",
    "clock": "how late time comes to the cases",
    "quarantine": "what lies in quarantine",
    "chronicle": "what is answered, owed and unowned",
    "reconcile": "whether anything is missing",
}


def not_known(subject: str) -> str:
    """A subject in plain words."""
    return _SUBJECTS[subject]


def moment_of(state: BusState) -> str:
    """At what time of the United Kingdom the figures were taken, to the second."""
    return f"{in_uk(state.at):%H:%M:%S}"


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def _long(seconds: float | None) -> str:
    whole = int(seconds or 0)
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if whole >= size * (2 if word == "day" else 1):
            number = whole // size
            return f"{number} {word}{'' if number == 1 else 's'}"
    return f"{whole} seconds"
