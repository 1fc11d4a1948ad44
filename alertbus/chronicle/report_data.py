"""What the reports for auditors are made of, read in one moment of the chronicle: statements, what was owed for them, answers and items."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Select, func, literal, select

from alertbus.chronicle import tables
from alertbus.chronicle.views import AT_ONCE, receipts_given, same_exercise, view
from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.case import Case, Involvement, Level, begins, ends
from alertbus.model.item import Item
from alertbus.model.notice import Notice
from alertbus.model.receipt import Receipt, Stage
from alertbus.reach.roster import BEGINNING, FOREVER
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import UtcDateTime

NO_TEAM = "no team stated"
"""Where the case file names none. Teams are compared, and nobody who is in one (NOT-24)."""


class Period(NamedTuple):
    """Which statements are reported on: of what happened from a moment until before another, in reality or in one exercise."""

    since: datetime | None = None
    until: datetime | None = None
    exercise: str | None = None

    def holds(self, moment: datetime) -> bool:
        return (self.since is None or self.since <= moment) and (self.until is None or moment < self.until)


REHEARSALS_NAMED = 50
"""Chosen: as many as somebody picks one from."""


async def rehearsals(engine: Database) -> tuple[str, ...]:
    """The names of the exercises of which something was stated, in alphabetical order. Raises `DatabaseUnavailable`."""
    named = tables.alert.c.exercise
    async with view(engine) as connection:
        found = await connection.execute(select(named).where(named.is_not(None)).distinct().order_by(named).limit(REHEARSALS_NAMED))
        return tuple(row[0] for row in found)


class OwedAnswer(NamedTuple):
    """One agency's obligation with everything that became known about it."""

    id: str
    alert_id: str
    case_id: str
    agency: str
    role: str
    kind: str
    since: datetime
    due: datetime | None
    notice: Notice
    receipts: Sequence[Receipt]

    def first(self, *stages: Stage) -> datetime | None:
        """When the first of these became known; what was taken back does not count."""
        undone = {one.undoes for one in self.receipts if one.undoes}
        return min((one.at for one in self.receipts if one.stage in stages and one.id not in undone), default=None)

    @property
    def delivered(self) -> datetime | None:
        return self.first(Stage.ACCEPTED, Stage.SEEN, Stage.ACKNOWLEDGED, Stage.ACTED)

    @property
    def acknowledged(self) -> datetime | None:
        return self.first(Stage.ACKNOWLEDGED, Stage.ACTED)


@dataclass(frozen=True, slots=True)
class ReportData:
    """Cases by id, and by case the statements that stand on it, the earliest first, the obligations and the items."""

    period: Period
    cases: Mapping[str, Case]
    said: Mapping[str, Sequence[AcceptedAlert]]
    owed: Mapping[str, Sequence[OwedAnswer]]
    items: Mapping[str, Sequence[Item]]

    def of_kind(self, *kinds: str) -> list[tuple[Case, AcceptedAlert]]:
        """Each statement of these kinds that happened in the period, with the case that it reached, the earliest first."""
        found = [(self.cases[case_id], one) for case_id, said in self.said.items() for one in said if one.alert.kind in kinds]
        found = [pair for pair in found if self.period.holds(pair[1].alert.occurred_at)]
        return sorted(found, key=lambda pair: (pair[1].alert.occurred_at, pair[1].at, pair[0].id))


class ReportNeeds(NamedTuple):
    """What of the chronicle a report is made of, so that the rest is not read.

    `kinds`: only cases that a statement of these kinds, of what happened in the period, has reached; `rule`: only cases with an item of
    this rule. `owed_alone`: what became owed in the period, and nothing else.
    """

    kinds: tuple[str, ...] = ()
    rule: str | None = None
    owed_alone: bool = False


ALL = ReportNeeds()


async def report_data(engine: Database, period: Period, needs: ReportNeeds = ALL) -> ReportData:
    """Read it. Of an exercise everything is read: it is small, and its last statement is its present. Raises `DatabaseUnavailable`."""
    needs = needs if period.exercise is None else ALL
    some = _concerned(period, needs)
    async with view(engine) as connection:
        if needs.owed_alone:
            return ReportData(period, {}, {}, await _owed(connection, period, None, in_period=True), {})
        cases = await _cases(connection, period, some)
        items = await _items(connection, period, some)
        if needs.rule is not None:
            return ReportData(period, cases, {}, {}, items)
        said = await _said(connection, period, cases, some)
        return ReportData(period, cases, said, await _owed(connection, period, some), items)


def _concerned(period: Period, needs: ReportNeeds) -> Select[Any] | None:
    """The ids of the cases that matter; None for all."""
    said, reached = tables.alert.c, tables.alert_case.c
    if needs.rule is not None:
        return select(tables.item.c.case_id).where(tables.item.c.rule == needs.rule)
    if not needs.kinds:
        return None
    query = select(reached.case_id).join(tables.alert, said.statement_id == reached.statement_id).where(said.kind.in_(needs.kinds))
    return query.where(*_within(said.occurred_at, period))


