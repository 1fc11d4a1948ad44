"""The personal values of a notice as texts hold them: names, labels, numbers, addresses, birth dates, words; and how they are found."""

import re
from collections.abc import Iterable, Iterator
from datetime import date

from alertbus.model.notice import Notice, NoticePerson

SHORTEST = 4
"""Letters and digits of a value that a text does not hold by chance; the kit's family has no shorter names."""

_BETWEEN = re.compile(r"[\W_]+")


def values_of(notice: Notice) -> list[str]:
    """Give every personal value of the notice, in each form in which it may be written."""
    people = (*notice.children, *notice.people)
    found = [*(value for person in people for value in _of_a_person(person)), *(excerpt.text for excerpt in notice.narrative)]
    return list(dict.fromkeys(value for value in found if len(_run_together(value)) >= SHORTEST))


def stands_in(text: str, values: Iterable[str]) -> list[str]:
    """Give the values that stand in the text, whatever is put between their letters and digits."""
    together = _run_together(text)
    return [value for value in values if _run_together(value) in together]


def _of_a_person(person: NoticePerson) -> Iterator[str]:
    yield person.label or ""
    if person.name:
        yield person.name.given or ""
        yield person.name.family or ""
    yield from (identifier.value for identifier in person.identifiers)
    for address in person.addresses:
        yield from (address.uprn or "", address.postcode or "", *address.lines)
    for day in (person.born, person.died):
        if isinstance(day, date):
            yield from (day.isoformat(), f"{day:%d%m%Y}", f"{day.day} {day:%B} {day.year}")


def _run_together(text: str) -> str:
    return _BETWEEN.sub("", text).casefold()
