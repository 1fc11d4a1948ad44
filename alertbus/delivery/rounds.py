"""Rounds: all that delivery writes while it runs goes in one transaction after another, each taking along whatever has come meanwhile.

In one round: what has arrived is recorded, what came of attempts is settled, what the broker has been told is noted, and what may go out is
leased. A round begins when something has come: an arrival, an outcome, the time of a retry. Nothing is asked of the database in between,
but for a look each `Pace.look_s` at what other processes may have left.
"""

import asyncio
import heapq
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alertbus.delivery.agencies import Agencies
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.recording import HandOn
from alertbus.delivery.ledger.rows import Leased, Settlement
from alertbus.delivery.pace import Pace
from alertbus.delivery.publishing import Publishing
from alertbus.model.notice import Notice
from alertbus.waiting import pause


@dataclass(frozen=True, slots=True)
class _Arrival:
    notices: Sequence[Notice]
    bodies: Sequence[bytes]
    at: datetime
    recorded: "asyncio.Future[None]"


class Rounds:
    """`send` is given what was leased, and begins to send it. One round at a time, so what an agency has room for is counted once."""

    def __init__(
        self,
        ledger: Ledger,
        agencies: Agencies,
        publishing: Publishing,
        send: Callable[[Sequence[Leased]], None],
        *,
        owner: str,
        now: Callable[[], datetime],
        pace: Pace,
    ) -> None:
        self._ledger = ledger
        self._agencies = agencies
        self._publishing = publishing
        self._send = send
        self._owner = owner
        self._now = now
        self._pace = pace
        self._arrived: list[_Arrival] = []
        self._settlements: list[Settlement] = []
        self._retries: list[datetime] = []  # a heap
        self._look_at = 0.0
        self._woken, self._hurried, self._between = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._between.set()
        self._leasing, self._ending, self._over = True, False, False

    async def record(self, notices: Sequence[Notice], now: datetime, *, bodies: Sequence[bytes]) -> None:
        """Return when the notices are in the ledger. Raise what the ledger raises: then none of them is."""
        if self._over:
            await self._ledger.record(notices, now, bodies=bodies)
            return
        arrival = _Arrival(notices, bodies, now, asyncio.get_running_loop().create_future())
        self._arrived.append(arrival)
        self._hurry()
        await arrival.recorded

    async def reopen(self, refused_at: Mapping[str, int], now: datetime) -> list[str]:
        """Do as `Ledger.reopen` does, and send what is open again."""
        opened = await self._ledger.reopen(refused_at, now)
        self._hurry()
        return opened

    def settle(self, settlement: Settlement) -> None:
        """Take what came of an attempt. It is written with others that come at about the same time."""
        self._settlements.append(settlement)
        self._woken.set()
        if self._agencies.nothing_is_out:
            self._hurried.set()

    def wake(self) -> None:
        """Say that something may have become due in the ledger."""
        self._ledger.stir()
        self._hurry()

    async def stop_leasing(self) -> None:
        """Lease nothing more. On return, all that was leased has been given to `send`."""
        self._leasing = False
        await self._between.wait()

    def end(self) -> None:
        """Let `run` return once everything is settled, published and noted. What arrives from then on is recorded and left to others."""
        self._ending = True
        self._hurry()

    async def run(self) -> None:
        """Go on until `end`."""
        while not self._ending or self._arrived or self._settlements:
            await self._rest()
            self._woken.clear()
            self._hurried.clear()
            self._between.clear()
            await self._round()
            self._between.set()
        self._over = True
        await self._publishing.all_published()
        if published := self._publishing.take_published():
            await self._ledger.note_published(published)

    def _hurry(self) -> None:
        self._woken.set()
        self._hurried.set()

    async def _rest(self) -> None:
        """Return when there is something to do. Outcomes wait for each other a little, as long as more are out."""
        now, moment = self._now(), asyncio.get_running_loop().time()
        waits = [self._look_at - moment]
        if self._retries:
            waits.append((self._retries[0] - now).total_seconds())
        if (opens := self._agencies.next_opening(now)) is not None:
            waits.append((opens - now).total_seconds())
        await pause(self._woken, min(waits))
        if self._woken.is_set() and not self._hurried.is_set():
            await pause(self._hurried, self._pace.gather_s)

    async def _round(self) -> None:
        now = self._now()
        arrived, self._arrived = self._arrived, []
        settlements, self._settlements = self._settlements, []
        recovered = self._agencies.take_recovered()  # before settling: what is put off here by now is written before it is made due
        looked = await self._look(now)
        going = self._going(arrived)
        writes: list[Coroutine[Any, Any, Sequence[Leased]]] = []  # begun in this order, and so in one transaction
        if arrived:
            writes.append(self._record(arrived, going.notices))
        if settlements or looked:
            writes.append(self._settle(settlements, now))
        leases = self._leasing and going.free > 0 and (bool(settlements) or self._ledger.stirred or going.left_behind)
        if leases:
            writes.append(self._lease(going, now))
        out = [one for leased in await asyncio.gather(*writes) for one in leased]
        for one in out:
            self._agencies.goes_out(one.agency)
        if out:
            self._send(out)
        for agency in recovered:
            await self._ledger.retry_agency_now(agency, now)
        if self._leasing and self._ledger.stirred and (out or recovered or not leases) and self._agencies.free > 0:
            self._hurry()  # else there is room for none of it until something comes back

    async def _look(self, now: datetime) -> bool:
        """See what has become due: by the time of a retry, and, if it is time to look for that, through others. Say whether it was."""
        while self._retries and self._retries[0] <= now:
            heapq.heappop(self._retries)
            self._ledger.stir()
        moment = asyncio.get_running_loop().time()
        if moment < self._look_at:
            return False
        self._look_at = moment + self._pace.look_s
        if self._leasing and not self._ledger.stirred:
            await self._ledger.look(now)
        return True

    def _going(self, arrived: Sequence[_Arrival]) -> "_Going":
        """Choose what may go out as soon as it is recorded: as there is room, and not before what is due already of the same agency."""
        going = _Going(self._agencies.free if self._leasing else 0)
        for arrival in arrived:
            for notice in arrival.notices:
                agency = notice.obligation.agency
                if (
                    going.free > 0
                    and not self._ledger.may_have_due(agency)
                    and going.room.setdefault(agency, self._agencies.room(agency)) > 0
                ):
                    going.free -= 1
                    going.room[agency] -= 1
                    going.notices.add(notice.id)
                else:
                    going.left_behind = True
        return going

    async def _record(self, arrived: Sequence[_Arrival], going: Collection[str]) -> Sequence[Leased]:
        """What it raises is told where the notices came from, and nowhere else."""
        notices = [notice for arrival in arrived for notice in arrival.notices]
        bodies = [body for arrival in arrived for body in arrival.bodies]
        try:
            leased = await self._ledger.record(notices, arrived[-1].at, bodies=bodies, hand_on=HandOn(self._owner, frozenset(going)))
        except Exception as fault:  # noqa: BLE001  see above
            for arrival in arrived:
                if not arrival.recorded.done():  # else it was cancelled
                    arrival.recorded.set_exception(fault)
            return ()
        for arrival in arrived:
            if not arrival.recorded.done():
                arrival.recorded.set_result(None)
        return leased

    async def _settle(self, settlements: Sequence[Settlement], now: datetime) -> Sequence[Leased]:
        published = self._publishing.take_published()
        if settlements or published:
            self._publishing.add(await self._ledger.settle(settlements, now, published=published))
        for one in settlements:
            if one.retry_at is not None:
                heapq.heappush(self._retries, one.retry_at)
        return ()

    async def _lease(self, going: "_Going", now: datetime) -> Sequence[Leased]:
        def room(agency: str) -> int:
            return going.room[agency] if agency in going.room else self._agencies.room(agency)

        return await self._ledger.lease(self._owner, now, going.free, full=self._agencies.full, room=room, if_stirred=True)


@dataclass(slots=True)
class _Going:
    """What goes out of that which has arrived, and the room that is left beside it."""

    free: int
    notices: set[str] = field(default_factory=set)
    room: dict[str, int] = field(default_factory=dict)
    left_behind: bool = False
