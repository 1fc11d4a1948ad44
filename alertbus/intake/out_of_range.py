"""Every moment and day in what somebody states, held against the policy's human range: in any word, in whatever field. Pure."""

from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from typing import Any, get_args

from pydantic import AwareDatetime

from alertbus.model.base import Word
from alertbus.model.errors import Fault, InvalidInput
from alertbus.model.validation import join
from alertbus.policy.human_range import HumanRange


def out_of_range(stated: object, allowed: HumanRange, now: datetime, path: str = "") -> Iterator[Fault]:
    """Name the place of each moment or day in the word, the list or the mapping that lies outside the range."""
    first, last = allowed.first(now), allowed.last(now)
    for place, day in _days(stated, path):
        if day.year < first.year:
            yield Fault(place, f"a date since {first}; leave out one that is not known", "moment_too_early")
        elif day.year > last.year:
            yield Fault(place, f"a date until {last}; leave out an end that is not known", "moment_too_late")


def must_be_in_range(stated: object, allowed: HumanRange, now: datetime, path: str = "") -> None:
    """Raise `InvalidInput` with every moment and day that lies outside the range."""
    if faults := list(out_of_range(stated, allowed, now, path)):
        raise InvalidInput(faults)


def _days(stated: object, path: str) -> Iterator[tuple[str, date]]:
    if isinstance(stated, date):
        yield path, stated
    elif isinstance(stated, Word):
        for name, shown in _dated(type(stated)):
            if one := getattr(stated, name):
                yield from _days(one, join(path, shown))
    elif isinstance(stated, dict):
        for name, one in stated.items():
            yield from _days(one, join(path, str(name)))
    elif isinstance(stated, tuple | list):
        for index, one in enumerate(stated):
            yield from _days(one, f"{path}[{index}]")


@cache
def _dated(word: type[Word]) -> tuple[tuple[str, str], ...]:
    """The fields of such a word in which a moment or day may stand, with their names in JSON: of an alert few."""
    return tuple((name, field.alias or name) for name, field in word.model_fields.items() if _may_hold_days(field.annotation))


def _may_hold_days(annotation: Any) -> bool:
    if annotation is Any or annotation is AwareDatetime:
        return True
    if isinstance(annotation, type) and issubclass(annotation, Word):
        return bool(_dated(annotation))
    return (isinstance(annotation, type) and issubclass(annotation, date)) or any(map(_may_hold_days, get_args(annotation)))
