"""The bodies of requests: JSON from strangers, read with every fault at once, each with its path and never with the value found.

Stricter than JSON parsers are: a name given twice, NaN, U+0000 and a moment given as a number are refused, because each
would be dropped or misread in silence somewhere on the way.

A body is parsed twice, on purpose. Python's parser sees what pydantic's passes over: names given twice, NaN, U+0000. Pydantic then
reads the bytes themselves, because in JSON it takes nothing but text for a date. The three ways through an alert's body take 0.02 ms in
all: parsing once and searching the bytes for what might be wrong could save a quarter of that, and would be twice as much to get wrong.
"""

import json
from typing import Any, NoReturn, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from alertbus.model.details import AT_THE_DOOR
from alertbus.model.errors import Fault, InvalidInput
from alertbus.model.validation import faults_of, join, path_of

ModelT = TypeVar("ModelT", bound=BaseModel)


def read(model: type[ModelT], body: bytes) -> ModelT:
    """Read one model from JSON. Raises `InvalidInput` with every fault."""
    return read_data(model, read_json(body), body)


def read_data(model: type[ModelT], data: Any, body: bytes | None = None, *, prefix: str = "") -> ModelT:
    """Read one from JSON that `read_json` has parsed. `body` is its bytes, unless `data` was changed since; `prefix` goes before paths."""
    found: ModelT | None = None
    faults: list[Fault] = []
    try:
        found = model.model_validate_json(orjson.dumps(data) if body is None else body, context=AT_THE_DOOR)
    except ValidationError as error:
        faults = faults_of(error, data)
    except TypeError:  # orjson: half a character, or a number beyond 64 bits
        faults = [Fault("", "JSON with whole characters and numbers of at most 64 bits", "malformed_json")]
    known = {fault.path for fault in faults}
    faults += [fault for fault in _unsound(data) if fault.path not in known]
    if found is None or faults:  # raised out here, so that pydantic's error, which holds the values, is not chained
        raise InvalidInput([Fault(join(prefix, f.path), f.expected, f.code) for f in faults])
    return found


def read_json(body: bytes) -> Any:
    """Parse the body. One that is not JSON, or in which an object holds a name twice, is one fault of the whole."""
    expected = ""
    try:
        value = _DECODER.decode(body.decode())
    except _NameTwice:
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


class _NameTwice(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _NameTwice
    return found


def _no_constant(_: str) -> NoReturn:
    raise json.JSONDecodeError("not JSON", "", 0)


_LARGEST = 2**64 - 1
_SMALLEST = -(2**63)


def _whole_number(text: str) -> int:
    """Read a whole number; one with more digits than 64 bits have becomes one beyond them, for `_search` to refuse at its place."""
    return int(text) if len(text) <= len(str(_LARGEST)) + 1 else _LARGEST + 1


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_whole_number)

DEEPEST = 64
"""How many objects and lists may stand in each other. Chosen: an alert has six, and whoever reads one later has room to."""

_TIMES = frozenset({"occurred_at", "recorded_at", "review_on", "born", "died", "from", "to", "known_at", "at", "date"})
_NUL_IN_NAME = ("names without the character U+0000", "control_character")
_NUL_IN_TEXT = ("text without the character U+0000", "control_character")
_TOO_DEEP = (f"JSON that is nested at most {DEEPEST} deep", "nested_too_deeply")
_TOO_LARGE = ("a number that 64 bits can hold", "number_too_large")
_NUMBER = ("a date or moment as text, such as 2020-11-18T15:00:00Z", "datetime_type")

_CONTAINER, _A_NUMBER = (dict, list), (int, float)

_Node = tuple[Any, str | int]
"""A place in the data as its parent's node and its own name: cheap to make, and made into a path only where there is a fault."""


def _unsound(data: Any) -> list[Fault]:
    """What no schema sees: U+0000 anywhere, a number beyond 64 bits (`1e999` is one), too deep a nesting, and a number where a time should
    be, but for the free part of `details`.
    """
    found: list[tuple[_Node | None, tuple[str, str]]] = []
    _search(data, "", None, found, DEEPEST)
    located = [(_location(node), expected) for node, expected in found]
    return [Fault(path_of(location), *expected) for location, expected in located if not (expected is _NUMBER and _is_free(location))]


def _search(value: Any, name: str, node: _Node | None, found: list[tuple[_Node | None, tuple[str, str]]], depth: int) -> None:
    if isinstance(value, str):
        if "\0" in value:
            found.append((node, _NUL_IN_TEXT))
        elif name in _TIMES and _is_number(value):
            found.append((node, _NUMBER))
    elif isinstance(value, _CONTAINER):
        if depth == 0:
            found.append((None, _TOO_DEEP))
            return
        named = isinstance(value, dict)
        inside: Any = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in inside:
            if named and "\0" in key:
                found.append((node, _NUL_IN_NAME))
            _search(inner, key if named else "", (node, key), found, depth - 1)
    elif isinstance(value, _A_NUMBER) and (wrong := _wrong_number(value, name)):
        found.append((node, wrong))


def _wrong_number(value: float, name: str) -> tuple[str, str] | None:
    if name in _TIMES:
        return _NUMBER
    return None if _SMALLEST <= value <= _LARGEST else _TOO_LARGE


def _location(node: _Node | None) -> list[str | int]:
    location: list[str | int] = []
    while node is not None:
        node, part = node
        location.append(part)
    return location[::-1]


def _is_free(location: list[str | int]) -> bool:
    return location[:1] == ["details"] and location != ["details", "release", "date"]


def _is_number(text: str) -> bool:
    """Say whether pydantic would take the text for seconds since 1970."""
    return text.strip("+-. ").replace(".", "").isdigit()
