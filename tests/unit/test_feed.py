"""The change feed: everything open first, then each change, to each listener whom it is for, and to none twice."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text, update
from sqlalchemy.exc import OperationalError

from alertbus.chronicle import tables
from alertbus.chronicle.inbox_order import EVERYTHING
from alertbus.chronicle.projector import apply, read
from alertbus.chronicle.rebuild import make_tables
from alertbus.model.errors import DatabaseUnavailable
from alertbus.model.notice import Deed, Notice
from alertbus.model.receipt import Receipt, Stage
from alertbus.serving import feed as feeding
from alertbus.serving.feed import ChangeFeed
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine
from tests.story import T0, Log, a_notice, a_receipt, hours


class Bus:
    """A chronicle that is told what happens, and a feed of it that looks when it is told to."""

    def __init__(self, engine: Database) -> None:
        self.engine, self.log, self.at, self.stopping = engine, Log(), hours(1), asyncio.Event()
        self.feed = ChangeFeed(engine, lambda: self.at, self.stopping, every_s=math.inf)
        self._read = self._marks = 0

    async def tell(self, *happened: Notice | Receipt) -> None:
        for one in happened:
            self.log.notice(one) if isinstance(one, Notice) else self.log.receipt(one)
        async with self.engine.begin() as connection:
            await apply(connection, read(self.log.records[self._read :]))
        self._read = len(self.log.records)

    async def mark(self, agency: str = "gp", exercise: str | None = None) -> str:
        """Let one more obligation arise, the last of every order, and give its id."""
        self._marks += 1
        found = a_notice(f"mark-{self._marks}", agency=agency, exercise=exercise, severity="low", since=hours(9_000 + self._marks))
        await self.tell(found)
        return found.obligation.id


class Listener:
    """Somebody who listens."""

    def __init__(self, bus: Bus, agency: str | None = "gp", exercise: str | None = EVERYTHING) -> None:
        self._bus, self._of = bus, (agency or "gp", None if exercise == EVERYTHING else exercise)
        self.stream = bus.feed.follow(agency, exercise)

    async def heard(self) -> list[tuple[str, str, bool]]:
        """All that comes before what arises only now: the obligation, its state, whether it is overdue."""
        if self._bus.feed._looks:
            await self._bus.feed.look()
        end = await self._bus.mark(*self._of)
        if self._bus.feed._looks:
            await self._bus.feed.look()
        found = []
        async with asyncio.timeout(20):
            async for text in self.stream:
                item = json.loads(text.split("data: ")[1])
                if item["id"] == end:
                    return [one for one in found if "mark" not in one[0]]
                found.append((item["id"], item["state"], item["overdue"]))
        raise AssertionError("the stream ended")


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    engine = make_engine(f"sqlite:///{tmp_path}/bus.db")
    await make_tables(engine)
    bus = Bus(engine)
    yield bus
    bus.stopping.set()
    await engine.dispose()


def notice(name: str, **stated: Any) -> Notice:
    return a_notice(name, name, **{"agency": "gp", "severity": "high", **stated})


async def test_all_that_is_open_comes_first_in_the_order_of_the_inbox_and_nothing_that_is_closed(bus: Bus) -> None:
    closed = notice("closed")
    await bus.tell(
        notice("low", severity="low"), notice("overdue", severity="low", due=T0), notice("high"), closed, notice("theirs", agency="police")
    )
    await bus.tell(a_receipt(closed, Stage.ACKNOWLEDGED))

    assert await Listener(bus).heard() == [("overdue", "owed", True), ("high", "owed", False), ("low", "owed", False)]


async def test_every_change_comes_once_and_what_was_closed_too(bus: Bus) -> None:
    one, other = notice("one"), notice("other")
    await bus.tell(one, other)
    listener = Listener(bus)
    assert len(await listener.heard()) == 2

    assert await listener.heard() == []
    await bus.tell(a_receipt(one, Stage.SENT), notice("new"))
    assert await listener.heard() == [("new", "owed", False), ("one", "sent", False)]
    await bus.tell(a_receipt(one, Stage.ACCEPTED, hours(1)))
    await bus.tell(a_receipt(one, Stage.ACKNOWLEDGED, hours(2)))
    await bus.tell(notice("other-ends", deed=Deed.WITHDRAW).model_copy(update={"obligation": other.obligation}))
    assert await listener.heard() == [("one", "acknowledged", False), ("other", "withdrawn", False)]
    assert await listener.heard() == []


async def test_a_receipt_that_moves_no_state_is_a_change_all_the_same(bus: Bus) -> None:
    one = notice("one")
    await bus.tell(one, a_receipt(one, Stage.ACKNOWLEDGED, by="First Reader"))
    listener = Listener(bus)
    assert await listener.heard() == []

    await bus.tell(a_receipt(one, Stage.ACKNOWLEDGED, hours(1), by="Second Reader"))

    assert await listener.heard() == [("one", "acknowledged", False)]


async def test_what_becomes_overdue_is_told_when_it_does_and_once(bus: Bus) -> None:
    await bus.tell(notice("soon", due=hours(2)), notice("late", due=hours(3)), notice("answered", due=hours(2)))
    await bus.tell(a_receipt(notice("answered", due=hours(2)), Stage.ACKNOWLEDGED))
    listener = Listener(bus)
    assert [overdue for _, _, overdue in await listener.heard()] == [False, False]

    bus.at = hours(2)
    assert await listener.heard() == []
    bus.at += timedelta(seconds=1)
    assert await listener.heard() == [("soon", "owed", True)]
    bus.at = hours(4)
    assert await listener.heard() == [("late", "owed", True)]
    bus.at = hours(2.5)  # set back
    assert await listener.heard() == []
    bus.at = hours(5)
    assert await listener.heard() == []


async def test_each_listener_hears_of_its_own_agency_and_exercise(bus: Bus) -> None:
    listeners = {
        "gp": Listener(bus),
        "real": Listener(bus, exercise=None),
        "drill": Listener(bus, exercise="drill"),
        "police": Listener(bus, "police"),
        "all": Listener(bus, None),
    }
    for listener in listeners.values():
        assert await listener.heard() == []

    await bus.tell(notice("g"), notice("x", exercise="drill"), notice("p", agency="police"))

    heard = {name: {one for one, _, _ in await listener.heard()} for name, listener in listeners.items()}
    assert heard == {"gp": {"g", "x"}, "real": {"g"}, "drill": {"x"}, "police": {"p"}, "all": {"g", "x", "p"}}


async def test_a_listener_that_is_slow_keeps_nothing_and_misses_nothing(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeding, "KEPT", 10)
    slow = Listener(bus)
    assert await slow.heard() == []

    told = [notice(f"n-{number:03}", due=hours(2) if number == 7 else None) for number in range(250)]
    for start in range(0, 250, 5):
        await bus.tell(*told[start : start + 5])
        await bus.feed.look()
    await bus.tell(a_receipt(told[3], Stage.ACKNOWLEDGED))
    bus.at = hours(3)

    assert sum(len(look.events) for look in bus.feed._looks) <= 10
    heard = await slow.heard()
    assert sorted(heard) == sorted([(one.id, "acknowledged" if one is told[3] else "owed", one is told[7]) for one in told])


async def test_listeners_share_a_look_and_nobody_looks_where_nobody_listens(bus: Bus) -> None:
    await bus.tell(notice("one"))
    listeners = [Listener(bus, agency) for agency in ("gp", "police", None) for _ in range(20)]
    for listener in listeners:
        await listener.heard()
    asked: list[str] = []
    event.listen(bus.engine.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))

    bus.at = hours(2)
    await bus.feed.look()

    assert len([one for one in asked if one.startswith("SELECT")]) == 3, "the last change, what follows it, what is due"
    for listener in listeners:
        await listener.stream.aclose()
    assert bus.feed._looking is None
    assert not bus.feed._looks


async def test_a_chronicle_made_anew_ends_the_streams_so_that_they_are_asked_for_again(bus: Bus) -> None:
    await bus.tell(notice("one"))
    listener = Listener(bus)
    await listener.heard()

    async with bus.engine.begin() as connection:
        await connection.execute(update(tables.obligation).values(changed=1))

    with pytest.raises(DatabaseUnavailable, match="made anew"):
        await bus.feed.look()


async def test_numbers_grow_with_every_transaction_and_go_on_above_those_of_a_chronicle_that_was_dropped(bus: Bus) -> None:
    async def highest() -> int:
        async with bus.engine.reading() as connection:
            return int((await connection.execute(text("SELECT max(changed) FROM chronicle_obligation"))).scalar_one())

    await bus.tell(notice("one"))
    first = await highest()
    await bus.tell(notice("two"))
    second = await highest()
    async with bus.engine.begin() as connection:
        await connection.execute(text("DELETE FROM chronicle_obligation"))
    await bus.tell(notice("three"))

    assert first < second < await highest()


async def test_the_end_of_the_process_ends_every_stream(bus: Bus) -> None:
    listener = Listener(bus)
    await listener.heard()
    waiting = asyncio.create_task(anext(listener.stream))
    bus.stopping.set()

    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_a_chronicle_that_cannot_be_read_ends_the_streams_with_its_reason_and_the_next_listener_begins_anew(bus: Bus) -> None:
    await bus.tell(notice("one"))
    bus.feed = ChangeFeed(bus.engine, lambda: bus.at, bus.stopping, every_s=0.01)
    listener = Listener(bus)
    await listener.heard()
    async with bus.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE chronicle_obligation RENAME TO elsewhere"))

    with pytest.raises(OperationalError):
        await anext(listener.stream)

    async with bus.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO chronicle_obligation"))
    assert [one for one, _, _ in await Listener(bus).heard()] == ["one"]
