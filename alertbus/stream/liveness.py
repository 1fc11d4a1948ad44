"""Does the work move? A process that lives, answers its heartbeats and holds its partitions may still do nothing: then nobody else can.

What is looked at is progress: a place (a partition, or the recovery as a whole) that has something left to do and stands where it stood
for `STUCK_S` is stuck, whatever the cause: processing that hangs, a reader that died, a consumer that a broker's restart left behind. The
worker then stops hard, and whoever supervises starts it again. A broker that does not answer is no standstill: nothing could move.

`since_when` and `stuck` decide, with time as an input; `LivenessWatch` looks.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

import structlog

from alertbus.broker.faults import BrokerFault

STUCK_S = 60.0
"""Chosen: twice the longest wait that is no fault, which is a write that times out or a group that waits for a member at work."""

LOOK_S = 2.0
"""Seconds between two looks. Chosen: each costs one small request to the broker, and a late writer's traces are mended at a look."""

Place = tuple[str, int]
"""Topic and partition."""

log = structlog.get_logger("alertbus.stream")


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at `at`, in seconds of a clock that only goes forward."""

    at: float
    left: Mapping[Place, int] | None
    """How far each place has come that has something left to do; None when the broker did not say what there is to do."""


@dataclass(frozen=True, slots=True)
class Standstill:
    """A place has had something to do, and has not moved from `position`, since `since`."""

    position: int
    since: float


Standstills = Mapping[Place, Standstill]


def since_when(before: Standstills, look: Look) -> Standstills:
    """Of each place that has something to do: where it stands, and since when."""
    if look.left is None:
        return {}
    standing = {}
    for place, position in look.left.items():
        stood = before.get(place)
        standing[place] = stood if stood is not None and stood.position == position else Standstill(position, look.at)
    return standing


def stuck(standing: Standstills, at: float, limit_s: float) -> list[Place]:
    """The places that have stood still for too long."""
    return sorted(place for place, stood in standing.items() if at - stood.since >= limit_s)


class WorkStoodStill(BrokerFault):
    """Something is left to do, the broker answers, and nothing moves."""

    def __init__(self, places: Collection[Place], limit_s: float) -> None:
        self.places = tuple(places)
        named = ", ".join(f"{topic} {partition}" for topic, partition in self.places[:5])
        super().__init__(
            f"nothing has moved for {limit_s:.0f} s in {len(self.places)} places ({named})",
            "Nothing was committed beyond; let this process end and start again.",
        )


class LivenessWatch:
    """Looks every `LOOK_S` until cancelled. `fail` is called once, with `WorkStoodStill` or with what looking raised.

    A thread of its own watches this watch: an event loop that is blocked cannot notice it.
    """

    def __init__(
        self,
        look: Callable[[], Awaitable[Mapping[Place, int] | None]],
        fail: Callable[[BaseException], None],
        *,
        stuck_s: float = STUCK_S,
        look_s: float = LOOK_S,
    ) -> None:
        self._look = look
        self._fail = fail
        self._stuck_s = stuck_s
        self._look_s = min(look_s, stuck_s / 4)
        self._turned_at = time.monotonic()

    async def __call__(self) -> None:
        over = threading.Event()
        threading.Thread(target=self._watch_the_loop, args=(over,), name="liveness", daemon=True).start()
        turning = asyncio.create_task(self._turn())
        try:
            await self._watch()
        finally:
            turning.cancel()
            over.set()

    async def _turn(self) -> None:
        while True:
            self._turned_at = time.monotonic()
            await asyncio.sleep(self._look_s)

    async def _watch(self) -> None:
        standing: Standstills = {}
        while True:
            await asyncio.sleep(self._look_s)
            try:
                async with asyncio.timeout(self._stuck_s):
                    left = await self._look()
            except Exception as error:  # noqa: BLE001 - a watch that ends in silence is what it is there to prevent
                self._fail(error)
                return
            at = time.monotonic()
            standing = since_when(standing, Look(at, left))
            if places := stuck(standing, at, self._stuck_s):
                for topic, partition in places:
                    stood = standing[topic, partition]
                    log.error("nothing moves", topic=topic, partition=partition, offset=stood.position, age_s=round(at - stood.since))
                self._fail(WorkStoodStill(places, self._stuck_s))
                return

    def _watch_the_loop(self, over: threading.Event) -> None:
        while not over.wait(self._look_s):
            if time.monotonic() - self._turned_at > self._stuck_s:
                self._fail(WorkStoodStill([("event loop", 0)], self._stuck_s))
                return
