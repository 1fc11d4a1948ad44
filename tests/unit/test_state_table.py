"""States between two keepings: what was decided is seen at once, what was put is written once, and all of it is on the changelog in the end."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.model.base import Word
from alertbus.stream import state_table
from alertbus.stream.state_table import StateTable
from alertbus.stream.store import Change


class Tally(Word):
    """A state with entries of its own."""

    marks: Mapping[str, int] = {}
    total: int = 0


class Paper:
    """A changelog that keeps what is written on it, and the disk behind it."""

    topic = "tallies"
    table = None

    def __init__(self) -> None:
        self.writes: list[list[Change]] = []
        self.disk: dict[bytes, bytes] = {}
        self.may_write = asyncio.Event()
        self.may_write.set()

    async def write(self, changed: Mapping[int, Sequence[Change]]) -> None:
        await self.may_write.wait()
        self.writes.append([change for some in changed.values() for change in some])
        for key, value in self.writes[-1]:
            if value is None:
                self.disk.pop(key, None)
            else:
                self.disk[key] = value


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> Paper:
    return _paper(monkeypatch)


def _paper(monkeypatch: pytest.MonkeyPatch) -> Paper:
    paper = Paper()

    def under(_: Any, partition: int, prefix: bytes) -> list[tuple[bytes, bytes]]:
        return [(key[len(prefix) :], value) for key, value in sorted(paper.disk.items()) if key.startswith(prefix)]

    monkeypatch.setattr(state_table, "under", under)
    return paper


def a_table(paper: Paper) -> StateTable[Tally]:
    return StateTable(paper, Tally, Tally())  # type: ignore[arg-type]


async def step(table: StateTable[Tally], key: bytes, mark: str, number: int | None) -> None:
    before = table.get((0, key))
    marks = {name: value for name, value in before.marks.items() if name != mark} | ({} if number is None else {mark: number})
    await table.put(table.decided({(0, key): Tally(marks=marks, total=sum(marks.values()))}))


steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([b"one", b"two"]), st.sampled_from("xyz"), st.none() | st.integers(1, 9)),
        st.just("keep"),
    ),
    max_size=40,
)


@given(steps=steps)
def test_whenever_states_are_kept_a_worker_that_starts_from_the_disk_finds_the_same(steps: list[Any]) -> None:
    async def play() -> None:
        with pytest.MonkeyPatch.context() as patch:
            paper = _paper(patch)
            table = a_table(paper)
            for one in steps:
                if one == "keep":
                    await table.keep()
                else:
                    await step(table, *one)
            await table.keep()
            for key in (b"one", b"two"):
                assert a_table(paper).get((0, key)) == table.get((0, key))

    asyncio.run(play())


async def test_a_state_changed_many_times_is_written_once(paper: Paper) -> None:
    table = a_table(paper)
    for number in range(1, 6):
        await step(table, b"one", "x", number)
    await table.keep()

    assert [[key for key, _ in write] for write in paper.writes] == [[b"one\x00marks\x00x", b"one\x00total"]]


async def test_a_state_that_is_not_on_the_disk_yet_is_found_though_others_were_touched_since(
    paper: Paper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_table, "REMEMBERED", 1)
    table = a_table(paper)
    await step(table, b"one", "x", 1)
    await step(table, b"two", "x", 2)
    waiting = table.get((0, b"one")).total

    paper.may_write.clear()
    keeping = asyncio.create_task(table.keep())
    await asyncio.sleep(0)
    await step(table, b"two", "y", 2)
    being_written = table.get((0, b"one")).total
    paper.may_write.set()
    await keeping

    assert (waiting, being_written) == (1, 1)


async def test_what_is_forgotten_is_never_written(paper: Paper) -> None:
    """Another worker has the partitions now."""
    table = a_table(paper)
    await step(table, b"one", "x", 1)
    table.forget()
    await table.keep()

    assert paper.writes == [[]]
    assert table.get((0, b"one")) == Tally()
