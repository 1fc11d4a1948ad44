"""What every trap needs: a broker with families on it, alerts about them, and what came out."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alertbus.broker import topics
from alertbus.broker.consumer import extents, read_all
from alertbus.broker.groups import committed_offsets
from alertbus.broker.local import LocalKafka
from alertbus.broker.producer import Producer
from alertbus.broker.topics import ensure_topics
from alertbus.directory.case_register import CaseRegister
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.model.events import NOTICE_OWED, Tick
from alertbus.model.item import Item
from alertbus.model.notice import Notice
from alertbus.policy.load import load_policy
from alertbus.sql.engine import make_engine, migrate
from alertbus.stream.liveness import STUCK_S
from alertbus.stream.state_topics import APP, STATE_TOPICS
from alertbus.stream.worker import StreamWorker
from alertbus.wire import records
from alertbus.wire.words import words
from tests.integration.traps.asking import PATIENCE_S, until
from tests.integration.traps.read_so_far import ReadSoFar
from tests.integration.traps.wall_clock import WallClock

PARTITIONS = 4
AGENCIES = frozenset({"gp", "school"})
CHANGELOGS = {name: f"{APP}-{name}-changelog" for name in ("person", "case")}
STREAM = (topics.ALERTS, topics.PERSON_EVENTS, topics.CASE_EVENTS)

FAMILIES = 80
"""More than all tests that share a bus take together: they take 61."""


class Bus:
    """One broker and one database. Every test takes families of its own, already known to the stream, so that tests may share it.

    What they share besides is the group, the states, and time. So tests that decide cases by other reducers, or that move time, have a bus of
    their own: whoever decides their cases again, or finds it three days later, would come to other states of everybody's.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kafka = LocalKafka(folder / "kafka")
        self.url = f"sqlite:///{folder}/bus.db"
        self.engine: Any = None
        self.producer: Any = None
        self._families: list[str] = []
        self._notices = ReadSoFar(topics.NOTICES, words(NOTICE_OWED))
        self._items = ReadSoFar(topics.ITEMS, words(Item.type))
        self._ticks = ReadSoFar(topics.CASE_EVENTS, words(Tick.type))

    async def start(self) -> None:
        await self.kafka.start()
        await migrate(self.url)
        self.engine = make_engine(self.url)
        await ensure_topics(self.bootstrap, PARTITIONS, extra=STATE_TOPICS)
        self.producer = Producer(self.bootstrap)
        await self.producer.start()
        async with self.worker():
            self._families = await asyncio.gather(*(self._new_family(number) for number in range(FAMILIES)))
            await self.caught_up()

    async def stop(self) -> None:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.producer.stop(), 5)
        await self.engine.dispose()
        await self.kafka.stop()

    @property
    def bootstrap(self) -> str:
        return self.kafka.bootstrap

    def new_folder(self) -> Path:
        """A disk with nothing on it."""
        folder = self.folder / f"state-{uuid.uuid4().hex[:8]}"
        folder.mkdir()
        return folder

    def family(self) -> str:
        """A case with one adult, on which two agencies work, about which nothing has been said yet. Gives its id."""
        assert self._families, f"all {FAMILIES} families of this bus are taken: give it more"
        return self._families.pop()

    async def _new_family(self, number: int) -> str:
        name = f"{number:06}"
        await self.join(name)
        return name

    async def join(self, family: str, *involvements: dict[str, Any]) -> None:
        """Record the case, with these besides the two agencies."""
        now = datetime.now(UTC)
        case = Case.model_validate(
            {
                "id": f"case-{family}",
                "people": [{"key": "adult", "label": "Adult", "identifiers": [{"system": "crn", "value": _crn(family)}]}],
                "links": [{"person": "adult", "relation": "parent"}],
                "involvements": [*({"agency": agency} for agency in sorted(AGENCIES)), *involvements],
            }
        )
        recorded = (await CaseRegister(self.engine).record(case, now, None)).case
        await self.producer.send_all([records.case_changed(recorded, now), *records.links_changed(recorded, (), now)])

    async def alert(self, family: str, count: int = 1, begins: str = "alert") -> list[str]:
        """Alerts about a family's adult, accepted. Gives their ids."""
        names = [f"{begins}-{uuid.uuid4().hex[:12]}" for _ in range(count)]
        await self._accept([_alert(name, family) for name in names])
        return names

    async def withdraw(self, name: str, family: str) -> None:
        await self._accept([_alert(name, family, "withdrawn")])

    async def _accept(self, alerts: Iterable[Alert]) -> None:
        now = datetime.now(UTC)
        await self.producer.send_all([records.alert_accepted(AcceptedAlert.of(alert, now)) for alert in alerts])

    async def notices(self) -> list[Notice]:
        """Every notice that was ever written, repeats and all, in order by partition."""
        return [found.word for found in await self._notices.all(self.bootstrap)]

    async def items(self) -> list[tuple[str, Item]]:
        """Every item that was ever written, with the id of its event."""
        return [(found.envelope.id, found.word) for found in await self._items.all(self.bootstrap) if found.envelope and found.word]

    async def ticks(self, *families: str) -> list[Tick]:
        """Every tick of their cases."""
        cases = {f"case-{family}" for family in families}
        return [found.word for found in await self._ticks.all(self.bootstrap) if found.word and found.word.case_id in cases]

    async def told(self) -> dict[str, set[str]]:
        """By alert: the agencies that have a notice to deliver."""
        told: dict[str, set[str]] = defaultdict(set)
        for notice in await self.notices():
            if notice.deed == "deliver":
                told[notice.obligation.source_id].add(notice.obligation.agency)
        return told

    async def until_told(self, alerts: Iterable[str]) -> None:
        """Return when both agencies have a notice of each alert; an error names how many have not."""
        wanted = set(alerts)

        async def missing() -> int:
            told = await self.told()
            return sum(not told.get(name, set()) >= AGENCIES for name in wanted)

        await until(missing, 0)

    async def committed(self) -> dict[tuple[str, int], int]:
        return (await committed_offsets(self.bootstrap, {APP: STREAM}))[APP]

    async def caught_up(self) -> None:
        """Return when the group has committed everything there is on the topics of the stream."""

        async def unread() -> int:
            committed, there = await self.committed(), await extents(self.bootstrap, STREAM)
            return sum(end - committed.get(place, 0) for place, (_, end) in there.items())

        await until(unread, 0)

    async def recovered(self, table: str) -> dict[tuple[int, bytes], bytes]:
        """What a recovery from an empty disk would give: the last value of each key on the changelog, by partition and key."""
        last: dict[tuple[int, bytes], bytes | None] = {}
        async for found in read_all(self.bootstrap, [CHANGELOGS[table]], compacted=[CHANGELOGS[table]]):
            last[found.partition, found.key or b""] = found.value
        return {place: value for place, value in last.items() if value is not None}

    @contextlib.asynccontextmanager
    async def worker(
        self, folder: Path | None = None, twist: Callable[[StreamWorker], None] = lambda _: None, **options: Any
    ) -> AsyncIterator["Worker"]:
        """A worker in this process, from when it has its partitions. What would end the process is kept in `failed`."""
        worker = Worker(self, folder or self.new_folder(), **options)
        twist(worker.stream)
        await worker.start()
        try:
            yield worker
        finally:
            await worker.stop()

    @contextlib.asynccontextmanager
    async def child(
        self, folder: Path | None = None, twist: str = "none", stuck_s: float = STUCK_S, clock: WallClock | None = None
    ) -> AsyncIterator["Child"]:
        """A worker in a process of its own, from when it has its partitions; killed at the end if it still lives."""
        folder, clock = folder or self.new_folder(), clock or WallClock(self.new_folder() / "clock")
        log = folder.with_suffix(f".{uuid.uuid4().hex[:4]}.log")
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                *(
                    sys.executable,
                    "-m",
                    "tests.integration.traps.child",
                    self.bootstrap,
                    self.url,
                    str(folder),
                    twist,
                    str(stuck_s),
                    str(clock.file),
                ),
                cwd=Path(__file__).parents[3],
                env=os.environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=out,
            )
        child = Child(process, log)
        try:
            await child.says("assigned")
            yield child
        finally:
            if child.alive:
                child.signal(signal.SIGKILL)
                await child.ends()


