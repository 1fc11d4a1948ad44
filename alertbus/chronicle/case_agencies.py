"""Which agencies are on which case: derived from the latest version of each, so that an agency's cases are found without reading any."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Table, delete, insert, literal, or_, select

from alertbus.chronicle import tables
from alertbus.chronicle.views import view
from alertbus.model.case import Case, Level, Scope
from alertbus.sql.database import Database
from alertbus.sql.engine import UtcDateTime

ON_CASE = frozenset(Scope) - {Scope.ADULT_LINKED}
"""Scopes in which an agency works with the children or their plan, and not for an adult."""


def settle_case_agencies(connection: Connection, written: Mapping[Table, Sequence[dict[str, Any]]]) -> None:
    """Write anew the agencies of the cases of which there is a version in these rows, by the highest version there is."""
    version = tables.case_version.c
    for case_id in sorted({row["case_id"] for row in written.get(tables.case_version, ())}):
        query = select(version.body).where(version.case_id == case_id).order_by(version.version.desc()).limit(1)
        case = Case.model_validate_json(connection.execute(query).scalar_one())
        connection.execute(delete(tables.case_agency).where(tables.case_agency.c.case_id == case_id))
        if rows := list(case_agency_rows(case)):
            connection.execute(insert(tables.case_agency), rows)


def case_agency_rows(case: Case) -> Iterator[dict[str, Any]]:
    for number, one in enumerate(case.involvements):
        if one.level is Level.AGENCY:
            yield {
                "case_id": case.id,
                "number": number,
                "agency": one.agency,
                "children": one.scope in ON_CASE,
                "serves": orjson.dumps(sorted(one.children)).decode() if one.children else None,
                "begins": one.since,
                "ends": one.until,
                "exercise": case.exercise,
            }


async def agencies_on(engine: Database, cases: Collection[str], now: datetime) -> dict[str, tuple[str, ...]]:
    """Give by case the agencies that work with its children at this moment. Raises `DatabaseUnavailable`."""
    on, at = tables.case_agency.c, literal(now, UtcDateTime)
    query = (
        select(on.case_id, on.agency)
        .where(on.case_id.in_(sorted(cases)), on.children, or_(on.begins.is_(None), on.begins <= at), or_(on.ends.is_(None), on.ends > at))
        .distinct()
        .order_by(on.case_id, on.agency)
    )
    found: dict[str, list[str]] = {}
    async with view(engine) as connection:
        for case_id, agency in await connection.execute(query) if cases else ():
            found.setdefault(case_id, []).append(agency)
    return {case_id: tuple(some) for case_id, some in found.items()}
