"""For whom the bus acts now: the caller of this call, whose name stands on every record that the call causes.

It goes with the call, through everything awaited and every task begun by it. What the bus does by itself bears no caller.
"""

from collections.abc import Iterable
from contextvars import Context, ContextVar
from dataclasses import replace

from alertbus.broker.record import Record

CALLER = "ce_caller"
"""A CloudEvents extension: the name of a system, as the operator set it, never a person's."""

_acting: ContextVar[str | None] = ContextVar("alertbus_acting", default=None)


def act_for(caller: str) -> None:
    """From here on this call's records bear the caller's name."""
    _acting.set(caller)


def acting() -> str | None:
    """The name of the caller of this call; None where the bus acts by itself."""
    return _acting.get()


def by_itself() -> Context:
    """For a task that many calls wait for: it acts for none of them."""
    return Context()


def signed(records: Iterable[Record], caller: str | None) -> list[Record]:
    """The records with the caller's name, those that bear one already as they are."""
    if caller is None:
        return list(records)
    mark = (CALLER, caller.encode())
    return [one if any(name == CALLER for name, _ in one.headers) else replace(one, headers=(*one.headers, mark)) for one in records]
