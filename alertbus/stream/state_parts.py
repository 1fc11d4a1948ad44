"""A state cut into parts, so that an event costs what it changes and not what the state holds.

A field that is a mapping has one part for each entry; any other field is one part. Each part stands under a key of its own in the table and
on its changelog. What changes of one state is written all at once (`Producer.send_whole`): of a state whose alerts are there and what was
heard of them is not, the events that are read again would make steps that nobody is to be asked by.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, get_args, get_origin

from pydantic import TypeAdapter

from alertbus.model.base import Word
from alertbus.stream.store import Change

AnyState = TypeVar("AnyState", bound=Word)

_BETWEEN = b"\x00"
"""Between a state's key, a field and an entry. No id holds it."""

_BEHIND = b"\x01"
"""The first byte that is greater."""


def prefix(key: bytes) -> bytes:
    """The bytes with which the keys of all parts of one state begin."""
    return key + _BETWEEN


def path_of(key: bytes, name: str) -> bytes:
    """The key of a part of one state: a field that is no mapping."""
    return prefix(key) + name.encode()


def key_of(path: bytes) -> bytes:
    """The key of the state of which this is a part's key."""
    return path.partition(_BETWEEN)[0]


def behind(key: bytes) -> bytes:
    """Bytes behind the keys of all parts of one state, and before those of the next."""
    return key + _BEHIND


def read(state: type[Word], name: str, raw: bytes) -> Any:
    """What a part says: a field that is no mapping."""
    return _adapter(state, name).validate_json(raw)


def changes(key: bytes, before: Word, after: Word) -> Iterator[Change]:
    """The parts in which two states of one key differ. Entries are compared by identity: reducers keep what they do not change."""
    for name in type(after).model_fields:
        old, new = getattr(before, name), getattr(after, name)
        if old is new:
            continue
        path = path_of(key, name)
        adapter = _adapter(type(after), name)
        if isinstance(new, Mapping):
            for entry, value in new.items():
                if old.get(entry) is not value:
                    yield path + _BETWEEN + entry.encode(), _dumped(adapter, value)
            for entry in old.keys() - new.keys():
                yield path + _BETWEEN + entry.encode(), None
        elif old != new:
            yield path, _dumped(adapter, new)


def whole(state: type[AnyState], parts: Iterable[tuple[bytes, bytes]]) -> AnyState | None:
    """The state of which these are the parts, their keys without `prefix`; None when there are none."""
    found: dict[str, Any] = {}
    for path, raw in parts:
        field, _, entry = path.partition(_BETWEEN)
        name = field.decode()
        value = _adapter(state, name).validate_json(raw)
        if _is_mapping(state, name):
            found.setdefault(name, {})[entry.decode()] = value
        else:
            found[name] = value
    return _without_parts(state).model_copy(update=found) if found else None  # type: ignore[return-value]


@cache
def _without_parts(state: type[Word]) -> Word:
    """The state of which no part is known. Its copies share its empty mappings, which nobody changes: to have pydantic make them anew for
    each state took a sixth of the time of a tick.
    """
    return state.model_construct()


def _dumped(adapter: TypeAdapter[Any], value: Any) -> bytes:
    return adapter.dump_json(value, by_alias=True, exclude_defaults=True)


@cache
def _adapter(state: type[Word], name: str) -> TypeAdapter[Any]:
    """How a part of this field is read and written: a whole field, or one value of a field that is a mapping."""
    annotation: Any = state.model_fields[name].annotation
    return TypeAdapter(get_args(annotation)[1] if _is_mapping(state, name) else annotation)


@cache
def _is_mapping(state: type[Word], name: str) -> bool:
    origin = get_origin(state.model_fields[name].annotation)
    return isinstance(origin, type) and issubclass(origin, Mapping)
