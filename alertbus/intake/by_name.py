"""What a named person does through the gateway stands in the audit: that it was begun, and that it was done."""

import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from alertbus.audit.chain import CHAIN, OPERATIONS, AuditedDeed
from alertbus.audit.trail import Trail
from alertbus.intake.callers import Caller
from alertbus.intake.publisher import Publisher
from alertbus.model.base import INSTANT, plus
from alertbus.model.errors import Fault, InvalidInput

LONGEST_REASON = 500
"""Characters of a note that an audit record holds; the whole note stands on the record of what was decided."""

_NOBODY = frozenset({"root", "admin", "administrator", "system", "daemon", "nobody", "kafka", "postgres", "alertbus", "operator"})


class Audited:
    """Writes the two audit records around what somebody does, on the chain of their agency; of whoever has none, on that of operations."""

    def __init__(self, trail: Trail, publisher: Publisher) -> None:
        self._trail, self._publisher = trail, publisher

    @contextlib.asynccontextmanager
    async def deed(
        self, begun: AuditedDeed, done: AuditedDeed, caller: Caller, *, by: str, reason: str, about: Sequence[str]
    ) -> AsyncIterator[None]:
        """Write `begun`, let the caller's block run, and write `done` unless the block raised.

        Raises `BrokerUnavailable` or `DatabaseUnavailable` where the audit cannot be written: then nothing is done either.
        """
        chain = caller.agency if caller.agency and re.fullmatch(CHAIN, caller.agency) else OPERATIONS
        why = reason.strip()[:LONGEST_REASON]
        await self._publisher.within(self._trail.append(chain, begun, by=by, reason=why, about=about))
        yield
        await self._publisher.within(self._trail.append(chain, done, by=by, reason=why, about=about))


def named(by: str) -> str:
    """Give the name without blanks around it. Raises `InvalidInput` for what names no person: the audit keeps who it was."""
    name = by.strip()
    if len(name) < 2 or name.casefold() in _NOBODY or not name.isprintable():  # noqa: PLR2004  as the audit record has it
        raise InvalidInput([Fault("by", "the name of the person who does this; the audit keeps it", "missing")])
    return name


def later(now: datetime, *moments: datetime | None) -> datetime:
    """Give `now`, or the moment after the last of these if that is later: what is said last must count last, whatever a clock says."""
    return max([now, *(plus(moment, INSTANT) for moment in moments if moment is not None)])
