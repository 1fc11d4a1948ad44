"""Reports for a partnership's auditors: each Public Protection Notice with its five times, strategy meetings, conferences, deliveries.

They look at systems: summed up by team and by agency, and nobody's name is in any of them (NOT-24).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import median
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from alertbus.chronicle.report_data import OwedAnswer, Period, ReportData, ReportNeeds, on_the_case, report_data, team_of
from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Case, in_uk
from alertbus.model.item import Item, ItemState
from alertbus.model.receipt import Stage
from alertbus.reach.standing_facts import plan_name
from alertbus.sql.database import Database

NOT_RECORDED = "not recorded"
ALL_TEAMS = "all teams"
VISIT = "visit"
FACE_TO_FACE, MEETING = "ppn_face_to_face", "strategy_meeting"
"""The shipped rules of items whose clocks are reported on."""
HEARD_BEFORE = timedelta(days=28)
"""An agency on the case that stated nothing in so long before a conference brought nothing to it that the bus knows of (ours)."""
REHEARSED = "In an exercise events have its own time, and deliveries and answers that of the machine: no interval between the two is given."
FOLLOW_UP_MONTHS = 12
"""After a conference that led to no plan somebody looks at what became of the children (recommendation B III)."""
PROTECTION = "child_protection"

Cell = str | int | float | None
_HOUR, _DAY, _FEBRUARY = 3600, 86400, 28


class HoldsCases(Protocol):
    """What of the policy a report needs: which agency holds cases."""

    @property
    def case_holder(self) -> str: ...


class AuditReport(NamedTuple):
    """A table of what happened, and a summary of it by team or agency."""

    title: str
    about: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    summed_by: tuple[str, ...]
    summary: Sequence[Sequence[Cell]]


async def audit_report(
    name: str, engine: Database, policy: HoldsCases, period: Period, now: datetime, own: str | None = None
) -> AuditReport:
    """Make the report of this name; with `own` of what this agency stated or was owed alone. Raises `KeyError` for no such report,
    `DatabaseUnavailable`.
    """
    make, data = REPORTS[name], await report_data(engine, period, _NEEDS[name])
    if period.exercise is None:
        return make(data, policy, now, own)
    said = [one.at for found in data.said.values() for one in found]
    found = make(data, policy, max(said, default=now), own)  # an exercise has a time of its own
    return found._replace(about=f"{found.about}. {REHEARSED}")


def ppn_report(data: ReportData, policy: HoldsCases, sent_by: str | None = None) -> AuditReport:
    """The five times of each notice that reached a case, how it was responded to, and whether a manager has acknowledged it (AUD-01).

    With `sent_by` of the notices of this agency, which is not told the holder's teams.
    """
    rows, by_team = [], defaultdict(list)
    for case, said in data.of_kind("ppn"):
        if sent_by is not None and said.alert.agency != sent_by.partition(".")[0]:
            continue
        holder = [one for one in data.owed.get(case.id, ()) if one.alert_id == said.alert_id and one.agency == policy.case_holder]
        response, met = _responses(data.said.get(case.id, ()), said, policy.case_holder)
        clock = next((one for one in data.items.get(case.id, ()) if one.rule == FACE_TO_FACE and one.alert_id == said.alert_id), None)
        manager = _first(one.acknowledged for one in holder if "manager" in one.role)
        times = (
            said.alert.occurred_at,
            said.accepted_at if said.alert.exercise is None else said.at,
            _first(one.delivered for one in holder),
            _first(one.acknowledged for one in holder),
            _first(one.first(Stage.ACTED) for one in holder),
        )
        team = ALL_TEAMS if sent_by is not None else team_of(case, policy.case_holder, said.alert.occurred_at)
        hours = _apart(said.alert.occurred_at, met, _HOUR)
        rows.append((case.id, _reference(said), team, *map(_time, times), response, _time(met), hours, _time(manager), *_clock(clock)))
        by_team[team].append((times, met, manager, clock, hours))
    summary = [
        (
            team,
            len(found),
            *(sum(times[n] is not None for times, *_ in found) for n in (2, 3, 4)),
            sum(manager is not None for *_, manager, _, _ in found),
            sum(met is not None for _, met, *_ in found),
            sum(_is(clock, ItemState.MISSED) for *_, clock, _ in found),
            _median(hours for *_, hours in found),
        )
        for team, found in sorted(by_team.items())
    ]
    five = ("incident", "sent", "delivered", "acknowledged", "acted")
    return AuditReport(
        "Public Protection Notices",
        "Each notice on an open case, with its five times and the response to it",
        ("case", "reference", "team", *five, "first response", "face to face", "hours to it", "manager acknowledged", *_CLOCK),
        rows,
        ("team", "notices", *five[2:], "by a manager", "face to face", "limit missed", "median hours to it"),
        summary,
    )


def meetings_report(data: ReportData, policy: HoldsCases) -> AuditReport:
    """How long it was from what asked for a strategy meeting to the meeting, on each open case, and why it was late (AUD-02)."""
    rows, by_team = [], defaultdict(list)
    for case_id, items in sorted(data.items.items()):
        case = data.cases.get(case_id)
        for item in (one for one in items if case and one.rule == MEETING and one.state is not ItemState.VOID):
            if case is None or not data.period.holds(item.opened_at):
                continue
            team = team_of(case, policy.case_holder, item.opened_at)
            days = _apart(item.opened_at, item.closed_at, _DAY)
            rows.append((case_id, item.source_id, item.kind, team, _time(item.opened_at), _time(item.closed_at), days, *_clock(item)))
            by_team[team].append((item, days))
    rows.sort(key=lambda row: (str(row[4]), str(row[0])))
    summary = [
        (
            team,
            len(found),
            sum(item.closed_at is not None for item, _ in found),
            sum(_is(item, ItemState.MISSED) for item, _ in found),
            _median(days for _, days in found),
            "; ".join(f"{why}: {count}" for why, count in sorted(Counter(item.reason for item, _ in found if item.reason).items())) or None,
        )
        for team, found in sorted(by_team.items())
    ]
    return AuditReport(
        "Strategy meetings",
        "From what asked for a strategy meeting on an open case to the meeting, with the reason where it was late",
        ("case", "asked for by", "kind", "team", "asked for", "held", "days", *_CLOCK),
        rows,
        ("team", "asked for", "held", "limit missed", "median days", "reasons"),
        summary,
    )


def conferences_report(data: ReportData, policy: HoldsCases, now: datetime) -> AuditReport:
    """Each initial conference that led to no child protection plan: what was missing, who dissented, what was shared and withheld, and when
    somebody looks at it again (AUD-03, AUD-05).
    """
    rows, outcomes = [], defaultdict(list)
    today = in_uk(now).date()
    for case, said in data.of_kind("conference_outcome"):
        held = said.alert.details.conference
        if held is None or held.type != "initial":
            continue
        at = said.alert.occurred_at
        missing = "; ".join(_missing(data, case, said, policy)) or None
        plan = plan_name(held.outcome or "") == PROTECTION
        due = _months_on(in_uk(at).date(), FOLLOW_UP_MONTHS) <= today and not plan
        outcomes[held.outcome or NOT_RECORDED].append((held.unanimous is False, missing is not None, due))
        if plan:
            continue
        told = [one for one in data.owed.get(case.id, ()) if one.alert_id == said.alert_id]
        follow_up = _months_on(in_uk(at).date(), FOLLOW_UP_MONTHS)
        looked_at = "due" if follow_up <= today else "ahead"
        unanimous = {True: "yes", False: "no", None: NOT_RECORDED}[held.unanimous]
        dissent = ", ".join(held.dissent) or None
        row = (case.id, _reference(said), str(in_uk(at).date()), held.outcome or NOT_RECORDED, unanimous, dissent, missing)
        rows.append((*row, *_shared(told), str(follow_up), looked_at))
    return AuditReport(
        "Initial conferences that led to no child protection plan",
        "What was missing, who dissented, with whom the outcome was shared and what was left out for them, and the 12-month follow-up",
        ("case", "reference", "held", "outcome", "unanimous", "dissent", "missing", "shared with", "withheld", "follow-up", "it is"),
        rows,
        ("outcome of an initial conference", "conferences", "not unanimous", "something missing", "follow-up due"),
        [(name, len(found), *map(sum, zip(*found, strict=True))) for name, found in sorted(outcomes.items())],
    )


def deliveries_report(data: ReportData, now: datetime, agency: str | None = None) -> AuditReport:
    """Every obligation with when it was owed, sent, delivered, acknowledged and acted on; summed up by agency and kind (AUD-07). With
    `agency` of what this one was owed alone.
    """
    rows, summed = [], defaultdict(list)
    every = sorted((one for owed in data.owed.values() for one in owed), key=lambda one: (one.since, one.id))
    for one in (one for one in every if data.period.holds(one.since) and agency in {None, one.agency}):
        late = _late(one, now)
        times = (one.since, one.due, one.first(Stage.SENT), one.delivered, one.acknowledged, one.first(Stage.ACTED))
        rows.append((one.case_id, one.alert_id, one.kind, one.agency, one.role, *map(_time, times), "yes" if late else "no"))
        summed[one.agency, one.kind].append((one, late))
    clocks_agree = data.period.exercise is None
    summary = [
        (
            *key,
            len(found),
            sum(one.delivered is not None for one, _ in found),
            sum(one.acknowledged is not None for one, _ in found),
            sum(late for _, late in found),
            _median(_apart(one.since, one.delivered, 60) for one, _ in found if clocks_agree),
            _median(_apart(one.since, one.acknowledged, _HOUR) for one, _ in found if clocks_agree),
        )
        for key, found in sorted(summed.items())
    ]
    return AuditReport(
        "Deliveries",
        "What was owed to whom, and when it was sent, delivered, acknowledged and acted on; from records that are only added to",
        ("case", "alert", "kind", "agency", "role", "owed", "due", "sent", "delivered", "acknowledged", "acted", "late"),
        rows,
        ("agency", "kind", "owed", "delivered", "acknowledged", "late", "median minutes to delivery", "median hours to acknowledgement"),
        summary,
    )


REPORTS: Mapping[str, Callable[[ReportData, HoldsCases, datetime, str | None], AuditReport]] = MappingProxyType(
    {
        "ppn": lambda data, policy, _, own: ppn_report(data, policy, own),
        "meetings": lambda data, policy, *_: meetings_report(data, policy),
        "conferences": lambda data, policy, now, _: conferences_report(data, policy, now),
        "deliveries": lambda data, _, now, own: deliveries_report(data, now, own),
    }
)
_NEEDS: Mapping[str, ReportNeeds] = MappingProxyType(
    {
        "ppn": ReportNeeds(kinds=("ppn",)),
        "meetings": ReportNeeds(rule=MEETING),
        "conferences": ReportNeeds(kinds=("conference_outcome",)),
        "deliveries": ReportNeeds(owed_alone=True),
    }
)
_CLOCK = ("limit", "due", "reason")


def _clock(item: Item | None) -> tuple[Cell, Cell, Cell]:
    """Whether the limit was met, when it was, and by a code why not. Nothing, where the policy has no such rule."""
    if item is None:
        return None, None, None
    reason = item.reason or ("unknown" if item.state is ItemState.MISSED else None)
    return item.state.value, _time(item.due), reason


def _responses(said: Iterable[AcceptedAlert], to: AcceptedAlert, holder: str) -> tuple[str, datetime | None]:
    """How the holder was first in contact with the family after it, and when somebody of it first met them. A call is no visit (PPN-05)."""
    after = [
        one for one in said if one.alert.agency == holder and one.alert.occurred_at > to.alert.occurred_at and one.alert.details.contact
    ]
    modes = [(one.alert.occurred_at, one.alert.details.contact.mode) for one in after if one.alert.details.contact]
    return (modes[0][1] if modes else NOT_RECORDED), next((at for at, mode in modes if mode == VISIT), None)


def _missing(data: ReportData, case: Case, conference: AcceptedAlert, policy: HoldsCases) -> Iterable[str]:
    """What the bus knows to have been missing: agencies on the case that had stated nothing lately, requests that nobody had answered."""
    at = conference.alert.occurred_at
    heard = {one.alert.agency for one in data.said.get(case.id, ()) if at - HEARD_BEFORE <= one.alert.occurred_at <= at}
    silent = [name for name in on_the_case(case, at) if name.partition(".")[0] not in heard and name != policy.case_holder]
    if silent:
        yield f"nothing stated in {HEARD_BEFORE.days} days by {', '.join(silent)}"
    requests = [one for one in data.items.get(case.id, ()) if one.rule.endswith("request") and one.opened_at <= at]
    unanswered = [one.agency for one in requests if one.closed_at is None or one.closed_at > at]
    if unanswered:
        yield f"not answered by {', '.join(dict.fromkeys(unanswered))}"


def _shared(told: Sequence[OwedAnswer]) -> tuple[Cell, Cell]:
    """With whom the outcome was shared and whether they have it; and which classes were left out for whom (AUD-05)."""
    shared = [f"{one.agency} ({'acknowledged' if one.acknowledged else 'delivered' if one.delivered else 'owed'})" for one in told]
    withheld = [f"{one.agency}: {', '.join(one.notice.withheld)}" for one in told if one.notice.withheld]
    return "; ".join(shared) or None, "; ".join(withheld) or None


def _late(one: OwedAnswer, now: datetime) -> bool:
    return one.due is not None and not one.notice.deed.ends and (one.acknowledged or now) > one.due


def _is(item: Item | None, state: ItemState) -> bool:
    return item is not None and item.state is state


def _reference(said: AcceptedAlert) -> str:
    return f"{said.alert.source} {said.alert.amends or said.alert.id}"


def _first(moments: Iterable[datetime | None]) -> datetime | None:
    return min((one for one in moments if one is not None), default=None)


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else in_uk(moment).isoformat(timespec="minutes")


def _apart(one: datetime, other: datetime | None, unit: int) -> float | None:
    return None if other is None else round((other - one).total_seconds() / unit, 1)


def _median(values: Iterable[float | None]) -> float | None:
    found = [one for one in values if one is not None]
    return round(median(found), 1) if found else None


def _months_on(day: date, months: int) -> date:
    """The same day so many months later; the last of February for the day that only a leap year has."""
    years, month = divmod(day.month - 1 + months, 12)
    try:
        return day.replace(year=day.year + years, month=month + 1)
    except ValueError:
        return day.replace(year=day.year + years, month=month + 1, day=_FEBRUARY)


def as_fields(report: AuditReport) -> dict[str, Any]:
    """The report for a program: a list of objects, and its summary."""
    return {
        "title": report.title,
        "rows": [dict(zip(report.columns, row, strict=True)) for row in report.rows],
        "summary": [dict(zip(report.summed_by, row, strict=True)) for row in report.summary],
    }
