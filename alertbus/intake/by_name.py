"""What a named person does through the gateway stands in the audit: that it was begun, and that it was done."""

import asyncio
import contextlib
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from alertbus.audit.chain import CHAIN, OPERATIONS, AuditedDeed, AuditEntry
from alertbus.audit.trail import Trail
from alertbus.intake.callers import Caller
from alertbus.intake.publisher import Publisher
from alertbus.model.base import INSTANT, plus
from alertbus.model.errors import Fault, InvalidInput

LONGEST_REASON = 500
"""Characters of a note that an audit record holds; the whole note stands on the record of what was decided."""

_NOBODY = frozenset({"root", "admin", "administrator", "system", "daemon", "nobody", "kafka", "postgres", "alertbus", "operator"})


TOGETHER = 100
"""Records written in one turn at most, so that nobody waits for a thousand others."""


class Audited:
    """Writes what is done through the API on the audit chain of the caller's agency; of whoever has none, on that of operations.

    What comes while a chain is being written waits for the next turn, and is written together.
    """

    def __init__(self, trail: Trail, publisher: Publisher) -> None:
        self._trail, self._publisher = trail, publisher
        self._waiting: defaultdict[str, list[tuple[AuditEntry, asyncio.Future[None]]]] = defaultdict(list)
        self._writing: dict[str, asyncio.Task[None]] = {}

    @contextlib.asynccontextmanager
    async def deed(
        self, begun: AuditedDeed, done: AuditedDeed, caller: Caller, *, by: str, reason: str, about: Sequence[str]
    ) -> AsyncIterator[None]:
        """Write `begun`, let the caller's block run, and write `done` unless the block raised.

        Raises `BrokerUnavailable` or `DatabaseUnavailable` where the audit cannot be written: then nothing is done either.
        """
        await self.note(begun, caller, by=by, reason=reason, about=about)
        yield
        await self.note(done, caller, by=by, reason=reason, about=about)

    async def note(self, deed: AuditedDeed, caller: Caller, *, about: Sequence[str], reason: str, by: str | None = None) -> None:
        """Return once the broker has the record; only then may what it tells of be shown or done. `by` None: no person is named.

        Raises `BrokerUnavailable` or `DatabaseUnavailable` where the audit cannot be written.
        """
        agency = (caller.agency or "").partition(".")[0]
        chain = agency if re.fullmatch(CHAIN, agency) else OPERATIONS
        entry = AuditEntry(deed, by or caller.name, reason.strip()[:LONGEST_REASON], tuple(about), caller=caller.name)
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        written.add_done_callback(_heard)
        self._waiting[chain].append((entry, written))
        if chain not in self._writing:
            self._writing[chain] = asyncio.create_task(self._write(chain))
        await self._publisher.within(_settled(written))

    async def anchor(self) -> int:
        """Keep outside how far the chains have come. Raises `SettingsFault`."""
        return await self._trail.anchor()

    async def close(self) -> None:
        """End what is being written; its callers were answered, or told to come again."""
        for task in self._writing.values():
            task.cancel()
        await asyncio.gather(*self._writing.values(), return_exceptions=True)
        await self._trail.close()

    async def _write(self, chain: str) -> None:
        try:
            while waiting := self._waiting[chain]:
                self._waiting[chain] = waiting[TOGETHER:]
                await self._write_some(chain, waiting[:TOGETHER])
        finally:
            del self._writing[chain]
            for _, written in self._waiting.pop(chain, []):
                written.cancel()

    async def _write_some(self, chain: str, some: Sequence[tuple[AuditEntry, asyncio.Future[None]]]) -> None:
        fault: Exception | None = None
        try:
            await self._trail.append_all(chain, [entry for entry, _ in some])
        except Exception as error:  # noqa: BLE001  whoever waits must hear of it
            fault = error
        for _, written in some:
            if written.done():
                continue
            if fault is None:
                written.set_result(None)
            else:
                written.set_exception(fault)


def _heard(written: asyncio.Future[None]) -> None:
    """Take note of how it ended, whether or not its caller is still there."""
    if not written.cancelled():
        written.exception()


async def _settled(written: asyncio.Future[None]) -> None:
    await written


def named(by: str) -> str:
    """Give the name without blanks around it. Raises `InvalidInput` for what names no person: the audit keeps who it was."""
    name = by.strip()
    if len(name) < 2 or name.casefold() in _NOBODY or not name.isprintable():  # noqa: PLR2004  as the audit record has it
        raise InvalidInput([Fault("by", "the name of the person who does this; the audit keeps it", "missing")])
    return name


def later(now: datetime, *moments: datetime | None) -> datetime:
    """Give `now`, or the moment after the last of these if that is later: what is said last must count last, whatever a clock says."""
    return max([now, *(plus(moment, INSTANT) for moment in moments if moment is not None)])
