"""Which parts of an alert are free text: what somebody wrote as they liked, in which anybody may be named. Pure."""

from collections.abc import Iterator
from functools import lru_cache
from typing import TypeVar, cast, get_args

from alertbus.model.alert import Alert
from alertbus.model.base import Word
from alertbus.model.incident import Incident

AnyWord = TypeVar("AnyWord", bound=Word)

_ONE_THING = frozenset({(Incident, "reference"), (Incident, "officer")})
"""Text of one thing: the number and the officer to ask for are what an agency needs where the words must wait."""


@lru_cache(maxsize=256)
def is_free_text(word: type[Word], field: str) -> bool:
    """True for a field of the details that takes any text: a new one counts as such without being listed anywhere. One from a closed list,
    or of a form that a pattern prescribes, is none.
    """
    known = word.model_fields[field]
    return not _has_form(known) and (word, field) not in _ONE_THING and _takes_text(known.annotation)


def _takes_text(annotation: object) -> bool:
    if any(map(_has_form, getattr(annotation, "__metadata__", ()))):
        return False
    return annotation is str or any(map(_takes_text, get_args(annotation)))


def _has_form(mark: object) -> bool:
    return bool(getattr(mark, "pattern", None)) or any(map(_has_form, getattr(mark, "metadata", ())))


def free_text(alert: Alert) -> Iterator[tuple[str, str]]:
    """Give every piece of free text with its place in the alert: the narrative, then the details. What nobody has classified is shown to
    nobody, and is not among them.
    """
    for number, piece in enumerate(alert.narrative):
        yield f"narrative[{number}]", piece.text
    yield from _in_details(alert.details, "details")


def _in_details(word: Word, path: str) -> Iterator[tuple[str, str]]:
    for field in type(word).model_fields:
        value = getattr(word, field, None)
        place = f"{path}.{type(word).model_fields[field].alias or field}"
        if isinstance(value, Word):
            yield from _in_details(value, place)
        elif value and is_free_text(type(word), field):
            if isinstance(value, str):
                yield place, value
            else:
                yield from ((f"{place}[{number}]", text) for number, text in enumerate(value) if isinstance(text, str))


def free_text_fields(word: Word) -> Iterator[tuple[type[Word], str]]:
    """Give the fields of the details, or of a section of them, that hold free text: each with the section it is of."""
    for field in type(word).model_fields:
        value = getattr(word, field, None)
        if isinstance(value, Word):
            yield from free_text_fields(value)
        elif value and is_free_text(type(word), field):
            yield type(word), field


def without_free_text(word: AnyWord) -> AnyWord:
    """Give the details, or a section of them, as if no free text and nothing unclassified had been stated. A section keeps its place also
    where it must have text: that there was one is no words.
    """
    of = type(word)
    stated = {name: getattr(word, name) for name in of.model_fields if name in word.model_fields_set}
    kept = {name: value for name, value in stated.items() if not is_free_text(of, name)}
    kept = {name: without_free_text(value) if isinstance(value, Word) else value for name, value in kept.items()}
    return cast("AnyWord", of.model_construct(set(kept), **kept))
