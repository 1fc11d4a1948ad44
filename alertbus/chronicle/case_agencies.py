"""Which agencies are on which case, and whom it names for them: derived from the latest version of each, so that the cases of an agency
or of a person are found without reading any.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Self

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
    """Write anew the agencies and the workers of the cases of which there is a version in these rows, by the highest version there is."""
    version = tables.case_version.c
    for case_id in sorted({row["case_id"] for row in written.get(tables.case_version, ())}):
        query = select(version.body).where(version.case_id == case_id).order_by(version.version.desc()).limit(1)
        case = Case.model_validate_json(connection.execute(query).scalar_one())
        for table, rows in ((tables.case_agency, case_agency_rows(case)), (tables.case_worker, case_worker_rows(case))):
            connection.execute(delete(table).where(table.c.case_id == case_id))
            if new := list(rows):
                connection.execute(insert(table), new)


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


class NamedOnCase(NamedTuple):
    """A worker or manager whom a case names."""

    exercise: str | None
    level: str
    name: str

    @classmethod
    def read(cls, whom: str) -> Self:
        """Take it from a row."""
        return cls(*orjson.loads(whom))

    @property
    def whom(self) -> str:
        """The column of that name."""
        return orjson.dumps([*self]).decode()


def case_worker_rows(case: Case) -> Iterator[dict[str, Any]]:
    """Whom it names, and for how long. Of somebody without any date it is not said when they were there: they are named for nothing."""
    for number, one in enumerate(case.involvements):
        if one.level is not Level.AGENCY and one.worker and (one.from_ or one.to):
            yield {
                "case_id": case.id,
                "number": number,
                "agency": one.agency,
                "level": one.level,
                "whom": NamedOnCase(case.exercise, one.level, one.worker).whom,
                "begins": one.since,
                "ends": one.until,
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
