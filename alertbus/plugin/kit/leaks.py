"""The rules for what an adapter says of a family where it should say nothing: outside the body, and when it fails. Platinum.

What is sought are the values of the very notice that was shown: names, labels, numbers, addresses, birth dates, and words that were said.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date

from alertbus.model.notice import Message, Notice, NoticePerson
from alertbus.plugin.kit.conformance import everything_said_by, must
from alertbus.plugin.kit.invented import full_notice
from alertbus.plugin.kit.looking import looked_at
from alertbus.plugin.protocols import Adapter

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


def outside_is_bare(adapter: Adapter) -> None:
    for look in looked_at(adapter).looks:
        if look.made is None or look.what.startswith("mixed"):
            continue
        values = values_of(look.notice)
        for place, text in _outside(look.made):
            must(not stands_in(text, values), f"{look.what}: personal data in the {place}")


def errors_are_bare(adapter: Adapter) -> None:
    """It may render a notice of impossible shape or raise, but its error may hold nothing personal: not in its text, its notes, the name of
    its class, nor in what it is chained to.
    """
    values = values_of(full_notice())
    for look in looked_at(adapter).hopeless:
        if look.raised is not None:
            must(not stands_in(everything_said_by(look.raised), values), "an error repeats personal data of the notice that it is about")


def _outside(message: Message) -> Iterator[tuple[str, str]]:
    yield "file name", message.filename
    yield "media type", message.media_type
    yield "idempotency key", message.idempotency_key
    yield "headers", "\n".join([*message.headers, *message.headers.values()])


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
