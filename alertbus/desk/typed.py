"""What people type on forms of the desk, read as days and times of the clock; and what is said of what cannot be read. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time

from alertbus.model.case import UK

TypedFields = Mapping[str, Sequence[str]]
"""By field: what was typed or ticked in it."""

_DAY = re.compile(r"(\d{1,2})[ ./-](\d{1,2})[ ./-](\d{4})")
_TIME = re.compile(r"(\d{1,2})(?:[:.]?(\d{2}))?\s*([ap]m)?")
_NOON = 12
_NO_HOUR = 99


class FieldsRefused(Exception):
    """By field: what is missing or wrong there, and what to do. `""` is the form as a whole."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(f"{len(faults)} field(s)")
        self.faults = dict(faults)


def typed(fields: TypedFields, name: str) -> str:
    """What stands in one field, without blanks around it; empty where nothing does."""
    return next(iter(fields.get(name, ())), "").strip()


def day_typed(fields: TypedFields, name: str) -> date | None:
    """The day that was typed, as in `27/11/2026`; None where none was. Raises `FieldsRefused`."""
    words = typed(fields, name)
    if not words:
        return None
    try:
        if found := _DAY.fullmatch(words):
            return date(int(found[3]), int(found[2]), int(found[1]))
        return date.fromisoformat(words)
    except ValueError:
        raise FieldsRefused({name: "Enter a day that exists, like 27/11/2026"}) from None


def time_typed(fields: TypedFields, name: str) -> time | None:
    """The time that was typed, as in `9:30`, `0930` or `5pm`; None where none was. Raises `FieldsRefused`."""
    words = typed(fields, name).lower()
    if not words:
        return None
    found = _TIME.fullmatch(words)
    hour, half = (int(found[1]), found[3]) if found else (_NO_HOUR, None)
    if half and 1 <= hour <= _NOON:
        hour = hour % _NOON + (_NOON if half == "pm" else 0)
    elif half:
        hour = _NO_HOUR
    try:
        return time(hour, int(found[2] or 0) if found else 0)
    except ValueError:
        raise FieldsRefused({name: "Enter a time of the clock, like 09:00 or 5pm"}) from None


def moment_typed(fields: TypedFields, day_name: str, time_name: str) -> date | datetime | None:
    """The day, or the moment on it where a time was typed too. Raises `FieldsRefused`."""
    on, at = day_typed(fields, day_name), time_typed(fields, time_name)
    if on is None and at is not None:
        raise FieldsRefused({day_name: "Enter the day too"})
    return on if on is None or at is None else datetime.combine(on, at, UK)
