"""Plugins at work in threads: one thread for all while nobody hangs, and who hangs keeps neither the loop nor another plugin."""

import asyncio
import contextlib
import dataclasses
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from alertbus.delivery.ledger.rows import Leased
from alertbus.delivery.outcome import Trouble
from alertbus.delivery.render import Renderer
from alertbus.model.notice import Message, Notice
from alertbus.plugin.kit.samples import sample_notice
from alertbus.plugin.manager import Plugins, offer

PATIENCE_S = 30.0
"""Nothing here takes so long: what waits in vain fails, and does not hang the tests."""


class Scripted:
    """An adapter that does as told."""

    contract = 1
    formats: Sequence[str] = ("text/plain",)

    def __init__(self, sector: str, render: Callable[[Notice], Message]) -> None:
        self.name = self.sector = sector
        self.render = render


def renderer(limit_s: float = PATIENCE_S, **adapters: Callable[[Notice], Message]) -> Renderer:
    return Renderer(Plugins({sector: offer(adapters=[Scripted(sector, render)]) for sector, render in adapters.items()}), limit_s)


def leased(name: str, sector: str) -> Leased:
    notice = sample_notice(id=name, sector=sector, narrative=(), flag=None)
    owed = notice.obligation
    return Leased(
        *(name, owed.id, owed.alert_id, owed.case_id, owed.agency, sector, owed.role, notice.deed.value, owed.lane),
        attempts=1,
        notice=notice.model_dump_json().encode(),
    )


async def rendered(under_test: Renderer, sector: str, *names: str) -> list[str]:
    async with asyncio.timeout(PATIENCE_S):
        found = await under_test.render(sector, [leased(name, sector) for name in names])
    return [one.body.decode() if isinstance(one, Message) else one for one in found]


def plain(notice: Notice) -> Message:
    return Message(media_type="text/plain", body=notice.id.encode())


@contextlib.contextmanager
def held() -> Iterator[tuple[Callable[[Notice], Message], threading.Event]]:
    """A plugin that hangs on notices whose id begins with `hangs`, until the event is set."""
    go = threading.Event()

    def render(notice: Notice) -> Message:
        if notice.id.startswith("hangs"):
            go.wait(PATIENCE_S)
        return plain(notice)

    try:
        yield render, go
    finally:
        go.set()


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "render"}


async def test_each_notice_has_its_answer_in_order_under_its_own_key() -> None:
    under_test = renderer(health=plain)

    found = await under_test.render("health", [leased("a", "health"), leased("b", "health")])

    assert [(one.body, one.idempotency_key) for one in found if isinstance(one, Message)] == [(b"a", "a"), (b"b", "b")]


async def test_what_is_rendered_at_the_same_time_for_seven_plugins_takes_one_thread() -> None:
    used: set[int] = set()

    def render(notice: Notice) -> Message:
        used.add(threading.get_ident())
        return plain(notice)

    sectors = ["health", "police", "education", "housing", "social_care", "probation", "nspcc"]
    under_test = Renderer(Plugins({name: offer(adapters=[Scripted(name, render)]) for name in sectors}), PATIENCE_S)

    found = await asyncio.gather(*(rendered(under_test, sector, *names) for sector in sectors for names in ("ab", "c")))

    assert found == [["a", "b"], ["c"]] * 7
    assert len(used) == 1
    assert threading.main_thread().ident not in used


async def test_a_plugin_that_hangs_holds_up_no_other() -> None:
    with held() as (hangs, go):
        under_test = renderer(health=hangs, education=plain)
        stuck = [asyncio.create_task(rendered(under_test, "health", name)) for name in ("hangs", "hangs too")]
        await asyncio.sleep(0)  # so that both are at it first

        assert await rendered(under_test, "education", "a", "b") == ["a", "b"]
        assert not any(task.done() for task in stuck)
        go.set()
        assert await asyncio.gather(*stuck) == [["hangs"], ["hangs too"]]


