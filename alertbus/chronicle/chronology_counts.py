"""A chronology in numbers: how often what was stated, by theme or by agency and by time, what was due and missed, and where there is
nothing (CHR-03, CHR-10, CHR-11). Pure. The chart and the table beside it say the same numbers, because both are made of these.

An alert is counted once, on the day on which it happened, as the statement says that was recorded last; what was taken back is not counted.
Nothing is weighed: a count is no judgement of a family (NOT-06), and a period without an entry says that nothing was stated, and no more.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from alertbus.chronicle.answers import ChronologyEntry
from alertbus.chronicle.themes import THEMES, Theme, theme_of
from alertbus.model.alert import Action
from alertbus.model.case import in_uk

MOST_PERIODS = 14
"""Columns of the chart at the most. Chosen: what fits beside the names on a page of paper and stays readable."""

_MONTHS = (1, 3, 12, 24, 60, 120, 240, 600, 1200)
"""The lengths that a period may have: a month, a quarter, a year, and then more years."""

_NO_CONTACT = frozenset({"cancelled", "no_reply"})


class CountedPeriod(NamedTuple):
    """A stretch of time from its first day on, and what it is called."""

    first: date
    name: str


@dataclass(frozen=True, slots=True)
class CountedLane:
    """One row: what it counts, and how many in each period."""

    name: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class ChronologyCounts:
    """The numbers. `silent`: the periods in which nothing was stated and nothing was missed."""

    periods: tuple[CountedPeriod, ...]
    lanes: tuple[CountedLane, ...]
    missed: CountedLane
    contacts: tuple[CountedLane, ...]
    """Contacts with the family that took place, and those that did not: missed, cancelled or refused (CHR-10, END-10)."""
    silent: tuple[bool, ...]

    @property
    def every(self) -> tuple[CountedLane, ...]:
        """All rows, in the order of the table."""
        return (*self.lanes, self.missed, *self.contacts)

    @property
    def most(self) -> int:
        """The largest number in a lane."""
        return max((n for lane in (*self.lanes, self.missed) for n in lane.counts), default=0)


@dataclass(frozen=True, slots=True)
class ChronologyTally:
    """How many alerts there are of each theme, about each child, and about brothers and sisters together (CHR-03)."""

    themes: tuple[tuple[str, int], ...]
    children: tuple[tuple[str, int], ...]
    several_children: int


def standing_entries(entries: Iterable[ChronologyEntry]) -> list[ChronologyEntry]:
    """Of each alert the statement that stands, without those that were taken back; in the order of what happened."""
    last: dict[str, ChronologyEntry] = {}
    for entry in entries:
        before = last.get(entry.alert_id)
        if before is None or _order(before) < _order(entry):
            last[entry.alert_id] = entry
    stand = (one for one in last.values() if one.action is not Action.WITHDRAWN)
    return sorted(stand, key=lambda one: (one.occurred_at, one.alert_id))


def _order(entry: ChronologyEntry) -> tuple[datetime, int]:
    return entry.recorded_at, tuple(Action).index(entry.action)


def entry_theme(entry: ChronologyEntry) -> Theme:
    """What an entry is about."""
    return theme_of(entry.kind, contact="contact" in entry.details)


def tally(entries: Iterable[ChronologyEntry], children: Sequence[tuple[str, str]]) -> ChronologyTally:
    """Count. `children`: the key of each child of the case and what it is called."""
    stand = standing_entries(entries)
    by_theme = Counter(map(entry_theme, stand))
    return ChronologyTally(
        themes=tuple((name, by_theme[theme]) for theme, name in THEMES.items() if by_theme[theme]),
        children=tuple((called, sum(key in one.children for one in stand)) for key, called in children),
        several_children=sum(len(one.children) > 1 for one in stand),
    )


def counts_of(
    entries: Iterable[ChronologyEntry], missed: Sequence[datetime], *, agency: Callable[[str], str] | None = None
) -> ChronologyCounts:
    """The numbers by theme; with `agency`, which says what one is called, by who stated it. `missed`: when each missed clock was due."""
    stand = standing_entries(entries)
    days = sorted([*(_day(one.occurred_at) for one in stand), *map(_day, missed)])
    periods = _periods(days[0], days[-1]) if days else ()
    place = _places(periods)

    def row(name: str, moments: Iterable[datetime]) -> CountedLane:
        found = Counter(place(_day(at)) for at in moments)
        return CountedLane(name, tuple(found[n] for n in range(len(periods))))

    groups: dict[str, list[datetime]] = {} if agency else {name: [] for name in THEMES.values()}
    for one in stand:
        groups.setdefault(agency(one.agency) if agency else THEMES[entry_theme(one)], []).append(one.occurred_at)
    lanes = [row(name, moments) for name, moments in (sorted(groups.items()) if agency else groups.items()) if moments]
    late = row("Due and missed", missed)
    return ChronologyCounts(
        periods=periods,
        lanes=tuple(lanes),
        missed=late,
        contacts=(
            row("Contacts that took place", (one.occurred_at for one in stand if _took_place(one))),
            row("Missed, cancelled or refused", (one.occurred_at for one in stand if _failed(one))),
        ),
        silent=tuple(not any(lane.counts[n] for lane in (*lanes, late)) for n in range(len(periods))),
    )


def _took_place(entry: ChronologyEntry) -> bool:
    mode = _contact(entry).get("mode")
    return mode is not None and mode not in _NO_CONTACT


def _failed(entry: ChronologyEntry) -> bool:
    met = _contact(entry)
    return met.get("mode") in _NO_CONTACT or bool(met.get("refused")) or (entry.kind == "non_engagement" and not _took_place(entry))


def _contact(entry: ChronologyEntry) -> dict[str, object]:
    found = entry.details.get("contact")
    return dict(found) if isinstance(found, dict) else {}


def _periods(first: date, last: date) -> tuple[CountedPeriod, ...]:
    """The shortest periods of which there are not too many, one after another without a gap."""
    months = _month(last) - _month(first) + 1
    size = next((one for one in _MONTHS if months / one <= MOST_PERIODS - 1), _MONTHS[-1])
    begin = _month(first) // size * size
    return tuple(CountedPeriod(_first_day(at), _name(at, size)) for at in range(begin, _month(last) + 1, size))


def _places(periods: Sequence[CountedPeriod]) -> Callable[[date], int]:
    """In which period a day lies."""
    firsts = [one.first for one in periods]
    return lambda day: max(n for n, first in enumerate(firsts) if first <= day)


def _name(month: int, size: int) -> str:
    day = _first_day(month)
    if size == 1:
        return f"{day:%b} {day.year}"
    if size == 3:  # noqa: PLR2004  months of a quarter
        return f"{day:%b} to {_first_day(month + 2):%b} {day.year}"
    years = size // 12
    return str(day.year) if years == 1 else f"{day.year} to {day.year + years - 1}"


def _month(day: date) -> int:
    """Months since the year 1, from which quarters, years and decades count."""
    return day.year * 12 + day.month - 1


def _first_day(month: int) -> date:
    return date(max(month // 12, 1), month % 12 + 1, 1)


def _day(at: datetime) -> date:
    return in_uk(at).date()
