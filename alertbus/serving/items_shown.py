"""What one person owes by a time or is asked for, as whoever asks is shown it: who answers for what is looked up as in their inbox."""

from collections.abc import Callable
from datetime import datetime

from alertbus.chronicle.item_queries import ItemsAsked, ItemsOf, page_of_parts
from alertbus.chronicle.item_sight import ItemShown, ItemSight
from alertbus.chronicle.worker_items import parts_of_worker
from alertbus.model.errors import Fault, InvalidInput
from alertbus.policy.policy import Policy
from alertbus.serving.inbox_shown import answers_for_now
from alertbus.sql.database import Database
from alertbus.staff.covering import Inquiry
from alertbus.staff.team_book import TeamBook


class ItemsReader:
    """Reads what is owed by persons. What a caller may see is the caller's to decide, and so is the audit of it."""

    def __init__(self, engine: Database, book: TeamBook, policy: Policy, now: Callable[[], datetime]) -> None:
        self._engine, self._book, self._policy, self._now = engine, book, policy, now

    async def of_worker(
        self,
        worker: str,
        agency: str | None,
        sight: ItemSight,
        asked: ItemsAsked,
        of: ItemsOf,
        *,
        limit: int,
        after: str | None,
    ) -> list[ItemShown]:
        """Give what the person of this `ref` owes now, their own or in somebody's place, the earliest due first. Raises `InvalidInput`
        where what is over is asked for: whose it was is not kept.
        """
        if asked is ItemsAsked.ALL:
            raise InvalidInput([Fault("state", "only what is open can be asked of one person; leave out `state` or `worker`")])
        now = self._now()
        theirs = answers_for_now(worker, Inquiry(await self._book.fresh(), now, self._policy))
        parts = parts_of_worker(agency, asked, of, theirs, now)
        return await page_of_parts(self._engine, self._policy, sight, parts, now=now, limit=limit, after=after)
