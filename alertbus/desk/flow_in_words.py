"""How the bus runs, in words for whoever is on call: the stations of an alert's way, and what a class of error means. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from alertbus.desk.in_words import age, span
from alertbus.operations.bus_state import BusState, StageState
from alertbus.operations.following import FollowedAgency, FollowedAlert
from alertbus.operations.progress import STALLED_S, WATCHDOG_MISSED

SLOW_S = 15.0
"""A record that has waited longer is worth a word. Chosen: a stage that moves takes milliseconds, and a restarted one seconds."""

FAILURES: Mapping[str, str] = MappingProxyType(
    {
        "unreachable": "their system does not answer",
        "connection_cut": "their system breaks the connection off",
        "too_slow": "their system takes too long to answer",
        "busy": "their system says that it is busy",
        "server_error": "their system reports a fault of its own",
        "unusual_answer": "their system answers neither yes nor no",
        "not_let_in": "their system does not let us in: key or address is wrong",
        "gone": "their system asks not to be called at this address any more",
        "refused": "their system refused the notice for good",
        "refused_in_reply": "their system took the notice, and refused it in its reply",
        "given_up_by_the_carrier": "their system never fetched the notice, and the carrier has given it up",
        "refused_by_letter": "their system wrote back that it refuses the notice",
        "folder_unavailable": "the folder is not there or cannot be written",
        "already_there_differently": "another file of that name is there already",
        "unsendable": "the message cannot be put on this channel",
        "plugin_fault": "our plugin cannot make their message",
        "channel_fault": "our own channel has failed",
        "waited_too_long": "never tried: an earlier notice is still owed, or their system is left alone",
        "unknown": "no reason was given",
    }
)
"""A class of error (`delivery.outcome.Trouble`), as somebody understands it who is woken by it."""


@dataclass(frozen=True, slots=True)
class Station:
    """One station of the picture. `health`: well, slow, wrong or unknown; `figures` are lines of words."""

    name: str
    does: str
    health: str
    verdict: str
    figures: tuple[str, ...]


def way_of(state: BusState) -> tuple[Station, ...]:
    """The way of an alert through the bus, as it is now."""
    stages = {one.name: one for one in state.stages}
    return (
        _gateway(state, stages["intake"]),
        _broker(state),
        _stage("Stages", "work out who must be told", stages["stream"], "progress" in state.unknown),
        _stage("Delivery", "hands notices over", stages["delivery"], "progress" in state.unknown),
        _agencies(state),
        _people(state),
    )


def _gateway(state: BusState, stage: StageState) -> Station:
    """A gateway is known to work by the test alert that it raises; where none is raised, nobody asks it."""
    every, arrived = state.watchdog_interval_s, state.watchdog_last_arrival_s
    figures = [_came(stage.came, "alert accepted", "alerts accepted")]
    if stage.pending:
        figures.append(f"{stage.pending} to publish")
    health = "well" if every and arrived is not None and arrived <= WATCHDOG_MISSED * every else "unknown"
    verdict = "not watched: the test alert is off" if not every else _VERDICTS[health]
    return Station("Gateway", "takes alerts in", health, verdict, tuple(filter(None, figures)))


def _broker(state: BusState) -> Station:
    if "progress" in state.unknown:
        return Station("Topics", "keep what was said", "unknown", "does not answer", ())
    came = [one.came for one in state.stages if one.came is not None]
    return Station("Topics", "keep what was said", "well", "the broker answers", (_came(max(came, default=None), "record", "records"),))


def _stage(name: str, does: str, stage: StageState, unknown: bool) -> Station:
    if unknown or stage.pending is None:
        return Station(name, does, "unknown", _VERDICTS["unknown"], ())
    oldest = stage.oldest_s or 0.0
    health = "wrong" if oldest > STALLED_S else "slow" if oldest > SLOW_S else "well"
    figures = [f"{stage.pending} waiting" if stage.pending else "nothing waits"]
    if stage.pending and oldest >= 1:
        figures.append(f"oldest {age(oldest)}")
    verdict = "may stand still" if health == "wrong" else _VERDICTS[health]
    return Station(name, does, health, verdict, (*figures, *filter(None, [_came(stage.came, "record", "records")])))


def _agencies(state: BusState) -> Station:
    on_the_way = state.on_the_way
    if on_the_way is None:
        return Station("Agencies", "their systems take notices", "unknown", _VERDICTS["unknown"], ())
    oldest = on_the_way.oldest_s or 0.0
    health = "wrong" if on_the_way.failed else "slow" if oldest > SLOW_S else "well"
    figures = [f"{on_the_way.notices} on their way" if on_the_way.notices else "nothing on its way"]
    if on_the_way.notices:
        figures.append(f"oldest {age(oldest)}")
    if on_the_way.failed:
        figures.append(f"{on_the_way.failed} cannot be delivered")
    return Station(
        "Agencies", "their systems take notices", health, "some not reached" if health == "wrong" else _VERDICTS[health], tuple(figures)
    )


def _people(state: BusState) -> Station:
    numbers = state.chronicle
    if numbers is None:
        return Station("People", "answer by name", "unknown", _VERDICTS["unknown"], ())
    unowned, oldest = numbers["items"]["unowned"], numbers["oldest_unanswered"]
    figures = [f"{numbers['overdue']} overdue", f"longest wait {age(oldest['age_s'])}" if oldest else "all answered"]
    if unowned:
        figures.insert(0, f"{unowned} owned by nobody")
    health = "wrong" if unowned else "well"
    return Station("People", "answer by name", health, "somebody must be woken" if unowned else _VERDICTS[health], tuple(figures))


_VERDICTS = {"well": "well", "slow": "slow", "wrong": "wrong", "unknown": "not known just now"}


def failure(reason: str) -> str:
    """A class of error in plain words; one that is not known here as it stands, without its underscores."""
    return FAILURES.get(reason, reason.replace("_", " "))


@dataclass(frozen=True, slots=True)
class FollowedStage:
    """One stage of an alert that is followed: when, how long after the stage before, and what there is to say."""

    name: str
    at: datetime | None
    took: str
    words: str
    done: bool


def stages_of(found: FollowedAlert) -> list[FollowedStage]:
    """The stages of an alert's way, each with the time that it took."""
    return list(_with_durations(list(_stages(found))))


