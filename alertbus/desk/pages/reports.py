"""`/reports`: the reports of recommendation B with bars and the same numbers in a table, over a period, as CSV and on paper.

By team and by agency, and never by worker (NOT-24). Who sees which, and what small numbers are hidden from whom, is decided where the API
decides it (`serving.reports_shown`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from alertbus.chronicle.audit_reports import Cell
from alertbus.chronicle.report_pages import lines_as_csv
from alertbus.desk.bars import BarChart, bar_chart, in_cell
from alertbus.desk.desk import Desk, desk_of
from alertbus.desk.in_words import agency, moment
from alertbus.desk.visitor import Visitor
from alertbus.model.errors import InvalidInput, NotFound
from alertbus.plugin.wording import plain
from alertbus.serving.reports_shown import ReportAsked, ReportShown

router = APIRouter(prefix="/reports", include_in_schema=False)

EACH_SHOWN = 50
"""Single notices or deliveries on a page, the latest; the others are in the table to download. Chosen: the page stays light."""

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}[+-]\d{2}:\d{2}$")
_EXERCISE = r"^[A-Za-z0-9_-]{0,60}$"

TITLES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ppn": (
            "Public Protection Notices",
            "How soon each reached the social worker, was acknowledged and led to a visit, and whether a manager saw it.",
        ),
        "meetings": ("Strategy meetings", "From what asked for one on an open case to the meeting, and why it was late."),
        "conferences": (
            "Initial child protection conferences",
            "Each outcome, whether it was unanimous, whether something was missing, and what to look at again after 12 months.",
        ),
        "deliveries": (
            "Deliveries and answers",
            "What each agency was told, whether it has it, and whether a named person answered in time.",
        ),
    }
)
"""Each report's name on the desk, and what it says."""

DRAWN: Mapping[str, Sequence[tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "ppn": (
            ("How many", ("notices", "delivered", "acknowledged", "acted", "by a manager", "face to face", "limit missed")),
            ("Median hours from the incident to somebody meeting the family", ("median hours to it",)),
        ),
        "meetings": (
            ("How many", ("asked for", "held", "limit missed")),
            ("Median days until the meeting", ("median days",)),
        ),
        "conferences": (("How many", ("conferences", "not unanimous", "something missing", "follow-up due")),),
        "deliveries": (("How many", ("owed", "delivered", "acknowledged", "late")),),
    }
)
"""What is drawn of each report: a title, and the columns."""

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "acted": "said what was done",
        "by a manager": "manager acknowledged",
        "face to face": "met face to face",
        "limit missed": "time limit missed",
        "median hours to it": "median hours to meeting them",
        "owed": "told of something",
        "follow-up due": "12-month look due",
    }
)
"""Columns in plainer words, where the table's own need a reader who knows them."""


@dataclass(frozen=True, slots=True)
class ReportPart:
    """A table, and its bars. `name`: of which agency, where the report is in such parts."""

    name: str | None
    columns: tuple[str, ...]
    lines: Sequence[Sequence[str]]
    charts: tuple[BarChart, ...]


@dataclass(slots=True)
class DaysTyped:
    """The period as it was asked for, and what is wrong with it, by field."""

    since: str = ""
    until: str = ""
    exercise: str = ""
    faults: dict[str, str] = field(default_factory=dict)

    def asked(self, name: str) -> ReportAsked:
        """Read it, and note what is no day."""
        days = [self._day(one, text) for one, text in (("from", self.since), ("to", self.until))]
        return ReportAsked(name, days[0], days[1], self.exercise or None)

    def _day(self, name: str, text: str) -> date | None:
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.faults[name] = "Give a day, such as 2026-03-31, or leave it empty."
            return None


@router.get("")
async def reports(request: Request) -> Response:
    """The reports that there are for the visitor."""
    desk = desk_of(request)
    visitor = await desk.visitor(request)
    names = desk.reports.names(visitor.caller)
    return desk.shown(request, visitor, "reports.html", reports=[(name, *TITLES[name]) for name in names])


