"""The reports of recommendation B as whoever asks may see them: systems, by team and agency, and never a worker (NOT-24).

Who sees what follows from the rights. Whoever holds every case may count them all already, and has each line with the cases behind it.
Managers and leads (`staff`) have the numbers of their own agency, because they must mend what is slow there: at the agency that holds cases
its teams; elsewhere what the agency was told, and what became of the notices that it sent (PPN-02). Auditors and whoever operates the bus
(`audit`, `operate`) have the numbers of all, for whole months that are over and without small numbers (`small_numbers`): they look across
agencies, know no family, and must not come to know one by a number. Practitioners have none: a report is about how a team works.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle.audit_reports import REPORTS, AuditReport, Cell
from alertbus.chronicle.report_data import Period, rehearsals
from alertbus.intake.callers import Caller
from alertbus.intake.intake import Intake
from alertbus.model.case import UK, in_uk
from alertbus.model.errors import Fault, InvalidInput, NotAllowed, NotFound
from alertbus.model.rights import Right
from alertbus.policy.policy import Policy
from alertbus.serving.report_process import ReportQuestion, made_apart
from alertbus.serving.small_numbers import without_small_numbers
from alertbus.sql.database import Database

READS_REPORTS = frozenset({Right.HOLD_CASES, Right.STAFF, Right.AUDIT, Right.OPERATE})
MONTHS = 12
"""How far back a report looks unless it is asked otherwise."""

KEPT, KEPT_S = 4, 60.0
"""How many reports are kept, and for how many seconds. Chosen: of a county's year each may have ten thousand lines."""

_OF_OWN_WORK = frozenset({"ppn", "deliveries"})
"""Reports that an agency which holds no cases has of itself."""
_LABELS: Mapping[str, int] = MappingProxyType({"ppn": 1, "meetings": 1, "conferences": 1, "deliveries": 2})
_LABELLED_BY_AGENCY = "deliveries"
_DECEMBER = 12


@dataclass(frozen=True, slots=True)
class ReportAsked:
    """Which report, of what happened from a day until and with another, in reality or in one exercise."""

    name: str
    since: date | None = None
    until: date | None = None
    exercise: str | None = None


@dataclass(frozen=True, slots=True)
class ReportShown:
    """A report as its reader may see it, and of which days it is. `labels`: how many columns say of what a line is."""

    name: str
    title: str
    about: str
    since: date
    until: date
    exercise: str | None
    columns: tuple[str, ...]
    lines: Sequence[Sequence[Cell]]
    labels: int
    protected: bool
    """Small numbers are hidden, and only whole months that are over are counted."""
    of: str | None
    """The agency whose own numbers these are; None: of all."""
    each_columns: tuple[str, ...] = ()
    each: Sequence[Sequence[Cell]] = ()
    """Every notice, meeting, conference or delivery, with its case: only for who holds every case."""


