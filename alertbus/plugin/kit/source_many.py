"""The rule for what a message holds more than once: a source states all of it or refuses it, and never stops after a few."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from alertbus.plugin.kit import damage, text_places
from alertbus.plugin.kit.conformance import must
from alertbus.plugin.kit.source_outcomes import alerts_of, telling, tried
from alertbus.plugin.protocols import MOST_STATEMENTS, Source, UnreadableMessage

MANY = (10, 60, MOST_STATEMENTS + 100)
"""How many more there are: more than a family has, than an alert takes, and than a message may state."""

_MOST_ITEMS = 12
_WHAT = ("alerts", "persons", "pieces of narrative", "addresses")
_Tally = tuple[int, int, int, int]
More = Callable[[int], bytes]
"""Gives the sample with so many more of one part of it."""


def reads_all_of_many(source: Source, samples: Sequence[bytes]) -> None:
    """Of a part that one more alert, person, piece of narrative or address comes from, all that there are are stated."""
    for sample in telling(source, samples, 12):
        before = _counts(source, sample)
        if before is None or not any(before):
            continue
        for where, more in _parts(sample):
            one = _counts(source, more(1))
            if one is not None and any(after > few for few, after in zip(before, one, strict=True)):
                _must_grow(source, more, before, one, f"{sample.name} with {where}")


def _must_grow(source: Source, more: More, before: _Tally, one: _Tally, what: str) -> None:
    two = _counts(source, more(2))
    if two is None:
        return
    for few, after, then, things in zip(before, one, two, _WHAT, strict=True):
        must(after <= few or then > after, f"{what}: one more of it is read, and a second one more is not ({things})")
    for many in MANY:
        found = _counts(source, more(many))
        if found is None:
            return
        for few, after, then, all_, things in zip(before, one, two, found, _WHAT, strict=True):
            step = after - few
            if step > 0 and then - after == step:
                must(all_ == few + many * step, f"{what} {many} times more: {all_} {things} are stated, of {few + many * step}")


def _counts(source: Source, raw: bytes) -> _Tally | None:
    """How many alerts, persons, pieces and addresses there are in what a message states; None where it is refused."""
    outcome = tried(source, raw)
    if outcome is None or isinstance(outcome, UnreadableMessage):
        return None
    alerts = alerts_of(outcome)
    people = [subject.person for one in alerts for subject in (*one.subjects, *one.children)]
    return len(alerts), len(people), sum(len(one.narrative) for one in alerts), sum(len(person.addresses) for person in people)


def _parts(sample: bytes) -> Iterator[tuple[str, More]]:
    """An item of a list of JSON, once as it is and once with ids of its own; an element of XML; a line."""
    if not damage.is_json(sample):
        yield from text_places.multiplied(sample)
        return
    for where, items, put in damage.lists(sample):
        for index, item in enumerate(items[:_MOST_ITEMS]):
            yield f"{where}[{index}]", _more(items, item, put, with_ids=True)
            yield f"{where}[{index}]", _more(items, item, put, with_ids=False)


def _more(items: list[dict[str, Any]], item: dict[str, Any], put: Callable[[list[Any]], bytes], *, with_ids: bool) -> More:
    def more(many: int) -> bytes:
        return put([*items, *(_numbered(item, number) if with_ids else item for number in range(1, many + 1))])

    return more


def _numbered(value: Any, number: int, *, is_id: bool = False) -> Any:
    """The item with every id in it made another."""
    if isinstance(value, dict):
        return {key: _numbered(each, number, is_id="id" in key.casefold() or "url" in key.casefold()) for key, each in value.items()}
    if isinstance(value, list):
        return [_numbered(each, number) for each in value]
    return f"{value}{number}" if is_id and isinstance(value, str) else value