def _stages(found: FollowedAlert) -> Iterator[tuple[str, datetime | None, str, bool]]:
    owed = found.agencies
    yield "Accepted by the gateway", found.statements[0], _statements(found), True
    yield "Durable on the broker", found.on_broker_at, _unless_asked(found), found.on_broker_at is not None or not found.broker_asked
    reached = f"{found.cases} {'case' if found.cases == 1 else 'cases'} found" if found.cases else "no case was found"
    yield "Who it is about, and which cases", found.reached_at, reached, found.cases > 0
    count = f"{len(owed)} {'obligation' if len(owed) == 1 else 'obligations'}" if owed else "nobody is owed anything"
    yield "Who must be told", _last(one.decided_at for one in owed), count, bool(owed)
    for name, times in (
        ("Taken up by delivery", [one.taken_at for one in owed]),
        ("Accepted by the systems of the agencies", [one.accepted_at or one.sent_at for one in owed]),
        ("Answered by a named person", [one.answered_at for one in owed]),
    ):
        come = [at for at in times if at is not None]
        yield name, max(come, default=None), f"{len(come)} of {len(times)}", bool(times) and len(come) == len(times)


def _with_durations(stages: list[tuple[str, datetime | None, str, bool]]) -> Iterator[FollowedStage]:
    before: datetime | None = None
    for name, at, words, done in stages:
        yield FollowedStage(name, at, _took(before, at), words, done)
        before = at or before


def _took(before: datetime | None, at: datetime | None) -> str:
    if before is None or at is None:
        return ""
    seconds = (at - before).total_seconds()
    if seconds < 0:
        return "at the same time"
    if seconds < 1:
        return f"{round(seconds * 1000)} ms later"
    return f"{seconds:.1f} s later" if seconds < 60 else f"{span(timedelta(seconds=seconds))} later"  # noqa: PLR2004  a minute


def stands_at(found: FollowedAlert) -> str:
    """Where the alert stands still, in a sentence; that it has come all the way, where it has."""
    owed = found.agencies
    if not owed and found.in_review:
        return "It waits for a person in review: nobody is told of it until they have decided."
    if not owed:
        return "It told nobody: no case was found on which somebody must know of it. Who holds cases can ask why (`alertbus explain`)."
    return _on_the_way(owed)


def _on_the_way(owed: tuple[FollowedAgency, ...]) -> str:
    if troubled := [one for one in owed if one.trouble and one.accepted_at is None]:
        return f"It stands still at {_many(troubled)}: {failure(troubled[0].trouble or '')}."
    if untaken := [one for one in owed if one.taken_at is None]:
        return f"It waits for delivery to take it up, for {_many(untaken)}."
    if unsent := [one for one in owed if one.sent_at is None and one.state not in {"withdrawn", "acknowledged"}]:
        return f"It is on its way to {_many(unsent)}."
    if waiting := [one for one in owed if one.answered_at is None and one.state != "withdrawn"]:
        late = f", {count} overdue" if (count := sum(one.overdue for one in waiting)) else ""
        return f"Every system has it. {_many(waiting)} {'has' if len(waiting) == 1 else 'have'} not answered yet{late}."
    return "It has come all the way: every agency that was told has answered."


def agency_stands(one: FollowedAgency) -> str:
    """How far one obligation has come, without saying who did what."""
    if one.trouble and one.accepted_at is None:
        again = f"; tried {one.attempts} times" if one.attempts > 1 else ""
        return f"Not delivered: {failure(one.trouble)}{again}"
    words = {
        "owed": "On its way",
        "sent": "Sent; their system has not said yes yet",
        "accepted": "Their system has it; nobody has answered",
        "seen": "Opened there; nobody has answered",
        "acknowledged": "Answered",
        "escalated": "The next person was asked",
        "passed_on": "Passed on; not accepted yet",
        "not_ours": "Said not to be theirs; a person looks at it",
        "withdrawn": "Over for this agency",
        "refused": "Their system refused it",
        "failed": "Not delivered",
    }.get(one.state, one.state)
    return f"{words}, overdue" if one.overdue else words


def _many(some: list[FollowedAgency]) -> str:
    return "1 agency" if len(some) == 1 else f"{len(some)} agencies"


def _statements(found: FollowedAlert) -> str:
    further = len(found.statements) - 1
    return f"and {further} more since, the last {found.statements[-1]:%d %b %H:%M} UTC" if further else "one statement"


def _unless_asked(found: FollowedAlert) -> str:
    return "" if found.broker_asked else "the broker could not be asked: this time, and those of the next two, are not known"


def _last(moments: Iterator[datetime | None]) -> datetime | None:
    return max((at for at in moments if at is not None), default=None)


def _came(count: int | None, one: str, more: str) -> str:
    return "" if count is None else f"{count} {one if count == 1 else more} in 5 min"
