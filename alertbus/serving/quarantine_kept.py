"""What lies in quarantine, shown without its content, and put back by a person with a reason: for desk, API and command line."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, Field

from alertbus.audit.anchor import Anchor
from alertbus.audit.keys import AuditKeys
from alertbus.audit.trail import Trail
from alertbus.broker.faults import BrokerFault
from alertbus.broker.producer import Producer
from alertbus.intake.by_name import LONGEST_REASON, named
from alertbus.model.base import Word
from alertbus.model.errors import BrokerUnavailable, Fault, InvalidInput
from alertbus.operations.quarantine_depth import QuarantineDepth
from alertbus.quarantine.redrive import Redrive, RedriveOutcome
from alertbus.quarantine.shelf import Kept
from alertbus.sql.database import Database

SHOWN = 100
"""Entries on a page, of those that wait and of those that were put back. Chosen: whoever has more mends the cause, and uses ranges."""

LIMIT_S = 20.0
"""Seconds that putting back may take before whoever waits is told to look again. Chosen: below the patience of a proxy."""


READ_LIMIT_S = 5.0
"""Seconds that reading may take. What was read by then is kept, and the next who asks goes on from there."""


class QuarantineEntry(Word):
    """One entry as it may be shown: coordinates, classes and times."""

    id: str
    """Where it lies on the topic, as the command line names it: `3-10`."""
    topic: str
    stage: str
    """Who set it aside: `stream`, `delivery`."""
    error: str
    disposition: str
    since: AwareDatetime
    attempt: int
    version: str
    agency: str | None
    """Of a notice that was refused, whose."""
    size_bytes: int
    put_back_at: AwareDatetime | None
    put_back_by: str | None


class QuarantineShown(Word):
    """What waits, the latest first, and what was put back of late."""

    waiting: tuple[QuarantineEntry, ...]
    waiting_count: int
    put_back: tuple[QuarantineEntry, ...]


class PutBack(Word):
    """Which entries to put back, who does it and why. The audit keeps all of it."""

    ids: tuple[str, ...] = Field(min_length=1, max_length=SHOWN)
    by: str = Field(min_length=2, max_length=120)
    reason: str = Field(min_length=1, max_length=LONGEST_REASON)


class QuarantineKeeper:
    """Shows and puts back. `operators` is the broker, reached as who may write where redriven records go (`deploy/kafka/acls.yaml`)."""

    def __init__(
        self,
        depth: QuarantineDepth,
        operators: str,
        engine: Database,
        now: Callable[[], datetime],
        keys: AuditKeys,
        anchor: Anchor | None,
    ) -> None:
        self._depth, self._operators, self._engine, self._now = depth, operators, engine, now
        self._keys, self._anchor = keys, anchor

    async def shown(self) -> QuarantineShown:
        """Raises `BrokerUnavailable`."""
        entries = [one for one in map(_entry, await self._kept()) if one is not None]
        waiting = sorted((one for one in entries if one.put_back_at is None), key=lambda one: one.since, reverse=True)
        back = sorted(((one.put_back_at, one) for one in entries if one.put_back_at is not None), key=lambda pair: pair[0], reverse=True)
        return QuarantineShown(
            waiting=tuple(waiting[:SHOWN]), waiting_count=len(waiting), put_back=tuple(one for _, one in back[: SHOWN // 5])
        )

    async def put_back(self, asked: PutBack, caller: str) -> dict[str, RedriveOutcome]:
        """Put these entries back on their topics, and give what became of each. What was put back before is passed over. `caller` is
        the system through which the person named does it.

        Raises `InvalidInput` for an id that is none and for a name that is nobody's, and `BrokerUnavailable` or `DatabaseUnavailable`:
        then some may have been put back, and to ask again is harmless.
        """
        by, reason = named(asked.by), asked.reason.strip()
        if not reason:
            raise InvalidInput([Fault("reason", "why: what was mended", "missing")])
        known = {one.name: one for one in await self._kept() if one.entry is not None}
        if unknown := sorted(set(asked.ids) - known.keys()):
            raise InvalidInput([Fault("ids", f"ids of entries in quarantine; {len(unknown)} of these are none", "unknown")])
        try:
            async with asyncio.timeout(LIMIT_S):
                return await self._carried_out([known[one] for one in dict.fromkeys(asked.ids)], by, reason, caller)
        except TimeoutError:
            raise BrokerUnavailable("the broker has not taken all of it in time; look at what still waits, and put that back") from None
        except BrokerFault as fault:
            raise BrokerUnavailable(str(fault)) from None

    async def _carried_out(self, chosen: Sequence[Kept], by: str, reason: str, caller: str) -> dict[str, RedriveOutcome]:
        audit: dict[str, Any] = {"now": self._now, "keys": self._keys, "anchor": self._anchor}
        return await redriven_by(self._operators, self._engine, chosen, by=by, reason=reason, caller=caller, **audit)

    async def _kept(self) -> list[Kept]:
        try:
            async with asyncio.timeout(READ_LIMIT_S):
                return await self._depth.kept(afresh=True)
        except TimeoutError:
            raise BrokerUnavailable("the broker takes too long to say what lies in quarantine; ask again") from None
        except BrokerFault as fault:
            raise BrokerUnavailable(str(fault)) from None


async def redriven_by(
    bootstrap: str,
    engine: Database,
    chosen: Sequence[Kept],
    *,
    by: str,
    reason: str,
    now: Callable[[], datetime],
    keys: AuditKeys,
    anchor: Anchor | None,
    caller: str | None = None,
    force: bool = False,
    dry_run: bool = False,
) -> dict[str, RedriveOutcome]:
    """Redrive these entries, with the audit records before and after, and give what became of each. Raises `BrokerFault`."""
    run = Redrive(bootstrap, force)
    await run.plan(chosen)
    if run.planned and not dry_run:
        producer = Producer(bootstrap, client_id="alertbus-redrive")
        await producer.start()
        audit = Trail(bootstrap, engine, producer, now, keys, anchor)
        try:
            await run.carry_out(producer, audit, by=by, reason=reason, caller=caller)
        finally:
            await audit.close()
            await producer.stop()
    return run.outcomes


def count_of(outcomes: Collection[RedriveOutcome]) -> tuple[int, int]:
    """How many were put back, or had been before, and how many could not be."""
    done = sum(one in {RedriveOutcome.PUT_BACK, RedriveOutcome.ALREADY} for one in outcomes)
    return done, len(outcomes) - done


def _entry(kept: Kept) -> QuarantineEntry | None:
    entry = kept.entry
    if entry is None:
        return None
    back: dict[str, Any] = {} if kept.redriven is None else {"put_back_at": kept.redriven.at, "put_back_by": kept.redriven.by}
    return QuarantineEntry(
        id=kept.name,
        topic=entry.topic,
        stage=entry.by.rpartition("/")[2],
        error=entry.error,
        disposition=entry.disposition.value,
        since=entry.at,
        attempt=entry.attempt,
        version=entry.version,
        agency=entry.agency,
        size_bytes=entry.size_bytes,
        **({"put_back_at": None, "put_back_by": None} | back),
    )
