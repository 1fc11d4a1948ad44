"""Bars drawn on the server: of a table's numbers, for the same table beside them. Pure.

Widths are parts of the whole, and heights are points, so that the drawing is as wide as the page and its words stay as large as the page's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alertbus.chronicle.audit_reports import Cell

MOST_DRAWN = 8
"""Lines that are drawn of one table. Chosen: more bars than fill two screens tell nobody more than the table does."""

_GROUP, _LINE, _GAP = 30, 42, 14
"""Heights: of the name of a group, of one bar with its words, and of the room after a group."""
_LATE = frozenset({"late", "time limit missed"})
_LONGEST = 28
"""Characters of a name that fit on a telephone; the table has it whole."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One number: its words stand over it. `percent` is its width; 0 where it is nought or not shown."""

    words: str
    percent: float
    late: bool
    y: int


@dataclass(frozen=True, slots=True)
class BarGroup:
    """The bars of one line of the table."""

    name: str
    y: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class BarChart:
    """A drawing; `height` is all of it."""

    title: str
    groups: tuple[BarGroup, ...]
    height: int


def bar_chart(title: str, columns: Sequence[str], lines: Sequence[Sequence[Cell]], shown: Sequence[str], label: int) -> BarChart | None:
    """Draw these columns of each line, which column `label` names; of more lines than `MOST_DRAWN` of those with most in the first column.
    What is late or missed is drawn so. None where there is nothing to draw.
    """
    table = _most([dict(zip(columns, line, strict=True)) for line in lines], shown[0])
    largest = max((float(value) for line in table for name in shown if isinstance(value := line[name], int | float)), default=0.0)
    if not any(line[name] is not None for line in table for name in shown):
        return None
    if len(table) < len(lines):
        title = f"{title}: the {len(table)} with most"
    groups, y = [], 0
    for line in table:
        name, top = str(line[columns[label]]), y
        y += _GROUP
        bars = []
        for one in shown:
            value = line[one]
            width = 100 * float(value) / largest if largest and isinstance(value, int | float) else 0.0
            words = in_cell(value) if len(shown) == 1 else f"{one}: {in_cell(value)}"  # one alone is named by the title
            bars.append(Bar(words, round(width, 1), one in _LATE, y))
            y += _LINE
        groups.append(BarGroup(name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…", top, tuple(bars)))
        y += _GAP
    return BarChart(title, tuple(groups), y)


def in_cell(value: Cell) -> str:
    """A number as people read it; a dash where there is none."""
    if value is None:
        return "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _most(table: list[Mapping[str, Cell]], column: str) -> list[Mapping[str, Cell]]:
    """The lines with most, in the order of the table. What is hidden because it is small counts as least."""
    ranked = sorted(range(len(table)), key=lambda n: -float(value) if isinstance(value := table[n][column], int | float) else 0.0)
    return [table[n] for n in sorted(ranked[:MOST_DRAWN])]
