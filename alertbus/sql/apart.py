"""Writing many things in one go, so that one of them which cannot be written keeps none of the others from being written.

Trouble with the database is nobody's fault and is raised as it is. What the database refuses because of what a record holds, or
what breaks on it before it gets there, would be refused at every try: to stop for it would be to stop for good.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError, StatementError

from alertbus.model.errors import BusError
from alertbus.sql.database import Transaction

T = TypeVar("T")

_PG_REFUSED = ("22", "23", "54")
"""Classes of SQLSTATE: values that cannot be, that contradict others, that are too large."""
_SQLITE_REFUSED = ("SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_TOOBIG")


def is_refusal(fault: BaseException) -> bool:
    """Say whether the fault lies in what was to be written, so that it comes again with the same values and with no others."""
    if isinstance(fault, BusError | OSError | MemoryError) or not isinstance(fault, Exception):
        return False
    if isinstance(fault, DBAPIError):
        cause = fault.orig
        state, name = getattr(cause, "sqlstate", None) or "", getattr(cause, "sqlite_errorname", None) or ""
        if fault.connection_invalidated:
            return False
        return isinstance(fault, DataError) or state.startswith(_PG_REFUSED) or name.startswith(_SQLITE_REFUSED)
    return isinstance(fault, StatementError) or not isinstance(fault, SQLAlchemyError)


async def together_or_apart(
    connection: Transaction,
    things: Sequence[T],
    write: Callable[[Sequence[T]], Awaitable[None]],
    refused: Callable[[T, str], Awaitable[None]],
) -> None:
    """Write the things in their order within the caller's transaction: all at once, or, where that is refused, in ever smaller parts.

    `refused` is called with each that cannot be written even alone, and the class of the fault. What it raises comes out of here.
    """
    if not things:
        return
    try:
        async with connection.begin_nested():
            await write(things)
    except Exception as fault:
        if not is_refusal(fault):
            raise
        if len(things) == 1:
            await refused(things[0], type(fault).__name__)
            return
    else:
        return
    middle = len(things) // 2
    for part in (things[:middle], things[middle:]):
        await together_or_apart(connection, part, write, refused)
