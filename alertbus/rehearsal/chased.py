"""What a replay's report says beside who was told: clocks met and missed, who was asked while nobody answered, and who was briefed. Pure.

None of it is `reached`: the bus itself caused these notices, and not the event.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from alertbus.model.case import in_uk
from alertbus.model.item import ANSWER, Item, ItemState, ItemStep, StepKind
from alertbus.model.notice import Notice


class Chased(NamedTuple):
    """From what the chronicle holds of an exercise: its items, and the notices that the agencies' systems took."""

    items: Sequence[Item] = ()
    taken: Sequence[Notice] = ()


NOTHING_CHASED = Chased()


def clocks(items: Iterable[Item], events: Mapping[str, str]) -> list[dict[str, Any]]:
    """Every clock of the policy's rules: what started it, by when, met, missed or open, what was recorded and, where it lapsed, why.
    `events`: those of the scenario by the bus's ids of their alerts.
    """
    found = [
        {
            "event": _event(item, events),
            "clock": item.rule,
            "due": _day(item.due),
            "state": item.state.value,
            "closed_by": item.closed_by,
            "reason": item.reason,
            "agency": item.agency,
            "child": item.child,
        }
        for item in items
        if item.rule != ANSWER and item.state is not ItemState.VOID
    ]
    return sorted(found, key=lambda one: (one["due"] or "9", one["clock"], one["event"] or "", one["child"] or "", str(one)))


def escalations(chased: Chased, events: Mapping[str, str]) -> list[dict[str, Any]]:
    """By obligation that took a step: each step with its time, whether the agency's system took its notice, and whether nobody was left."""
    taken = {(one.obligation.id, *_step(one.step)) for one in chased.taken if one.step is not None}
    found = [
        {
            "event": _event(item, events),
            "kind": item.kind,
            "agency": item.agency,
            "role": item.role,
            "since": _moment(item.opened_at),
            "due": _moment(item.due),
            "steps": [
                {"step": step.kind.value, "role": step.role, "at": _moment(step.at), "taken": (item.id, *_step(step)) in taken}
                for step in item.steps
            ],
            "ended": _moment(item.closed_at),
            "unowned": item.unowned,
        }
        for item in chased.items
        if item.rule == ANSWER and item.steps
    ]
    return sorted(found, key=lambda one: (one["since"], one["kind"], one["agency"], one["event"] or "", str(one)))


def briefings(taken: Iterable[Notice]) -> Iterator[dict[str, Any]]:
    """Who was briefed, on which day, because of what, and what stood."""
    stood: dict[tuple[str, str, str | None, str], set[str]] = {}
    for notice in taken:
        if (told := notice.briefing) is not None:
            of = told.day.isoformat(), notice.obligation.agency, notice.recipient, f"briefing: {', '.join(told.arrived)}"
            stood.setdefault(of, set()).update(one.source_id for one in told.stands if one.source_id is not None)
    for (day, agency, worker, because), alerts in stood.items():
        yield {"date": day, "agency": agency, "worker": worker, "because": because, "alerts": sorted(alerts)}


def _event(item: Item, events: Mapping[str, str]) -> str | None:
    """The event of the scenario; None for what the bus or the case itself began."""
    return events.get(item.alert_id or "")


def _step(step: ItemStep) -> tuple[StepKind, str | None, datetime]:
    return step.kind, step.role, step.at


def _day(moment: datetime | None) -> str | None:
    return None if moment is None else in_uk(moment).date().isoformat()


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else in_uk(moment).isoformat(timespec="minutes")


def told_of_clocks(report: Mapping[str, Any]) -> Iterator[str]:
    """The report's clocks in words: how many, and each that was missed or still runs, those of several children in one line."""
    if not report["clocks"]:
        return
    states = Counter(clock["state"] for clock in report["clocks"])
    yield ""
    yield f"Clocks: {', '.join(f'{count} {state}' for state, count in sorted(states.items()))}. Those that were not met:"
    children: dict[tuple[str, ...], list[str]] = {}
    for clock in report["clocks"]:
        if clock["state"] != ItemState.MET.value:
            closed = f"recorded too late, by {clock['closed_by']}" if clock["closed_by"] else "not recorded"
            begun = f"since {clock['event']}" if clock["event"] else "since the case began"
            what = clock["clock"].replace("_", " ")
            line = (clock["due"] or "no time", clock["state"], what, clock["agency"], begun, closed)
            children.setdefault(line, []).extend([clock["child"]] if clock["child"] else [])
    for (due, state, what, agency, begun, closed), named in children.items():
        whose = f" of {', '.join(named)}" if named else ""
        yield f"{due:<10}  {state.upper():<6}  {what}{whose}, owed by {agency} {begun}: {closed}"


def told_of_escalations(report: Mapping[str, Any]) -> Iterator[str]:
    """Who was asked, in words: one line for each kind, with what happened where it went furthest."""
    by_kind: dict[str, list[Mapping[str, Any]]] = {}
    for one in report["escalations"]:
        by_kind.setdefault(one["kind"], []).append(one)
    if not by_kind:
        return
    unowned = sum(one["unowned"] for one in report["escalations"])
    yield ""
    yield f"Answers that were chased: {len(report['escalations'])}; {unowned} ended with nobody left to ask. The longest of each kind:"
    for kind, found in sorted(by_kind.items()):
        longest = max(found, key=lambda one: len(one["steps"]))
        asked = " → ".join(_in_words(step) for step in longest["steps"])
        yield f"  {kind} ({len(found)}): {longest['agency']}, told {longest['since'][:16]}: {asked}"


def _in_words(step: Mapping[str, Any]) -> str:
    who = "nobody left" if step["role"] is None else step["role"].replace("_", " ")
    what = {"reminder": "reminder to ", "out_of_hours": "out of hours, ", "opening": "again at opening, "}.get(step["step"], "")
    return f"{what}{who} {step['at'][5:16].replace('T', ' ')}"
