"""Rendering behind a time limit: a plugin that hangs fails its own notice, and one that hangs again and again is not called.

An adapter that keeps `_LEFT_BEHIND` threads is not called again until one of them comes back.
"""

from collections.abc import Callable, Sequence

import structlog

from alertbus.delivery.ledger.rows import Leased
from alertbus.delivery.outcome import Trouble
from alertbus.delivery.render_threads import Rendered, RenderThreads, RenderWork
from alertbus.model.errors import PluginFault
from alertbus.model.notice import Notice
from alertbus.plugin.manager import Plugins

_LEFT_BEHIND = 2

log = structlog.stdlib.get_logger(__name__)


class Renderer:
    """Turns leased notices into messages, each under its notice's id as idempotency key."""

    def __init__(self, plugins: Plugins, limit_s: float, addressed: Callable[[Notice], Notice] | None = None) -> None:
        """`addressed`: who reads a notice is looked up by it, just before it is rendered."""
        self._plugins = plugins
        self._addressed = addressed
        self._limit_s = limit_s
        self._threads = RenderThreads(limit_s)
        self._own: dict[str, RenderThreads] = {}
        """The threads of sectors whose plugin was slow once, or runs in a process of its own: nobody else's notices wait behind its."""

    async def render(self, sector: str, batch: Sequence[Leased]) -> list[Rendered]:
        """Give one answer for each, in order. One that takes longer than the limit fails alone."""
        results: list[Rendered] = []
        while len(results) < len(batch):
            rest = batch[len(results) :]
            if self._hanging(sector) >= _LEFT_BEHIND:
                log.warning("an agency plugin hangs and is not called", sector=sector, count=len(rest))
                results += [Trouble.PLUGIN] * len(rest)
            else:
                results += await self._render_until_one_hangs(sector, rest)
        return results

    def _hanging(self, sector: str) -> int:
        own = self._own.get(sector)
        return self._threads.hanging[sector] + (own.hanging[sector] if own is not None else 0)

    def _lane(self, sector: str) -> RenderThreads:
        if sector in self._own or sector in self._threads.slow or self._plugins.is_apart(sector):
            return self._own.setdefault(sector, RenderThreads(self._limit_s))
        return self._threads

    async def _render_until_one_hangs(self, sector: str, batch: Sequence[Leased]) -> list[Rendered]:
        work = RenderWork(sector, batch, lambda leased: self._one(sector, leased))
        self._lane(sector).give(work)
        await work.ended()
        if not work.hung:
            return work.results
        done = work.results[: work.seen]
        log.warning("an agency plugin did not render in time", sector=sector, notice_id=batch[work.seen].notice_id, timeout_s=self._limit_s)
        return [*done, Trouble.PLUGIN]

    def _one(self, sector: str, leased: Leased) -> Rendered:
        try:
            notice = leased.word or Notice.model_validate_json(leased.notice)
            if self._addressed is not None:
                notice = self._addressed(notice)
            return self._plugins.render(notice, self._plugins.adapter_for(sector))
        except PluginFault as fault:
            log.warning("an agency plugin broke its contract", sector=sector, notice_id=leased.notice_id, exc_info=fault)
            return Trouble.PLUGIN
        except BaseException as fault:  # whatever a plugin raises must not end the thread unreported
            log.error(  # noqa: TRY400  the gate keeps the class and the place; the text may hold the notice
                "a notice could not be rendered", sector=sector, notice_id=leased.notice_id, exc_info=fault
            )
            return Trouble.PLUGIN