async def test_a_notice_on_which_its_plugin_hangs_fails_alone() -> None:
    with held() as (hangs, _):
        assert await rendered(renderer(limit_s=0.1, health=hangs), "health", "a", "hangs", "b") == ["a", Trouble.PLUGIN, "b"]


async def test_a_plugin_that_keeps_two_threads_is_not_called_until_one_comes_back() -> None:
    with held() as (hangs, go):
        under_test = renderer(limit_s=0.1, health=hangs, education=plain)
        assert await rendered(under_test, "health", "hangs", "hangs", "a") == [Trouble.PLUGIN] * 3
        assert await rendered(under_test, "health", "b") == [Trouble.PLUGIN]
        assert await rendered(under_test, "education", "c") == ["c"]

        go.set()
        async with asyncio.timeout(PATIENCE_S):
            while await rendered(under_test, "health", "d") != ["d"]:  # noqa: ASYNC110  a plugin that comes back tells nobody
                await asyncio.sleep(0.01)


async def test_a_thread_that_was_held_up_ends_once_another_has_taken_over() -> None:
    before = threads()
    with held() as (hangs, go):
        under_test = renderer(health=hangs, education=plain)
        stuck = asyncio.create_task(rendered(under_test, "health", "hangs"))
        await asyncio.sleep(0)
        (first,) = threads() - before
        assert await rendered(under_test, "education", "a") == ["a"]
        (second,) = threads() - before - {first}
        go.set()
        assert await stuck == ["hangs"]
    await asyncio.to_thread(first.join, PATIENCE_S)

    assert await rendered(under_test, "health", "b") == ["b"]
    assert (first.is_alive(), second.is_alive()) == (False, True)
    assert len(threads() - before - {second}) == 1  # who was slow once has a thread of its own from then on


async def test_a_plugin_that_was_slow_once_is_never_again_in_front_of_another() -> None:
    with held() as (hangs, go):
        under_test = renderer(health=hangs, education=plain)
        stuck = asyncio.create_task(rendered(under_test, "health", "hangs"))
        await asyncio.sleep(0)
        assert await rendered(under_test, "education", "a") == ["a"]
        shared = threads()

        again = asyncio.create_task(rendered(under_test, "health", "hangs again"))
        await asyncio.sleep(0)
        assert await rendered(under_test, "education", "b") == ["b"]

        assert under_test._threads.slow == {"health"}
        assert len(threads() - shared) == 1
        go.set()
        assert await asyncio.gather(stuck, again) == [["hangs"], ["hangs again"]]


async def test_who_gives_up_waiting_for_a_plugin_that_hangs_leaves_nobody_stuck_behind_it() -> None:
    with held() as (hangs, _):
        under_test = renderer(health=hangs, education=plain)
        stuck = asyncio.create_task(rendered(under_test, "health", "hangs"))
        await asyncio.sleep(0)
        stuck.cancel()

        assert await rendered(under_test, "education", "a") == ["a"]


@pytest.mark.parametrize("fault", [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit])
async def test_whatever_a_plugin_raises_fails_its_own_notice(fault: type[BaseException]) -> None:
    def render(notice: Notice) -> Message:
        if notice.id == "b":
            raise fault
        return plain(notice)

    assert await rendered(renderer(health=render), "health", "a", "b", "c") == ["a", Trouble.PLUGIN, "c"]


async def test_a_notice_that_cannot_be_read_fails_alone() -> None:
    broken = dataclasses.replace(leased("b", "health"), notice=b"{")

    found = await renderer(health=plain).render("health", [leased("a", "health"), broken])

    assert found[1] is Trouble.PLUGIN
    assert isinstance(found[0], Message)


async def test_a_notice_that_was_read_when_it_arrived_is_not_read_again() -> None:
    here = dataclasses.replace(leased("a", "health"), notice=b"{", word=sample_notice(id="a", narrative=(), flag=None))

    (found,) = await renderer(health=plain).render("health", [here])

    assert isinstance(found, Message)
    assert (found.body, found.idempotency_key) == (b"a", "a")
