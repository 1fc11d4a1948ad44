"""Doing a fault to a bus, holding it, giving back what was taken, and saying in a few words how it went."""

import asyncio
import contextlib
import shutil
import signal
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import psutil
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from tests.chaos import poison
from tests.chaos.bus import Bus, until
from tests.chaos.judge import Place
from tests.chaos.receivers import HONEST, Conduct, Manner
from tests.chaos.schedule import Fault, Kind

POISON_LIMIT_S = 180.0
"""How long a poison record may take to be written: the broker may be away."""

BROKER_ENDS_S = 10.0
"""How long a broker that was killed may take to be gone."""


@dataclass(frozen=True, slots=True)
class Done:
    """A fault that is over. `came_back`: what it took away is there again. `ended` is in this process's monotonic seconds."""

    fault: Fault
    seconds: float
    outcome: str
    came_back: bool
    ended: float

    def __str__(self) -> str:
        how = " ".join(f"{name}={value}" for name, value in self.fault.how.items() if name != "seed")
        return f"{self.fault.number:>4}  {self.fault.kind:<17} {self.fault.target:<34} {self.seconds:5.1f} s  {how + ': ' if how else ''}{self.outcome}"


@dataclass(slots=True)
class Injector:
    """Does faults to one bus. Two that would touch the same thing come one after the other; all else overlaps."""

    bus: Bus
    poison: list[Place] = field(default_factory=list)
    """Where poison records stand."""
    clocks_ahead: list[Done] = field(default_factory=list)
    """Faults that set a clock forward by which something is dated or asked: a gateway's or a stream worker's."""
    _turns: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def inject(self, fault: Fault) -> Done:
        async with self._turns[fault.target]:
            began = time.monotonic()
            outcome, came_back = await self._deeds[fault.kind](self, fault)
            ended = time.monotonic()
        done = Done(fault, ended - began, outcome, came_back, ended)
        if fault.kind is Kind.CLOCK_MOVED and fault.how["by_s"] > 0 and fault.target.startswith(("gateway", "stream")):
            self.clocks_ahead.append(done)
        return done

    async def _end(self, fault: Fault, sign: signal.Signals, stay_away_s: float = 0.0) -> tuple[str, bool]:
        if not self.bus.is_up(fault.target):
            return "was down already, starting again", await self.bus.up(fault.target)
        await self.bus.signal(fault.target, sign, stay_away_s=stay_away_s)
        return await self._back(fault.target)

    async def _back(self, title: str) -> tuple[str, bool]:
        began = time.monotonic()
        if await self.bus.up(title):
            return f"up again after {time.monotonic() - began:.1f} s", True
        return "NOT up again", False

    async def _killed(self, fault: Fault) -> tuple[str, bool]:
        return await self._end(fault, signal.SIGKILL)

    async def _stopped(self, fault: Fault) -> tuple[str, bool]:
        return await self._end(fault, signal.SIGTERM)

    async def _frozen(self, fault: Fault) -> tuple[str, bool]:
        child = self.bus.child(fault.target)
        pid = child.process.pid
        await self.bus.signal(fault.target, signal.SIGSTOP)
        try:
            await asyncio.sleep(fault.hold_s)
        finally:
            if child.process.pid == pid:
                await self.bus.signal(fault.target, signal.SIGCONT)
        await asyncio.sleep(1)
        went_on = child.process.pid == pid and child.process.poll() is None
        return ("went on", True) if went_on else await self._back(fault.target)

    async def _worker_joins(self, fault: Fault) -> tuple[str, bool]:
        self.bus.join(fault.target)
        up = await self.bus.up(fault.target)
        await asyncio.sleep(fault.hold_s)
        await self.bus.leave(fault.target)
        return ("joined and left" if up else "did NOT come up"), up

    async def _worker_leaves(self, fault: Fault) -> tuple[str, bool]:
        return await self._end(fault, signal.SIGTERM, fault.hold_s)

    async def _state_deleted(self, fault: Fault) -> tuple[str, bool]:
        child = self.bus.child(fault.target)
        if self.bus.is_up(fault.target):
            await self.bus.signal(fault.target, signal.SIGKILL, stay_away_s=0.3)
        if child.process.poll() is None:
            return "was too quick to come back", True
        for entry in self.bus.state_folder(fault.target).iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        return await self._back(fault.target)

    async def _disk_full(self, fault: Fault) -> tuple[str, bool]:
        """Its small disk filled; where none could be mounted, the process may write no file any further (EFBIG, not ENOSPC)."""
        deaths_before = len([line for line in self.bus.lines if line.startswith(fault.target)])
        fill = _filled if self.bus.small_disk(fault.target) else _forbidden
        with fill(self.bus, fault.target):
            await asyncio.sleep(fault.hold_s)
        deaths = len([line for line in self.bus.lines if line.startswith(fault.target)]) - deaths_before
        self.bus.child(fault.target).deaths = 0
        outcome, up = await self._back(fault.target)
        return (f"ended {deaths} times; {outcome}" if deaths else "went on"), up

    async def _broker_killed(self, _: Fault) -> tuple[str, bool]:
        pid = self.bus.kafka.pid
        if pid is not None:
            psutil.Process(pid).kill()
        return await self._broker_back()

    async def _broker_restarted(self, _: Fault) -> tuple[str, bool]:
        await self.bus.kafka.stop()
        return await self._broker_back()

    async def _broker_away(self, fault: Fault) -> tuple[str, bool]:
        await self.bus.kafka.stop()
        await asyncio.sleep(fault.hold_s)
        return await self._broker_back()

    async def _broker_back(self) -> tuple[str, bool]:
        began = time.monotonic()
        await until(lambda: not self.bus.kafka.alive, BROKER_ENDS_S)
        await self.bus.kafka.start()
        return f"answered again after {time.monotonic() - began:.1f} s", True

    async def _database(self, fault: Fault) -> tuple[str, bool]:
        sign = signal.SIGQUIT if fault.kind is Kind.DATABASE_KILLED else signal.SIGINT
        await asyncio.to_thread(self.bus.database.stop, sign)
        await asyncio.sleep(fault.hold_s)
        began = time.monotonic()
        await asyncio.to_thread(self.bus.database.start)
        return f"answered again after {time.monotonic() - began:.1f} s", True

    async def _receiver(self, fault: Fault) -> tuple[str, bool]:
        seen = len(self.bus.receivers.attempts)
        self.bus.receivers.behave(fault.target, conduct(fault))
        await asyncio.sleep(fault.hold_s)
        self.bus.receivers.behave(fault.target, HONEST)
        met = sum(a.agency == fault.target and a.manner is not Manner.HONEST for a in self.bus.receivers.attempts[seen:])
        return f"met {met} attempts", True

    async def _clock_moved(self, fault: Fault) -> tuple[str, bool]:
        self.bus.move_clock(fault.target, fault.how["by_s"])
        await asyncio.sleep(fault.hold_s)
        self.bus.move_clock(fault.target, 0)
        return "set right again", True

    async def _clock_stopped(self, fault: Fault) -> tuple[str, bool]:
        self.bus.stop_clock(fault.target)
        await asyncio.sleep(fault.hold_s)
        self.bus.move_clock(fault.target, 0)
        return "goes again", True

    async def _poison(self, fault: Fault) -> tuple[str, bool]:
        record = poison.brew(fault.target, fault.how["form"], fault.how["seed"])
        try:
            async with asyncio.timeout(POISON_LIMIT_S):
                place = await _write(self.bus.bootstrap, fault.target, record)
        except (TimeoutError, KafkaError) as refused:
            return f"the broker did not take it ({type(refused).__name__})", True
        self.poison.append(place)
        return f"stands at partition {place[1]}, offset {place[2]}", True

    _deeds: "Mapping[Kind, Callable[[Injector, Fault], Awaitable[tuple[str, bool]]]]" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        cls = Injector
        self._deeds = {
            Kind.KILLED: cls._killed,
            Kind.STOPPED: cls._stopped,
            Kind.FROZEN: cls._frozen,
            Kind.WORKER_JOINS: cls._worker_joins,
            Kind.WORKER_LEAVES: cls._worker_leaves,
            Kind.STATE_DELETED: cls._state_deleted,
            Kind.DISK_FULL: cls._disk_full,
            Kind.BROKER_KILLED: cls._broker_killed,
            Kind.BROKER_RESTARTED: cls._broker_restarted,
            Kind.BROKER_AWAY: cls._broker_away,
            Kind.DATABASE_STOPPED: cls._database,
            Kind.DATABASE_KILLED: cls._database,
            Kind.RECEIVER_SLOW: cls._receiver,
            Kind.RECEIVER_REFUSES: cls._receiver,
            Kind.RECEIVER_BUSY: cls._receiver,
            Kind.RECEIVER_LIES: cls._receiver,
            Kind.RECEIVER_CUTS: cls._receiver,
            Kind.CLOCK_MOVED: cls._clock_moved,
            Kind.CLOCK_STOPPED: cls._clock_stopped,
            Kind.POISON: cls._poison,
        }


