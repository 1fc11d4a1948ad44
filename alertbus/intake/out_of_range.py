"""Every moment and day in what somebody states, held against the policy's human range: in any word, in whatever field. Pure."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime

from alertbus.model.base import Word
from alertbus.model.errors import Fault, InvalidInput
from alertbus.model.validation import join
from alertbus.policy.human_range import HumanRange


def out_of_range(stated: object, allowed: HumanRange, now: datetime, path: str = "") -> Iterator[Fault]:
    """Name the place of each moment or day in the word, the list or the mapping that lies outside the range."""
    for place, day in _days(stated, path):
        if day.year < allowed.first(now).year:
            yield Fault(place, f"a date since {allowed.first(now)}; leave out one that is not known", "moment_too_early")
        elif day.year > allowed.last(now).year:
            yield Fault(place, f"a date until {allowed.last(now)}; leave out an end that is not known", "moment_too_late")


def must_be_in_range(stated: object, allowed: HumanRange, now: datetime, path: str = "") -> None:
    """Raise `InvalidInput` with every moment and day that lies outside the range."""
    if faults := list(out_of_range(stated, allowed, now, path)):
        raise InvalidInput(faults)


def _days(stated: object, path: str) -> Iterator[tuple[str, date]]:
    if isinstance(stated, date):
        yield path, stated
        return
    inner: Iterator[tuple[str, object]] = iter(())
    if isinstance(stated, Word):
        inner = ((join(path, field.alias or name), getattr(stated, name)) for name, field in type(stated).model_fields.items())
    elif isinstance(stated, Mapping):
        inner = ((join(path, str(name)), one) for name, one in stated.items())
    elif isinstance(stated, tuple | list):
        inner = ((f"{path}[{index}]", one) for index, one in enumerate(stated))
    for place, one in inner:
        if one is not None and not isinstance(one, str):
            yield from _days(one, place)
