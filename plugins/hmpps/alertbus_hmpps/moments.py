"""HMPPS times, in every form in which its services write them, read to the microsecond.

With an offset (`+01:00`, `+0100`, `+01`, `Z`, `z`), with the zone's name after it as Java writes it (`+01:00[Europe/London]`,
RFC 9557; the offset decides), with nine digits of a second, as seconds or milliseconds since 1970 (a number, or the number
as text), or, in the older events, with no zone at all: NOMIS writes local time.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from alertbus.plugin.wording import UK

EXPECTED = "a date and time such as 2024-06-24T16:06:39+01:00, between 1990 and 2100"

_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,12}))?"
    r" ?([Zz]|[+-]\d\d(?::?\d\d)?)?((?:\[!?[A-Za-z0-9_+/=:.-]{1,40}\]){0,3})",
    re.ASCII,
)
_NUMBER = re.compile(r"\d{9,13}(?:\.\d{1,12})?", re.ASCII)
_ZONES: dict[str, ZoneInfo | None] = {"": None, "[Europe/London]": UK, "[UTC]": ZoneInfo("UTC")}
"""The zones that may stand alone, without an offset: what else a name means can change with every edition of the zone tables."""
_YEARS = range(1990, 2101)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = 10**11
"""From here on a number counts milliseconds: as seconds it would be a time after the year 5000, as milliseconds it is 1973."""


def moment(value: object) -> datetime | None:
    """Read a time, to the microsecond; None when it is none. In the hour that autumn repeats, the first is meant."""
    if isinstance(value, str):
        text = value.strip()
        return _counted(Decimal(text)) if _NUMBER.fullmatch(text) else _written(text)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _counted(Decimal(str(value)))
    return None


def _written(text: str) -> datetime | None:
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    day, clock, fraction, offset, names = found.groups()
    if offset is None and names not in _ZONES:
        return None
    seconds = clock if clock.count(":") > 1 else f"{clock}:00"
    try:
        read = datetime.fromisoformat(f"{day}T{seconds}.{(fraction or '0')[:6]:0<6}{(offset or '').upper()}")
    except ValueError:
        return None
    if offset is None:
        local = read.replace(tzinfo=_ZONES[names] or UK)
        read = local.astimezone(timezone(local.utcoffset() or timedelta(0)))  # in the hour that comes twice a zone compares as no instant
    return _in_range(read)


def _counted(number: Decimal) -> datetime | None:
    """Read a count of seconds or milliseconds since 1970."""
    if not number.is_finite() or not 0 < number < _MILLISECONDS * 100:
        return None
    microseconds = int(number * (10**3 if number >= _MILLISECONDS else 10**6))
    return _in_range(_EPOCH + timedelta(microseconds=microseconds))


def _in_range(read: datetime) -> datetime | None:
    return read if read.year in _YEARS else None
