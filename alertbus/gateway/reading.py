"""Reading JSON from strangers: every fault at once, each with its path and what was expected there, never what was found.

Stricter than JSON parsers are: a name given twice, NaN, U+0000 and a moment given as a number are refused, because each
would be dropped or misread in silence somewhere on the way.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from alertbus.model.errors import Fault, InvalidInput

W = TypeVar("W", bound=BaseModel)


def read(model: type[W], body: bytes, *, prefix: str = "") -> W:
    """Raises `InvalidInput`; `prefix` goes before every path."""
    return read_data(model, read_json(body), body, prefix=prefix)


def read_data(model: type[W], data: Any, body: bytes | None = None, *, prefix: str = "") -> W:
    """The same for JSON that was read already. `body` is that JSON, where it still stands as it came."""
    unsound = list(_unsound(data)) if _is_unsound(data) else []
    found: W | None = None
    faults: list[Fault] = []
    try:
        found = model.model_validate_json(orjson.dumps(data) if body is None else body)
    except ValidationError as error:
        faults = faults_of(error.errors(include_input=False, include_url=False), data)
    except TypeError:  # orjson: half a character, or a number beyond 64 bits
        faults = [Fault("", "JSON with whole characters and numbers of at most 64 bits", "malformed_json")]
    known = {fault.path for fault in faults}
    faults += [fault for fault in unsound if fault.path not in known]
    if found is None or faults:  # raised out here, so that pydantic's error, which holds the values, is not chained
        raise InvalidInput([Fault(_join(prefix, f.path), f.expected, f.code) for f in faults])
    return found


def read_json(body: bytes) -> Any:
    """The value. A body that is not JSON, or whose objects hold a name twice, is one fault for the whole."""
    expected = ""
    try:
        value = json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_no_constant)
    except _Twice:
        raise InvalidInput([Fault("", "JSON in which no object has a name twice", "duplicate_name")]) from None
    except json.JSONDecodeError as error:
        expected = f"JSON; it ceases to be that at line {error.lineno}, column {error.colno}"
    except UnicodeDecodeError:
        expected = "JSON in UTF-8"
    except RecursionError:
        expected = "JSON that is not nested so deeply"
    else:
        return value
    raise InvalidInput([Fault("", expected, "malformed_json")])


def faults_of(errors: Sequence[Any], data: Any) -> list[Fault]:
    """Pydantic's errors as faults in our own words, which hold nothing of the input."""
    faults: dict[tuple[str, str], Fault] = {}
    for error in errors:
        for fault in _faults(error, data):
            faults.setdefault((fault.path, fault.code), fault)
    return list(faults.values())


class _Twice(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice
    return found


def _no_constant(_: str) -> NoReturn:
    raise json.JSONDecodeError("not JSON", "", 0)


_TIMES = frozenset({"occurred_at", "recorded_at", "review_on", "born", "died", "from", "to", "known_at", "at", "date"})


def _is_unsound(value: Any, name: str = "") -> bool:
    """Say whether there is a fault, without its path, which takes five times as long to build and is seldom wanted."""
    if isinstance(value, str):
        return "\0" in value or (name in _TIMES and _is_number(value))
    if isinstance(value, dict):
        return any("\0" in key or _is_unsound(inner, key) for key, inner in value.items())
    if isinstance(value, list):
        return any(_is_unsound(inner) for inner in value)
    return name in _TIMES and _is_number(value)


def _unsound(value: Any, path: str = "", name: str = "") -> Iterator[Fault]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if "\0" in key:
                yield Fault(path, "names without the character U+0000", "control_character")
            yield from _unsound(inner, _join(path, _name(key)), key)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _unsound(inner, f"{path}[{i}]")
    elif isinstance(value, str) and "\0" in value:
        yield Fault(path, "text without the character U+0000", "control_character")
    elif name in _TIMES and _is_number(value) and (not path.startswith("details.") or path == "details.release.date"):
        yield Fault(path, "a date or moment as text, such as 2020-11-18T15:00:00Z", "datetime_type")


def _is_number(value: Any) -> bool:
    """Find what pydantic would take for seconds since 1970."""
    if isinstance(value, str):
        return value.strip("+-. ").replace(".", "").isdigit()
    return isinstance(value, int | float)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name and not name.startswith("[") else f"{path}{name}"


def _name(name: str) -> str:
    """A field's name, if it can only be one: what stands in a name's place may be a person's."""
    return name if re.fullmatch(r"[a-z][A-Za-z_]{0,39}", name) else "?"


_EITHER = {"date", "datetime"}


def _faults(error: Mapping[str, Any], data: Any) -> Iterator[Fault]:
    path, branch = _place(error["loc"], data)
    kind = str(error["type"])
    if branch in _EITHER:
        yield Fault(path, "a date (YYYY-MM-DD), or a moment with its offset", "date_or_datetime")
        return
    if kind == "value_error":
        words = str(error["ctx"]["error"])
        where, _, rest = words.partition(": ")
        places = where.split(", ")
        if rest and all(re.fullmatch(r"[a-z_]+(\[\d+\])?(\.[a-z_]+(\[\d+\])?)*", place) for place in places):
            for place in places:
                yield Fault(_join(path, place), rest, "inconsistent")
        else:
            yield Fault(path, words, "inconsistent")
        return
    code = {"json_invalid": "malformed_json"}.get(kind, kind)
    yield Fault(path, _expected(kind, str(error["msg"])), code)


def _place(loc: Sequence[Any], data: Any) -> tuple[str, str]:
    """The path, and the branch of a union that pydantic tried, which is no part of the input."""
    path, here = "", data
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
            here = here[part] if isinstance(here, list) and 0 <= part < len(here) else None
        elif isinstance(here, dict) or data is None:
            path = _join(path, _name(part))
            here = here.get(part) if isinstance(here, dict) else None
        else:
            return path, part
    return path, ""


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
_FROM_THE_SCHEMA = re.compile(
    "enum|literal_error|string_(too_short|too_long|pattern_mismatch)|too_(long|short)|"
    "(greater|less)_than(_equal)?|identifier_invalid|identifier_system_unknown"
)


def _expected(kind: str, message: str) -> str:
    if kind in _WORDS:
        return _WORDS[kind]
    if _FROM_THE_SCHEMA.fullmatch(kind):  # these messages repeat the schema's limits, and nothing of the input
        return message.removeprefix("Input should be ").removeprefix("expected ")
    return "a value of the form that /openapi.json gives"