class ReportReader:
    """Has reports made, one at a time, by a process of their own (`report_process`)."""

    def __init__(self, engine: Database, intake: Intake, policy: Policy, now: Callable[[], datetime]) -> None:
        self._engine, self._intake, self._policy, self._now = engine, intake, policy, now
        self._turn = asyncio.Lock()
        self._kept: dict[tuple[str, Period, str | None], tuple[float, AuditReport]] = {}

    def names(self, caller: Caller) -> tuple[str, ...]:
        """Which reports the caller may see. Raises `NotAllowed` where that is none."""
        if caller.holds_every_case or caller.rights & {Right.AUDIT, Right.OPERATE}:
            return tuple(REPORTS)
        if caller.agency is not None and caller.staffs(caller.agency):
            own = self._policy.holds_cases(caller.agency)
            return tuple(name for name in REPORTS if own or name in self._of_own(caller.agency))
        raise NotAllowed(
            "one of the rights `staff`, `audit`, `operate`, or `hold_cases` for all cases, is missing: reports are about systems"
        )

    async def rehearsals(self, caller: Caller) -> tuple[str, ...]:
        """The names of exercises of which there may be a report, for who may read any. Raises `NotAllowed`, `DatabaseUnavailable`."""
        return await rehearsals(self._engine) if self.names(caller) else ()

    async def show(self, asked: ReportAsked, caller: Caller, *, by: str | None = None) -> ReportShown:
        """Make a report; `by` is the person who reads. Raises `NotAllowed`, `NotFound` for a report that is not theirs or is none,
        `InvalidInput` for days that are the wrong way round, `Unavailable`.
        """
        may = self.names(caller)
        if asked.name not in may:
            raise NotFound("no such report; `GET /v1/reports` lists those that are yours")
        everything = caller.holds_every_case
        across = bool(caller.rights & {Right.AUDIT, Right.OPERATE})
        wholly_own = self._is_holders(asked.name, caller)
        protected = across and not everything and not wholly_own and asked.exercise is None
        own = None if everything or across or wholly_own else caller.agency
        since, until = self._days(asked, whole_months=protected)
        await self._intake.audited.note(AuditedDeed.REPORT_READ, caller, about=[], reason=f"read the report {asked.name}", by=by)
        period = Period(_begins(since), _begins(until + timedelta(days=1)), asked.exercise)
        async with self._turn:
            found = await self._made(asked.name, period, own)
        if protected:
            staffs = caller.agency is not None and caller.staffs(caller.agency)
            shown_to = caller.agency if staffs and asked.name == _LABELLED_BY_AGENCY else None
            found = without_small_numbers(found, _LABELS[asked.name], shown_to)
        return ReportShown(
            name=asked.name,
            title=found.title,
            about=found.about,
            since=since,
            until=until,
            exercise=asked.exercise,
            columns=found.summed_by,
            lines=found.summary,
            labels=_LABELS[asked.name],
            protected=protected,
            of=own or (caller.agency if not everything and not protected else None),
            each_columns=found.columns if everything else (),
            each=found.rows if everything else (),
        )

    async def _made(self, name: str, period: Period, own: str | None) -> AuditReport:
        """Give it as it was made within the last minute: a page, its table to download and a reload are one report."""
        clock, key = asyncio.get_running_loop().time(), (name, period, own)
        self._kept = {one: kept for one, kept in self._kept.items() if clock - kept[0] < KEPT_S}
        if key not in self._kept:
            address = self._engine.url.render_as_string(hide_password=False)
            found = await made_apart(ReportQuestion(address, name, self._policy.case_holder, period, self._now(), own))
            latest = sorted(self._kept.items(), key=lambda entry: entry[1][0])[-KEPT + 1 :]
            self._kept = dict(latest) | {key: (clock, found)}
        return self._kept[key][1]

    def _of_own(self, agency: str) -> frozenset[str]:
        sends = self._policy.lets_state(agency, "ppn")
        return _OF_OWN_WORK if sends else _OF_OWN_WORK - {"ppn"}

    def _is_holders(self, name: str, caller: Caller) -> bool:
        """Whether all of this report is about the work of the agency that the caller manages: the one that holds cases."""
        agency = caller.agency
        return name != _LABELLED_BY_AGENCY and agency is not None and caller.staffs(agency) and self._policy.holds_cases(agency)

    def _days(self, asked: ReportAsked, *, whole_months: bool) -> tuple[date, date]:
        """The first and the last day that are counted. Whole months are such that are over: what a day adds would tell of that day."""
        today = in_uk(self._now()).date()
        until = asked.until or today
        since = asked.since or _months_before(until.replace(day=1), MONTHS)
        if since > until:
            raise InvalidInput([Fault("from", "a day that is not after `to`", "inconsistent")])
        if whole_months:
            last = today.replace(day=1) - timedelta(days=1)
            until = min(_last_of_month(until), last)
            since = min(since, until).replace(day=1)
        return since, until


def report_fields(shown: ReportShown) -> dict[str, object]:
    """The report for a program."""
    given: dict[str, object] = {
        "name": shown.name,
        "title": shown.title,
        "about": shown.about,
        "from": shown.since.isoformat(),
        "to": shown.until.isoformat(),
        "exercise": shown.exercise,
        "agency": shown.of,
        "small_numbers_hidden": shown.protected,
        "summary": [dict(zip(shown.columns, line, strict=True)) for line in shown.lines],
    }
    if shown.each_columns:
        given["rows"] = [dict(zip(shown.each_columns, row, strict=True)) for row in shown.each]
    return given


def _begins(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UK)


def _months_before(first: date, months: int) -> date:
    years, month = divmod(first.year * _DECEMBER + first.month - 1 - months, _DECEMBER)
    return first.replace(year=years, month=month + 1)


def _last_of_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