@router.get("/{name}")
async def report(
    name: str,
    request: Request,
    since: Annotated[str, Query(alias="from", max_length=10)] = "",
    until: Annotated[str, Query(alias="to", max_length=10)] = "",
    exercise: Annotated[str, Query(pattern=_EXERCISE)] = "",
) -> Response:
    """One report over a period, with bars and tables."""
    desk = desk_of(request)
    visitor = await desk.visitor(request)
    typed = DaysTyped(since, until, exercise)
    shown = await _made(desk, visitor, name, typed)
    rehearsals = await desk.reports.rehearsals(visitor.caller)
    rows = shown.each[-EACH_SHOWN:] if shown else ()
    return desk.shown(
        request,
        visitor,
        "report.html",
        status=422 if shown is None else 200,
        title=TITLES[name][0],
        about=TITLES[name][1],
        name=name,
        typed=typed,
        rehearsals=sorted({*rehearsals, exercise} - {""}),
        report=shown,
        parts=_parts(shown) if shown else (),
        each=[[_in_row(one, desk) for one in row] for row in rows],
    )


@router.get("/{name}/csv")
async def as_csv(
    name: str,
    request: Request,
    since: Annotated[str, Query(alias="from", max_length=10)] = "",
    until: Annotated[str, Query(alias="to", max_length=10)] = "",
    exercise: Annotated[str, Query(pattern=_EXERCISE)] = "",
    each: Annotated[bool, Query()] = False,
) -> Response:
    """The same table for a spreadsheet; with `each` every line that is behind it, for whom the API shows them to."""
    desk = desk_of(request)
    visitor = await desk.visitor(request)
    shown = await _made(desk, visitor, name, DaysTyped(since, until, exercise))
    if shown is None or (each and not shown.each_columns):
        raise NotFound("no such period, or nothing of it for this visitor")
    headers = {"content-disposition": f'attachment; filename="{name}-{shown.since}-{shown.until}.csv"'}
    table = lines_as_csv(shown.each_columns, shown.each) if each else lines_as_csv(shown.columns, shown.lines)
    return Response(table, media_type="text/csv; charset=utf-8", headers=headers)


async def _made(desk: Desk, visitor: Visitor, name: str, typed: DaysTyped) -> ReportShown | None:
    """Make it; None where the period is not one, which `typed` then says."""
    if name not in desk.reports.names(visitor.caller):
        raise NotFound("no such report for this visitor")
    asked = typed.asked(name)
    if not typed.faults:
        try:
            return await desk.reports.show(asked, visitor.caller, by=visitor.name)
        except InvalidInput:
            typed.faults["from"] = "The first day must not be after the last."
    return None


def _in_row(value: Cell, desk: Desk) -> str:
    """A cell of a single line: a moment as people write it, and nothing where nothing is on record."""
    if value is None:
        return ""
    if isinstance(value, str) and _MOMENT.match(value):
        return moment(datetime.fromisoformat(value), desk.now())
    return in_cell(value)


def _parts(shown: ReportShown) -> tuple[ReportPart, ...]:
    """One table; or one for each agency, where its name is the first of two that a line has."""
    columns = tuple(WORDS.get(name, name) for name in shown.columns)
    if shown.labels == 1:
        lines = [(plain(str(one[0])), *one[1:]) for one in shown.lines] if shown.name == "conferences" else shown.lines
        return (_part(shown, None, columns, lines, 0),) if lines else ()
    by_agency: dict[str, list[Sequence[Cell]]] = {}
    for line in shown.lines:
        by_agency.setdefault(str(line[0]), []).append((line[0], plain(str(line[1])), *line[2:]))
    return tuple(_part(shown, agency(name), columns, lines, 1) for name, lines in by_agency.items())


def _part(shown: ReportShown, name: str | None, columns: tuple[str, ...], lines: Sequence[Sequence[Cell]], label: int) -> ReportPart:
    charts = (bar_chart(title, columns, lines, [WORDS.get(one, one) for one in drawn], label) for title, drawn in DRAWN[shown.name])
    return ReportPart(
        name, columns[label:], [[in_cell(cell) for cell in line[label:]] for line in lines], tuple(one for one in charts if one is not None)
    )
