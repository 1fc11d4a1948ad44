"""Rendering behind a time limit: a plugin runs in threads of its own and cannot hold up the loop or another plugin.

A thread serves one batch after another: starting one for each batch held up the event loop for a fifth of its time. A thread cannot be
stopped. One that hangs is left behind, and an adapter with `_LEFT_BEHIND` of those is not called again until one of them comes back.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue

import structlog

from alertbus.delivery.ledger.rows import Leased
from alertbus.delivery.outcome import Trouble
from alertbus.model.errors import PluginFault
from alertbus.model.notice import Message, Notice
from alertbus.plugin.manager import Plugins

_LEFT_BEHIND = 2

log = structlog.stdlib.get_logger(__name__)

Rendered = Message | Trouble


class Renderer:
    """Turns leased notices into messages, each under its notice's id as idempotency key."""

    def __init__(self, plugins: Plugins, limit_s: float) -> None:
        self._plugins = plugins
        self._limit_s = limit_s
        self._hanging: Counter[str] = Counter()
        self._idle: list[_RenderThread] = []

    async def render(self, sector: str, batch: Sequence[Leased]) -> list[Rendered]:
        """Give one answer for each, in order. One that takes longer than the limit fails alone."""
        results: list[Rendered] = []
        while len(results) < len(batch):
            rest = batch[len(results) :]
            if self._hanging[sector] >= _LEFT_BEHIND:
                log.warning("an agency plugin hangs and is not called", sector=sector, count=len(rest))
                results += [Trouble.PLUGIN] * len(rest)
            else:
                results += await self._render_until_one_hangs(sector, rest)
        return results

    async def _render_until_one_hangs(self, sector: str, batch: Sequence[Leased]) -> list[Rendered]:
        work = _RenderBatch(asyncio.get_running_loop(), batch, lambda leased: self._one(sector, leased))
        thread = self._idle.pop() if self._idle else _RenderThread()
        thread.give(work)
        try:
            return await self._results(sector, batch, work)
        finally:
            if work.finished.is_set():
                self._idle.append(thread)
            else:
                thread.end()  # once it has come back

    async def _results(self, sector: str, batch: Sequence[Leased], work: "_RenderBatch") -> list[Rendered]:
        seen = -1
        while not work.finished.is_set():
            if seen == len(work.results):
                self._hanging[sector] += 1
                work.leave(lambda: self._came_back(sector))
                done = work.results[:seen]
                log.warning(
                    "an agency plugin did not render in time",
                    sector=sector,
                    notice_id=batch[seen].notice_id,
                    timeout_s=self._limit_s,
                )
                return [*done, Trouble.PLUGIN]
            seen = len(work.results)
            try:
                async with asyncio.timeout(self._limit_s):
                    await work.finished.wait()
            except TimeoutError:
                continue  # one more look: has it moved on?
        return work.results

    def _came_back(self, sector: str) -> None:
        self._hanging[sector] -= 1

    def _one(self, sector: str, leased: Leased) -> Rendered:
        try:
            notice = Notice.model_validate_json(leased.notice)
            message = self._plugins.render(notice, self._plugins.adapter_for(sector))
        except PluginFault as fault:
            log.warning("an agency plugin broke its contract", sector=sector, notice_id=leased.notice_id, exc_info=fault)
            return Trouble.PLUGIN
        except BaseException as fault:  # whatever a plugin raises must not end the thread unreported
            log.error(  # noqa: TRY400  the gate keeps the class and the place; the text may hold the notice
                "a notice could not be rendered", sector=sector, notice_id=leased.notice_id, exc_info=fault
            )
            return Trouble.PLUGIN
        return message.model_copy(update={"idempotency_key": leased.notice_id})


class _RenderThread:
    """A thread that runs what it is given, until it is told to end."""

    def __init__(self) -> None:
        self._given: SimpleQueue[_RenderBatch | None] = SimpleQueue()
        threading.Thread(target=self._run, name="render", daemon=True).start()

    def give(self, work: "_RenderBatch") -> None:
        self._given.put(work)

    def end(self) -> None:
        self._given.put(None)

    def _run(self) -> None:
        while (work := self._given.get()) is not None:
            work.run()


@dataclass(slots=True)
class _RenderBatch:
    """State shared by the event loop and one thread. The thread appends; once left behind, it only says that it has come back."""

    loop: asyncio.AbstractEventLoop
    batch: Sequence[Leased]
    one: Callable[[Leased], Rendered]
    results: list[Rendered] = field(default_factory=list)
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    _left: Callable[[], None] | None = None

    def leave(self, came_back: Callable[[], None]) -> None:
        self._left = came_back

    def run(self) -> None:
        for leased in self.batch:
            rendered = self.one(leased)
            if self._left is not None:
                break
            self.results.append(rendered)
        try:
            self.loop.call_soon_threadsafe(self._end)
        except RuntimeError:
            return  # the loop has closed: nobody waits any more

    def _end(self) -> None:
        self.finished.set()
        if self._left is not None:
            self._left()