class Child:
    """A worker in a process of its own (`child`)."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    async def says(self, word: str) -> None:
        """Return when it has said the word."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while line := await self._process.stdout.readline():
                if line.decode().strip() == word:
                    return
        raise AssertionError(f"ended with {await self.ends()} before it said '{word}': {self.log[-2000:]}")

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def go_on(self) -> None:
        """What it is held at opens, at once or as soon as it runs again."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")

    async def ends(self) -> int:
        """Its exit code."""
        return await asyncio.wait_for(self._process.wait(), PATIENCE_S)

    async def lives(self) -> int:
        """Return when it has ended, however long that takes, with its exit code."""
        return await self._process.wait()

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        return self._process.pid


class Worker:
    """A `StreamWorker` in this process."""

    def __init__(self, bus: Bus, folder: Path, **options: Any) -> None:
        self.folder = folder
        self.failed: list[BaseException] = []
        self.has_failed = asyncio.Event()
        self.assigned = asyncio.Event()
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.stream = StreamWorker(
            bus.bootstrap,
            bus.engine,
            load_policy(),
            folder,
            partitions=PARTITIONS,
            fail=self._fail,
            ready=self.assigned.set,
            **options,
        )

    def _fail(self, error: BaseException) -> None:
        self.failed.append(error)
        self.has_failed.set()

    async def start(self) -> None:
        self._task = asyncio.create_task(self.stream.run(self._stop))
        await asyncio.wait_for(self.assigned.wait(), PATIENCE_S)

    async def stop(self) -> None:
        self._stop.set()
        if self._task is not None:
            await asyncio.wait_for(self._task, PATIENCE_S)

    async def until_failed(self) -> BaseException:
        await asyncio.wait_for(self.has_failed.wait(), PATIENCE_S)
        return self.failed[0]

    def standing(self, table: str) -> dict[tuple[int, bytes], bytes]:
        """What this worker holds on its disk of the partitions that are its own, by partition and key."""
        return dict(_on_disk(self.stream.app.tables[table].data))

    @property
    def partitions(self) -> set[int]:
        """Of the topic of case events."""
        return set(self.stream.lanes[topics.CASE_EVENTS].reached())


def _on_disk(store: Any) -> Iterator[tuple[tuple[int, bytes], bytes]]:
    for partition, database in store._dbs.items():
        for key, value in database.items():
            if key != store.offset_key:
                yield (partition, key), value


def _crn(family: str) -> str:
    return f"X{family}"


def _alert(name: str, family: str, action: str = "raised") -> Alert:
    return Alert.model_validate(
        {
            "id": name,
            "source": "police.traps",
            "kind": "threat_to_staff",
            "action": action,
            "occurred_at": "2026-11-18T14:05:00Z",
            "recorded_at": "2026-11-18T15:00:00Z",
            "subjects": [{"person": {"identifiers": [{"system": "crn", "value": _crn(family)}]}}],
            "narrative": [{"text": "Invented."}],
        }
    )
