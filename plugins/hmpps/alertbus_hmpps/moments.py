"""HMPPS times: with offset, with nine digits of a second, or, in the older events, with no zone at all. NOMIS writes local time."""

import re
from datetime import datetime

from alertbus.plugin.wording import UK

EXPECTED = "a date and time such as 2024-06-24T16:06:39+01:00, between 1990 and 2100"

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,12}))?(Z|[+-]\d\d:?\d\d)?")
_YEARS = range(1990, 2101)


def moment(text: str) -> datetime | None:
    """Read a time, to the microsecond; None when it is none. In the hour that autumn repeats, the first is meant."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    seconds = clock if clock.count(":") > 1 else f"{clock}:00"
    try:
        read = datetime.fromisoformat(f"{day}T{seconds}.{(fraction or '0')[:6]:0<6}{zone or ''}")
    except ValueError:
        return None
    if read.year not in _YEARS:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UK)
