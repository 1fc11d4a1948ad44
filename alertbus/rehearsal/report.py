"""The report of a replay (DESIGN section 12), from what the agencies' systems received. Pure: the same receipts, the same bytes.

`reached` counts what an event itself caused on its date; what arrived later because a link or an involvement did, is a briefing. What
another unit of the stating agency was told stands in `own_agency`: it is neither. Nor is what the bus itself caused (`rehearsal.chased`).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alertbus.model.case import in_uk
from alertbus.model.notice import Cause
from alertbus.rehearsal.chased import NOTHING_CHASED, Chased, briefings, clocks, escalations, told_of_clocks, told_of_escalations
from alertbus.rehearsal.scenario import Scenario


@dataclass(frozen=True, slots=True)
class ArrivedMessage:
    """One message in one agency's system."""

    agency: str
    role: str
    event: str
    cause: Cause
    since: datetime
    because: str
    received_at: datetime | None
    own_agency: bool = False


def build_report(
    scenario: Scenario,
    received: Iterable[ArrivedMessage],
    accepted_at: Mapping[str, datetime],
    difference: int,
    chased: Chased = NOTHING_CHASED,
) -> dict[str, Any]:
    """The report as it is written. `accepted_at`: event → when the gateway answered for it, for the latencies."""
    direct: dict[str, dict[str, list[ArrivedMessage]]] = defaultdict(lambda: defaultdict(list))
    joined: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    own: dict[tuple[str, str], str] = {}
    for message in received:
        if message.own_agency:
            own[message.event, message.agency] = min(message.because, own.get((message.event, message.agency), message.because))
        elif message.cause is Cause.ALERT:
            direct[message.event][message.agency].append(message)
        else:
            day = in_uk(message.since).date().isoformat()
            joined[day, message.agency, message.cause.value].add(message.event)
    events = [
        _event(event.id, event.day.isoformat(), event.expected, direct.get(event.id, {}), accepted_at.get(event.id), event.alert.history)
        for event in scenario.events
    ]
    counted = [e for e in events if not e["history"]]
    briefed = [
        {"date": day, "agency": agency, "worker": None, "because": _BRIEFING[cause], "alerts": sorted(alerts)}
        for (day, agency, cause), alerts in joined.items()
    ]
    briefed += briefings(chased.taken)
    return {
        "scenario": scenario.name,
        "events": events,
        "totals": {
            "pairs_expected": sum(len(e["expected"] or ()) for e in counted),
            "pairs_reached": sum(len(e["reached"]) for e in counted),
            "missing": sum(len(e["missing"]) for e in counted),
            "extra": sum(len(e["extra"]) for e in events),
        },
        "reconcile": {"difference": difference},
        "clocks": clocks(chased.items, scenario.event_ids),
        "escalations": escalations(chased, scenario.event_ids),
        "patterns": [],
        "briefings": sorted(briefed, key=str),  # by day and agency, and always the same
        "own_agency": [{"event": event, "agency": agency, "because": because} for (event, agency), because in sorted(own.items())],
    }


_BRIEFING = {
    Cause.LINK.value: "somebody was linked to the case, and this stands about them",
    Cause.INVOLVEMENT.value: "the agency joined the case, and this stands on it",
}


def _event(
    event_id: str,
    day: str,
    expected: tuple[str, ...] | None,
    messages: Mapping[str, list[ArrivedMessage]],
    accepted: datetime | None,
    history: bool,
) -> dict[str, Any]:
    reached = sorted(messages)
    wanted = set() if history else set(expected or ())  # history alerts nobody, whatever it says
    judged = expected is not None or history
    arrivals = [m.received_at for found in messages.values() for m in found if m.received_at]
    first_ms = (min(arrivals) - accepted).total_seconds() * 1000 if arrivals and accepted else None
    return {
        "id": event_id,
        "date": day,
        "history": history,
        "reached": reached,
        "expected": sorted(wanted) if judged else None,
        "missing": sorted(wanted - set(reached)) if judged else [],
        "extra": sorted(set(reached) - wanted) if judged else [],
        "because": {agency: min((m.role, m.because) for m in messages[agency])[1] for agency in reached},
        "accept_to_notice_ms": None if first_ms is None else round(max(first_ms, 0.0), 1),
    }


def is_clean(report: Mapping[str, Any]) -> bool:
    """Whether nothing is missing, nothing extra, and the reconciler finds no difference."""
    totals = report["totals"]
    return not (totals["missing"] or totals["extra"] or report["reconcile"]["difference"])


def narrate(report: Mapping[str, Any]) -> Iterable[str]:
    """The report in words: for each event, who was told and why."""
    for event in report["events"]:
        if event["history"]:
            yield f"{event['date']}  {event['id']}  history: seeds the record, tells nobody"
            yield from (f"              EXTRA   {agency}" for agency in event["extra"])
            continue
        delay = f"  ({event['accept_to_notice_ms']:.0f} ms)" if event["accept_to_notice_ms"] is not None else ""
        yield f"{event['date']}  {event['id']}  told {len(event['reached'])}: {', '.join(event['reached']) or 'nobody'}{delay}"
        for agency, because in event["because"].items():
            yield f"              {agency:<24} {because}"
        yield from (f"              MISSING {agency}" for agency in event["missing"])
        yield from (f"              EXTRA   {agency}" for agency in event["extra"])
    for briefing in report["briefings"]:
        whose = briefing["agency"] if briefing["worker"] is None else f"{briefing['worker']} at {briefing['agency']}"
        yield f"{briefing['date']}  briefing for {whose}: {', '.join(briefing['alerts']) or 'no alert stands'} ({briefing['because']})"
    for told in report["own_agency"]:
        yield f"{told['event']}  {told['agency']} was told its own agency's word: {told['because']}"
    yield from told_of_clocks(report)
    yield from told_of_escalations(report)
    totals = report["totals"]
    yield ""
    yield (
        f"{report['scenario']}: {totals['pairs_expected']} expected, {totals['pairs_reached']} reached, {totals['missing']} missing, "
        f"{totals['extra']} extra; reconciler's difference {report['reconcile']['difference']}"
    )
