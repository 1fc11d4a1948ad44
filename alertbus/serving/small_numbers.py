"""Numbers that may single out a family, hidden before a report leaves the agency whose families they are. Pure.

A team has few families, and whoever knows the team may know of whom a one or a two is. What is done here is NHS England's way for hospital
statistics below the national level ("Disclosure control methodology for Hospital Episode Statistics", 2018): a nought is shown; 1 to 7 are
hidden; every other count is rounded to the nearest 5, so that nothing hidden can be worked out from what stands beside it; and a median is
shown only of 8 values or more. Where so few are meant that the first count of a line is hidden, the rest of the line is not shown either.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from alertbus.chronicle.audit_reports import AuditReport, Cell

LEAST = 8
NEAREST = 5
FEW = f"fewer than {LEAST}"
NOT_SHOWN = "not shown"

_OF: Mapping[str, str] = MappingProxyType(
    {
        "median hours to it": "face to face",
        "median days": "held",
        "median minutes to delivery": "delivered",
        "median hours to acknowledgement": "acknowledged",
    }
)
"""Of how many values each median is."""


def without_small_numbers(report: AuditReport, labels: int, shown_to: str | None = None) -> AuditReport:
    """Give the report's summary without numbers that may single somebody out, and without any of its rows. The first `labels` columns say
    of what a line is; a line of the agency `shown_to` stays as it is.
    """
    lines = [
        line if shown_to is not None and line[0] == shown_to else _protected(line, report.summed_by, labels) for line in report.summary
    ]
    return report._replace(rows=(), columns=(), summary=lines)


def _protected(line: Sequence[Cell], columns: Sequence[str], labels: int) -> tuple[Cell, ...]:
    named = dict(zip(columns, line, strict=True))
    base = line[labels]
    few = isinstance(base, int) and 0 < base < LEAST
    rest = zip(columns[labels + 1 :], line[labels + 1 :], strict=True)
    return (*line[:labels], _count(base), *(NOT_SHOWN if few else _cell(name, value, named) for name, value in rest))


def _cell(name: str, value: Cell, line: Mapping[str, Cell]) -> Cell:
    if name in _OF:
        values = line[_OF[name]]
        return value if value is None or (isinstance(values, int) and values >= LEAST) else NOT_SHOWN
    if isinstance(value, int):
        return _count(value)
    return None if value is None else NOT_SHOWN  # words of single statements, such as why a meeting was late


def _count(value: Cell) -> Cell:
    if not isinstance(value, int) or value == 0:
        return value
    return FEW if value < LEAST else NEAREST * round(value / NEAREST)