def _within(column: ColumnElement[Any], period: Period) -> list[ColumnElement[bool]]:
    found = [] if period.since is None else [column >= literal(period.since, UtcDateTime)]
    return found if period.until is None else [*found, column < literal(period.until, UtcDateTime)]


def _of(column: ColumnElement[Any], some: Select[Any] | None) -> list[ColumnElement[bool]]:
    return [] if some is None else [column.in_(some)]


async def _cases(connection: Transaction, period: Period, some: Select[Any] | None) -> dict[str, Case]:
    version, later = tables.case_version.c, tables.case_version.alias("later")
    newest = select(func.max(later.c.version)).where(later.c.case_id == version.case_id).correlate(tables.case_version).scalar_subquery()
    query = select(version.body).where(same_exercise(version.exercise, period.exercise), version.version == newest)
    query = query.where(*_of(version.case_id, some)).order_by(version.case_id)
    return {case.id: case for case in map(Case.model_validate_json, (await connection.execute(query)).scalars())}


async def _said(
    connection: Transaction, period: Period, cases: Mapping[str, Case], some: Select[Any] | None
) -> dict[str, list[AcceptedAlert]]:
    """The latest statement of each alert on each case, unless it is a withdrawal. It carries the ids of the persons found on that case."""
    said, reached = tables.alert, tables.alert_case
    query = (
        select(reached.c.case_id, reached.c.alert_id, said.c.body, reached.c.people)
        .join(said, said.c.statement_id == reached.c.statement_id)
        .where(same_exercise(said.c.exercise, period.exercise), *_of(reached.c.case_id, some))
        .order_by(said.c.recorded_at, said.c.at)
    )
    last = {(row.case_id, row.alert_id): row for row in await connection.execute(query)}
    latest = {key: AcceptedAlert.model_validate_json(row.body).with_people(_people(row.people)) for key, row in last.items()}
    found: dict[str, list[AcceptedAlert]] = defaultdict(list)
    for (case_id, _), one in sorted(latest.items(), key=lambda entry: (entry[1].alert.occurred_at, entry[1].at)):
        if one.alert.action is not Action.WITHDRAWN and case_id in cases:
            found[case_id].append(one)
    return found


def _people(body: bytes) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(ids) for ids in orjson.loads(body))


async def _owed(
    connection: Transaction, period: Period, some: Select[Any] | None, *, in_period: bool = False
) -> dict[str, list[OwedAnswer]]:
    owed = tables.obligation
    query = (
        select(owed, tables.notice.c.body)
        .join(tables.notice, tables.notice.c.notice_id == owed.c.notice_id)
        .where(same_exercise(owed.c.exercise, period.exercise), *_of(owed.c.case_id, some))
        .where(*(_within(owed.c.since, period) if in_period else ()))
        .order_by(owed.c.since, owed.c.id)
    )
    rows = (await connection.execute(query)).all()
    receipts: dict[str, Any] = {}
    for start in range(0, len(rows), AT_ONCE):
        receipts |= await connection.run_sync(receipts_given, [row.id for row in rows[start : start + AT_ONCE]])
    found: dict[str, list[OwedAnswer]] = defaultdict(list)
    for row in rows:
        notice = Notice.model_validate_json(row.body)
        told = (row.id, row.alert_id, row.case_id, row.agency, row.role, row.kind, row.since, row.due)
        found[row.case_id].append(OwedAnswer(*told, notice, receipts[row.id]))
    return found


async def _items(connection: Transaction, period: Period, some: Select[Any] | None) -> dict[str, list[Item]]:
    of = tables.item.c
    query = select(of.body).where(same_exercise(of.exercise, period.exercise), *_of(of.case_id, some)).order_by(of.id)
    found: dict[str, list[Item]] = defaultdict(list)
    for body in (await connection.execute(query)).scalars():
        item = Item.model_validate_json(body)
        found[item.case_id].append(item)
    return found


def team_of(case: Case, agency: str, at: datetime) -> str:
    """The team that answered for the agency on the case then, as far as the case file says."""
    named = [one for one in case.involvements if one.agency == agency and one.team and _covers(one, at)]
    worker = [one for one in named if one.level is Level.WORKER] or named
    latest = max(worker, key=lambda one: begins(one.from_) if one.from_ else BEGINNING, default=None)
    return (latest.team if latest else None) or NO_TEAM


def on_the_case(case: Case, at: datetime) -> list[str]:
    """The agencies that work with the children then."""
    found = [one.agency for one in case.involvements if one.level is Level.AGENCY and one.adult is None and _covers(one, at)]
    return list(dict.fromkeys(found))


def _covers(one: Involvement, at: datetime) -> bool:
    return (begins(one.from_) if one.from_ else BEGINNING) <= at <= (ends(one.to) if one.to else FOREVER)
