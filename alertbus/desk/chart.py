"""A chronology's chart, as a drawing for a page: where each mark stands. Pure. It draws the numbers of the table beside it, and no other.

A lane is a theme or an agency, a column a period. The area of a circle is its number, which stands in it: nobody needs to see colours or to
measure. A diamond is what was due and missed. A column in which nothing was stated is shaded, and says so.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from alertbus.chronicle.chronology_counts import ChronologyCounts, CountedLane

NAMES, COLUMN, ROW, TOP = 236, 62, 46, 58
_LARGEST, _SMALLEST = 19.0, 11.0


@dataclass(frozen=True, slots=True)
class ChartMark:
    """One number: a circle around its place, or with `points` a diamond."""

    x: float
    y: float
    number: int
    radius: float
    points: str = ""


@dataclass(frozen=True, slots=True)
class ChartLane:
    """One lane: its name, where it lies, and its marks."""

    name: str
    y: float
    marks: tuple[ChartMark, ...]


@dataclass(frozen=True, slots=True)
class ChartColumn:
    """One period: where it begins, its name in one or two lines, and whether it is silent."""

    x: float
    names: tuple[str, ...]
    silent: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing, with a description of it in words."""

    width: int
    height: int
    columns: tuple[ChartColumn, ...]
    lanes: tuple[ChartLane, ...]
    described: str


def chart_of(counts: ChronologyCounts) -> Chart:
    """Draw the numbers."""
    rows = [*counts.lanes, *([counts.missed] if counts.missed.total else [])]
    lanes = tuple(
        ChartLane(lane.name, TOP + n * ROW + ROW / 2, tuple(_marks(lane, n, counts, late=lane is counts.missed)))
        for n, lane in enumerate(rows)
    )
    columns = tuple(
        ChartColumn(NAMES + n * COLUMN, _in_lines(period.name), silent)
        for n, (period, silent) in enumerate(zip(counts.periods, counts.silent, strict=True))
    )
    return Chart(NAMES + len(columns) * COLUMN + 4, TOP + len(rows) * ROW + 6, columns, lanes, _described(counts))


def _marks(lane: CountedLane, row: int, counts: ChronologyCounts, *, late: bool) -> Iterator[ChartMark]:
    y = TOP + row * ROW + ROW / 2
    for n, number in enumerate(lane.counts):
        if number:
            x = NAMES + n * COLUMN + COLUMN / 2
            radius = round(_SMALLEST + (_LARGEST - _SMALLEST) * math.sqrt(number / max(counts.most, 1)), 1)
            points = f"{x},{y - radius - 3} {x + radius + 3},{y} {x},{y + radius + 3} {x - radius - 3},{y}" if late else ""
            yield ChartMark(x, y, number, radius, points)


def _in_lines(name: str) -> tuple[str, ...]:
    """`Oct to Dec 2020` on two lines, because columns are narrow."""
    first, _, last = name.rpartition(" ")
    return (first, last) if first else (last,)


def _described(counts: ChronologyCounts) -> str:
    if not counts.periods:
        return "Nothing to draw."
    lanes = "; ".join(f"{lane.name}: {lane.total}" for lane in counts.lanes)
    late = f" Due and missed: {counts.missed.total}." if counts.missed.total else ""
    silent = sum(counts.silent)
    gaps = f" Nothing was stated in {silent} of {len(counts.periods)} periods." if silent else ""
    return f"From {counts.periods[0].name} to {counts.periods[-1].name}. {lanes}.{late}{gaps} The table that follows has every number."
