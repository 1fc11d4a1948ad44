"""What a bad source does, by the word with which a message of the contract tests' own source begins. After a colon: whom it names."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from alertbus.model.errors import Fault
from alertbus.plugin import Ignored, UnreadableMessage

HELD = threading.Event()
"""Whoever hangs waits until it is set."""


def _named(raw: bytes) -> str:
    return raw.decode().partition(":")[2]


def _unreadable(*faults: Any) -> NoReturn:
    raise UnreadableMessage(*faults)


def _raises(raw: bytes) -> NoReturn:
    raise type(_named(raw), (LookupError,), {})(_named(raw))


def _hangs(_: bytes) -> list[Any]:
    HELD.wait(30.0)
    return []


MISDEEDS: Mapping[bytes, Callable[[bytes], Any]] = {
    b"empty list": lambda _: [],
    b"wrong type": lambda _: {"alerts": 1},
    b"wrong type in a list": lambda _: [7],
    b"no reason": lambda _: Ignored("  "),
    b"a reason without end": lambda _: Ignored("so " * 4_000),
    b"hangs": _hangs,
    b"a class for a name": _raises,
    b"names whom it ignores": lambda raw: Ignored(f"nothing is known about {_named(raw)}"),
    b"not yet known to it": lambda raw: Ignored(f"not yet known: what {_named(raw)} means"),
    b"says an enquiry": lambda _: Ignored("an enquiry raises nothing"),
    b"names whom it cannot read": lambda raw: _unreadable(("child.name", f"a date of birth for {_named(raw)}")),
    b"names whom in a path": lambda raw: _unreadable((f"people.{_named(raw)}", "a date")),
    b"names whom in a code": lambda raw: _unreadable(Fault("a", "b", _named(raw).strip())),
    b"no path": lambda _: _unreadable(("", "")),
    b"no faults": lambda _: _unreadable(),
}
