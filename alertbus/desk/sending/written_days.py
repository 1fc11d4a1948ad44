"""Days and times as people in the United Kingdom write them. Pure."""

import re
from datetime import date, time, timedelta

DAY_WANTED = "a day as 27/3/2026 or 2026-03-27, with the year in four figures"
TIME_WANTED = "a time as 14:30 or 2.30pm"

_DAY_FIRST = re.compile(r"(\d{1,2})\s*[/. -]\s*(\d{1,2})\s*[/. -]\s*(\d{4})(?:[ T]00:00(?::00)?)?")
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]00:00(?::00)?)?")
_TIME = re.compile(r"(\d{1,2})(?:\s*[:.]\s*(\d{2})(?::\d{2})?)?\s*([ap])?\.?m?\.?", re.IGNORECASE)
_NOON = 12


def day_written(text: str, today: date | None = None) -> date | None:
    """Give the day, None for what is none. With `today`, the words today and yesterday are days as well.

    The day comes first, as people here write it; a year of two figures is refused, because a birth in 26 may be a hundred years apart.
    """
    plain = text.strip().casefold()
    if today is not None and plain in {"today", "yesterday"}:
        return today - timedelta(days=plain == "yesterday")
    if found := _DAY_FIRST.fullmatch(plain):
        day, month, year = found.groups()
    elif found := _YEAR_FIRST.fullmatch(plain):
        year, month, day = found.groups()
    else:
        return None
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def time_written(text: str) -> time | None:
    """Give the time of day, None for what is none."""
    found = _TIME.fullmatch(text.strip())
    if found is None or not (found[2] or found[3]):
        return None
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    if half and not 1 <= hour <= _NOON:
        return None
    if half:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    try:
        return time(hour, minute)
    except ValueError:
        return None