def conduct(fault: Fault) -> Conduct:
    """How the receiver behaves under this fault."""
    match fault.kind:
        case Kind.RECEIVER_SLOW:
            return Conduct(Manner.SLOW, seconds=fault.how["answers_after_s"])
        case Kind.RECEIVER_REFUSES:
            return Conduct(Manner.REFUSES, status=fault.how["status"])
        case Kind.RECEIVER_BUSY:
            return Conduct(Manner.BUSY, seconds=fault.how["retry_after_s"])
        case Kind.RECEIVER_LIES:
            return Conduct(Manner.LIES)
    return Conduct(Manner(fault.how["where"]))


@contextlib.contextmanager
def _filled(bus: Bus, title: str):  # noqa: ANN202 a context manager
    filler = bus.state_folder(title) / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:  # a buffer would have its rest written when it is closed
        while True:
            file.write(bytes(1 << 16))
    try:
        yield
    finally:
        filler.unlink(missing_ok=True)


@contextlib.contextmanager
def _forbidden(bus: Bus, title: str):  # noqa: ANN202 a context manager
    process = psutil.Process(bus.child(title).process.pid)
    before = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.rlimit(psutil.RLIMIT_FSIZE, before)


async def _write(bootstrap: str, topic: str, record: poison.Poison) -> Place:
    while True:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_request_size=4 << 20)
        try:
            await producer.start()
            written = await producer.send_and_wait(topic, record.value, record.key, headers=record.headers)
        except KafkaError as error:
            if not error.retriable and not isinstance(error, OSError) and type(error).__name__ != "KafkaConnectionError":
                raise
            await asyncio.sleep(0.5)
        else:
            return written.topic, written.partition, written.offset
        finally:
            await producer.stop()
