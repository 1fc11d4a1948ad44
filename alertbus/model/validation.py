"""What pydantic found wrong, as our own faults: each with its path and what was expected there, never the value found.

This is the only module that puts pydantic's errors into words. Its own messages may quote the input, so only those that repeat the
schema's limits are passed on; every other kind of error has a sentence here. (Settings speak in the words of their own descriptions.)
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from alertbus.model.errors import Fault

_EITHER = {"date", "datetime"}
"""Pydantic's names for the branches of `date | datetime`: one fault, not one for each branch."""
_FIELD = re.compile(r"[a-z][A-Za-z_]{0,37}[0-9]{0,2}")
_PLACE = re.compile(r"[a-z_]+(\[\d+\])?(\.[a-z_]+(\[\d+\])?)*")
_FROM_THE_SCHEMA = re.compile(
    "enum|literal_error|string_(too_short|too_long|pattern_mismatch)|too_(long|short)|"
    "(greater|less)_than(_equal)?|identifier_invalid|identifier_system_unknown"
)
"""Kinds of error whose message repeats the schema's limits and nothing of the input."""
_WORDS = {
    "missing": "a value: this field is required",
    "extra_forbidden": "no field of this name",
    "timezone_aware": "a moment with its offset, such as 2020-11-18T15:00:00Z",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
    "tuple_type": "a list",
    "list_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "date_type": "a date as text, YYYY-MM-DD",
    "date_parsing": "a date that exists, as YYYY-MM-DD",
    "date_from_datetime_parsing": "a date that exists, as YYYY-MM-DD",
    "date_from_datetime_inexact": "a date without a time, YYYY-MM-DD",
    "datetime_type": "a moment as text, such as 2020-11-18T15:00:00Z",
    "datetime_parsing": "a moment that exists, such as 2020-11-18T15:00:00Z",
    "datetime_from_date_parsing": "a moment that exists, such as 2020-11-18T15:00:00Z",
    "json_invalid": "JSON",
    "string_unicode": "text in UTF-8",
}


def faults_of(error: ValidationError, data: Any = None, *, prefix: str = "", trusted: bool = False) -> list[Fault]:
    """Give every fault once. `data` is what was validated, where it is known: it tells a field from a branch of a union.

    `prefix` goes before every path. `trusted`: the names in the input may be repeated, as in an operator's own file; else one that does
    not look like a field's name becomes `?`, because what stands in a name's place may be a person's.
    """
    return faults_in(error.errors(include_input=False, include_url=False), data, prefix=prefix, trusted=trusted)


def faults_in(errors: Sequence[Any], data: Any = None, *, prefix: str = "", trusted: bool = False) -> list[Fault]:
    """The same for errors that were already taken out of a `ValidationError`, as FastAPI does."""
    found = (fault for error in errors for fault in _faults(error, data, trusted=trusted))
    return list(dict.fromkeys(Fault(join(prefix, fault.path), fault.expected, fault.code) for fault in found))


def path_of(location: Iterable[str | int], *, trusted: bool = False) -> str:
    """Write a location as a path: `subjects[0].person.born`."""
    path = ""
    for part in location:
        path = f"{path}[{part}]" if isinstance(part, int) else join(path, _name(part, trusted=trusted))
    return path


def join(path: str, name: str) -> str:
    """Put `name`, itself a path or an index, behind `path`. Either may be empty."""
    return f"{path}.{name}" if path and name and not name.startswith("[") else f"{path}{name}"


def _name(name: str, *, trusted: bool) -> str:
    return name if trusted or _FIELD.fullmatch(name) else "?"


def _faults(error: Mapping[str, Any], data: Any, *, trusted: bool) -> Iterator[Fault]:
    location, branch = _location(error["loc"], data)
    path = path_of(location, trusted=trusted)
    kind = str(error["type"])
    if branch in _EITHER:
        yield Fault(path, "a date (YYYY-MM-DD), or a moment with its offset", "date_or_datetime")
    elif kind == "value_error":  # a rule of our own, in its own words; one that concerns several places says one a line
        for line in str(error["ctx"]["error"]).splitlines():
            yield from _broken_rule(path, line)
    else:
        yield Fault(path, _expected(kind, str(error["msg"])), {"json_invalid": "malformed_json"}.get(kind, kind))


def _broken_rule(path: str, words: str) -> Iterator[Fault]:
    """A rule may say which fields it is about, as in `children[0], links[1].person: no such key in people`."""
    where, _, rest = words.partition(": ")
    places = where.split(", ")
    if rest and all(_PLACE.fullmatch(place) for place in places):
        for place in places:
            yield Fault(join(path, place), rest, "inconsistent")
    else:
        yield Fault(path, words, "inconsistent")


def _location(given: Sequence[str | int], data: Any) -> tuple[list[str | int], str]:
    """Give the location within the input, and the branch of a union that pydantic tried, which is no part of the input."""
    location: list[str | int] = []
    here = data
    for part in given:
        if isinstance(part, int):
            here = here[part] if isinstance(here, list) and 0 <= part < len(here) else None
        elif isinstance(here, dict) or data is None:
            here = here.get(part) if isinstance(here, dict) else None
        else:
            return location, part
        location.append(part)
    return location, ""


def _expected(kind: str, message: str) -> str:
    if kind in _WORDS:
        return _WORDS[kind]
    if _FROM_THE_SCHEMA.fullmatch(kind):
        return message.removeprefix("Input should be ").removeprefix("expected ")
    return "a value of the form that the schema gives"
