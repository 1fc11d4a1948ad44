"""What is owed by a time, as whoever asks may see it: that others' was looked at is audited, by case, before it is shown (CLK-12)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle.inbox_order import EVERYTHING
from alertbus.chronicle.item_queries import ItemsAsked, ItemsOf, items_owed, page_of_parts
from alertbus.chronicle.item_sight import ItemShown
from alertbus.chronicle.worker_items import parts_of_worker
from alertbus.intake.callers import Caller
from alertbus.intake.intake import Intake
from alertbus.model.errors import Fault, InvalidInput
from alertbus.model.rights import Right
from alertbus.serving.inbox_shown import answers_for_now
from alertbus.staff.covering import Inquiry


@dataclass(frozen=True, slots=True)
class ItemsWanted:
    """Which items: `owner` narrows them to what one agency owes; the rest is as in `item_queries.items_owed`."""

    which: ItemsAsked = ItemsAsked.OPEN
    case_id: str | None = None
    owner: str | None = None
    exercise: str | None = EVERYTHING
    limit: int = 100
    after: str | None = None
    as_agency: bool = False
    """As an agency sees it, also for who holds cases."""
    worker: str | None = None
    """The `ref` of one person of the caller's agency: what they owe or are asked for now, their own or in somebody's place."""


@dataclass(frozen=True, slots=True)
class ItemsPage:
    """Items, the earliest due first, and the id to ask on with, if there is more."""

    items: tuple[ItemShown, ...]
    next: str | None


async def items_shown(intake: Intake, caller: Caller, wanted: ItemsWanted, now: datetime, *, by: str | None = None) -> ItemsPage:
    """Give a page. `by` is the person who reads. Raises `BrokerUnavailable` or `DatabaseUnavailable` where the audit cannot be written,
    `NotAllowed` and `InvalidInput` as one person's are asked for.
    """
    found = await (_of_all if wanted.worker is None else _of_worker)(intake, caller, wanted, now)
    page = found[: wanted.limit]
    await audit_of_others(intake, caller, page, by=by)
    return ItemsPage(tuple(page), page[-1].id if len(found) > wanted.limit else None)


async def audit_of_others(intake: Intake, caller: Caller, shown: Sequence[ItemShown], *, by: str | None = None) -> None:
    """Note that others' items were looked at, by case. What an agency owes itself is its inbox, which is not audited (README, rights)."""
    others = sorted({one.case_id for one in shown if one.agency != caller.agency})
    if others and caller.agency is not None:
        await intake.audited.note(AuditedDeed.ITEMS_READ, caller, about=others, reason="read what is owed on the case", by=by)


async def _of_all(intake: Intake, caller: Caller, wanted: ItemsWanted, now: datetime) -> list[ItemShown]:
    sight = caller.item_sight(as_agency=wanted.as_agency)
    asked = partial(items_owed, intake.engine, intake.policy, sight, wanted.which, case_id=wanted.case_id, owner=wanted.owner)
    return await asked(exercise=wanted.exercise, now=now, limit=wanted.limit + 1, after=wanted.after)


async def _of_worker(intake: Intake, caller: Caller, wanted: ItemsWanted, now: datetime) -> list[ItemShown]:
    """What is over is not asked of one person: whose it was is not kept."""
    caller.must(Right.RECEIVE)
    if wanted.which is ItemsAsked.ALL:
        raise InvalidInput([Fault("state", "only what is open can be asked of one person; leave out `state` or `worker`")])
    theirs = answers_for_now(wanted.worker or "", Inquiry(await intake.teams.book.fresh(), now, intake.policy))
    of = ItemsOf(wanted.case_id, exercise=wanted.exercise, owner=wanted.owner)
    parts = parts_of_worker(caller.agency, wanted.which, of, theirs, now)
    sight = caller.item_sight(as_agency=wanted.as_agency)
    return await page_of_parts(intake.engine, intake.policy, sight, parts, now=now, limit=wanted.limit + 1, after=wanted.after)
