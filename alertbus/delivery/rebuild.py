"""The ledger and the built-in inbox, written again from notices and from what delivery itself told of them.

What delivery told as sent, accepted, refused or cancelled is done and goes out no more. All else is open again and is
delivered. Partition an attempt may have been made that nobody told of, it counts as made: the agency may have the message,
so a withdrawal of it must go out too. It comes under the same idempotency key as before.

Not kept in Kafka, and so not as before: how many attempts were made and when the next was due, whether a notice had
been moved to a lane of its own (it will be again), and the moments at which rows were written or an escalation was noted. A
message in the inbox is rendered again from its notice; a plugin that has changed since renders it as it does now.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

import structlog
from sqlalchemy import Connection, Integer, and_, bindparam, case, func, literal, or_, select, update

from alertbus.broker import topics
from alertbus.broker.record import Partition
from alertbus.delivery.addressing import addressed
from alertbus.delivery.channels.inbox import row_of as inbox_row
from alertbus.delivery.ledger.endings import cancel_unsent, open_again
from alertbus.delivery.ledger.rows import LEASED_COLUMNS, STATE_TOLD_BY, Leased, new_row
from alertbus.delivery.ledger.tables import LedgerState, inbox_message, ledger
from alertbus.delivery.outcome import SAID_LATER, Trouble
from alertbus.delivery.render import Renderer
from alertbus.model import watchdog
from alertbus.model.events import NOTICE_OWED, RECEIPT_GIVEN, RECORD_QUARANTINED
from alertbus.model.notice import ENDINGS, Message, Notice
from alertbus.model.receipt import Receipt, Stage
from alertbus.plugin.manager import Plugins
from alertbus.plugin.plain import Plain
from alertbus.policy.load import load_policy
from alertbus.policy.policy import INBOX, Policy
from alertbus.quarantine.entry import read as quarantined
from alertbus.sql.apart import together_or_apart
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import UtcDateTime, database_faults, reading, upsert
from alertbus.sql.rebuild import Restore
from alertbus.staff.staffing import Staffing
from alertbus.staff.team_register import TeamRegister
from alertbus.wire.reading import Understood
from alertbus.wire.words import DELIVERY, words

WORDS = words(NOTICE_OWED, RECEIPT_GIVEN, RECORD_QUARANTINED)

log = structlog.stdlib.get_logger(__name__)

_RENDER_LIMIT_S = 10.0
_AT_ONCE = 500


@dataclass(slots=True)
class LedgerChanges:
    """The changes that a batch of records makes to the ledger: for each kind the parameters of one statement."""

    notices: list[dict[str, Any]] = field(default_factory=list)
    failing: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    later: list[dict[str, Any]] = field(default_factory=list)
    """What a carrier said of a notice after it had taken it."""
    done: list[dict[str, Any]] = field(default_factory=list)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    fallbacks: list[dict[str, Any]] = field(default_factory=list)


def _ends(receipts: Iterable[Receipt]) -> LedgerChanges:
    """Take delivery's own receipts: of each notice the first trouble, the first refusal and the first other end count."""
    found: dict[str, dict[str, dict[str, Any]]] = {"failing": {}, "refused": {}, "done": {}, "later": {}}
    for receipt in receipts:
        state = STATE_TOLD_BY[receipt.stage]
        row = {"of_notice": receipt.notice_id, "now_state": state, "why": receipt.detail, "told_at": receipt.at}
        kind = {LedgerState.FAILED: "failing", LedgerState.REFUSED: "refused"}.get(state, "done")
        if receipt.detail in SAID_LATER:
            kind = "later"
        elif state is LedgerState.ACCEPTED:
            found["later"].setdefault(receipt.notice_id, row)
        found[kind].setdefault(receipt.notice_id, row)
    return LedgerChanges(**{kind: list(rows.values()) for kind, rows in found.items()})


class DeliveryRestore(Restore):
    """Delivery's part of a rebuild. It reads notices, then receipts.

    `committed` is how far delivery had taken notices up, by partition, where that is known. `elsewhere` are the agencies
    with a system of their own, as the settings now have it: the built-in inbox never had their messages.
    """

    def __init__(
        self,
        committed: Mapping[Partition, int],
        plugins: Plugins,
        elsewhere: Collection[str],
        now: Callable[[], datetime],
        policy: Policy | None = None,
    ) -> None:
        self._committed = committed
        self._plugins = plugins
        self._elsewhere = elsewhere
        self._now = now
        self._policy = policy or load_policy()
        self._redriven: dict[str, int] = {}
        self.in_inbox = self.owed_again = 0

    async def begin(self, connection: Transaction) -> None:
        """Need nothing beforehand."""

    def read(self, batch: Iterable[Understood]) -> LedgerChanges:
        receipts: list[Receipt] = []
        notices: list[dict[str, Any]] = []
        attempts: list[dict[str, Any]] = []
        fallbacks: list[dict[str, Any]] = []
        for understood in batch:
            match understood.word:
                case Notice() as notice if not watchdog.is_reserved(exercise=notice.obligation.exercise):  # by now too late to say anything
                    notices.append(self._row(notice, understood))
                    self._note_redriven(notice, understood)
                case Receipt(stage=Stage.COPIED) as receipt:  # its own channel is still owed it
                    fallbacks.append({"of_notice": receipt.notice_id, "channel": receipt.channel, "told_at": receipt.at})
                case Receipt() as receipt if understood.source == DELIVERY and receipt.stage in STATE_TOLD_BY:
                    receipts.append(receipt)  # an agency's own receipt says nothing of what delivery has yet to do
                case _ if understood.record.topic == topics.QUARANTINE:
                    entry = quarantined(understood.record.headers, understood.record.value)
                    if entry is not None and entry.notice_id is not None:
                        attempts.append({"of_notice": entry.notice_id, "at_attempt": entry.attempt})
                case _:
                    pass
        rows = _ends(receipts)
        rows.notices, rows.attempts, rows.fallbacks = notices, attempts, fallbacks
        return rows

    async def write(self, connection: Transaction, rows: LedgerChanges) -> None:
        if rows.notices:
            await _insert(connection, rows.notices)
        for statement, found in (
            (_FAILING, rows.failing),
            (_REFUSED, rows.refused),
            (_DONE, rows.done),
            (_LATER, rows.later),
            (_ATTEMPTS, rows.attempts),
            (_FALLBACK, rows.fallbacks),
        ):
            if found:
                await connection.execute(statement, found)

    async def finish(self, engine: Database) -> None:
        """Fill the inbox; cancel what was withdrawn before anybody tried to send it; give the oldest of each lane its turn."""
        async for put, owed in refill_inbox(engine, self._plugins, self._elsewhere, self._policy):
            self.in_inbox += put
            self.owed_again += owed
        with database_faults():
            async with engine.begin() as connection:
                await connection.run_sync(self._finish, self._now())

    def _finish(self, connection: Connection, now: datetime) -> None:
        for notice_id, attempt in sorted(self._redriven.items()):
            open_again(connection, notice_id, attempt)
        untried = ledger.c.deed.in_(ENDINGS) & (ledger.c.attempts == 0) & ledger.c.done_at.is_(None)
        for body in connection.execute(select(ledger.c.notice).where(untried).order_by(ledger.c.seq)).scalars().all():
            cancel_unsent(connection, Notice.model_validate_json(body), now)
        heads = select(func.min(ledger.c.seq)).where(ledger.c.done_at.is_(None)).group_by(ledger.c.lane)
        connection.execute(update(ledger).where(ledger.c.seq.in_(heads)).values(next_attempt_at=now))

    def _note_redriven(self, notice: Notice, understood: Understood) -> None:
        """A refused notice that was put back is open again, unless something came of it since."""
        attempt = understood.refused_at
        if attempt is not None:
            self._redriven[notice.id] = max(attempt, self._redriven.get(notice.id, 0))

    def _row(self, notice: Notice, understood: Understood) -> dict[str, Any]:
        record = understood.record
        taken_up_to = self._committed.get((record.topic, record.partition))
        untried = taken_up_to is not None and record.offset >= taken_up_to
        row = new_row(notice, understood.data, understood.written_at)
        return row | {"attempts": 0 if untried else 1}


async def _insert(connection: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    """All, or, when the database will not have one of them, the others: that one is in quarantine, as it was before."""

    async def write(some: Sequence[dict[str, Any]]) -> None:
        await connection.execute(upsert(ledger, connection.dialect.name, key=["notice_id"]), some)

    async def refused(row: dict[str, Any], error: str) -> None:
        log.warning("a notice is not in the ledger again", notice_id=row["notice_id"], reason=error)

    await together_or_apart(connection, rows, write, refused)


_OPEN = (ledger.c.notice_id == bindparam("of_notice")) & ledger.c.done_at.is_(None)
_ENDS = {
    "state": bindparam("now_state"),
    "error_class": bindparam("why"),
    "done_at": bindparam("told_at", type_=UtcDateTime()),
    "attempts": 1,
    "fallback_due": None,
}
_REFUSED = (
    update(ledger)  # undelivered, and somebody must hear of it, unless a fallback has it
    .where(_OPEN)
    .values(
        _ENDS
        | {
            "fallback_due": case(
                (ledger.c.fallback.is_(None), bindparam("told_at", type_=UtcDateTime())), else_=literal(None, UtcDateTime())
            )
        }
    )
)
_DONE = (
    update(ledger)  # what was refused, and got through when it was redriven, got through
    .where(ledger.c.notice_id == bindparam("of_notice"), or_(ledger.c.done_at.is_(None), ledger.c.state == LedgerState.REFUSED))
    .values(_ENDS)
)
_LATER = (
    update(ledger)  # a carrier had it, and says that it arrived or, undelivered from then on, that it gave it up
    .where(
        ledger.c.notice_id == bindparam("of_notice"),
        or_(
            ledger.c.state == LedgerState.SENT,
            ledger.c.done_at.is_(None) & or_(*(bindparam("why") == trouble.value for trouble in sorted(SAID_LATER))),
        ),
    )
    .values(
        _ENDS
        | {
            "fallback_due": case(
                (
                    ledger.c.fallback.is_(None) & (bindparam("now_state") == LedgerState.REFUSED.value),
                    bindparam("told_at", type_=UtcDateTime()),
                ),
                else_=literal(None, UtcDateTime()),
            )
        }
    )
)
_FAILING = (
    update(ledger)
    .where(_OPEN)
    .values(
        state=bindparam("now_state"),
        error_class=bindparam("why"),
        failed_at=func.coalesce(ledger.c.failed_at, bindparam("told_at", type_=UtcDateTime())),
        attempts=1,
    )
)
_ATTEMPTS = (
    update(ledger)  # a redrive names the attempt at which a notice was refused
    .where(
        ledger.c.notice_id == bindparam("of_notice"),
        ledger.c.state == LedgerState.REFUSED,
        ledger.c.attempts < bindparam("at_attempt", type_=Integer),
    )
    .values(attempts=bindparam("at_attempt", type_=Integer))
)


_FALLBACK = (
    update(ledger)
    .where(ledger.c.notice_id == bindparam("of_notice"))
    .values(
        fallback=bindparam("channel"),
        fallback_due=None,
        escalated_at=func.coalesce(ledger.c.escalated_at, bindparam("told_at", type_=UtcDateTime())),
    )
)


async def refill_inbox(engine: Database, plugins: Plugins, elsewhere: Collection[str], policy: Policy) -> AsyncIterator[tuple[int, int]]:
    """Put back what the built-in inbox had accepted, as an agency's own channel or as its fallback.

    Yields, batch by batch, how many messages are in it again and how many cannot be. What cannot be rendered any more is owed
    again: its agency does not have it, and delivery goes on trying as with any notice. A copy was written plainly if its plugin
    could not write it, and is again. Each is addressed to who answered when it was accepted, by the teams as they now stand.
    """
    with database_faults():
        staffing = Staffing(await TeamRegister(engine).all())
    renderer = Renderer(plugins, _RENDER_LIMIT_S)
    after = 0
    while True:
        own = and_(ledger.c.state == LedgerState.ACCEPTED, ledger.c.agency.not_in(sorted(elsewhere)))
        query = select(ledger.c.seq, *LEASED_COLUMNS, ledger.c.done_at, ledger.c.fallback, ledger.c.escalated_at, own.label("own")).where(
            ledger.c.seq > after, or_(own, ledger.c.fallback == INBOX)
        )
        with database_faults():
            async with reading(engine) as connection:
                found = (await connection.execute(query.order_by(ledger.c.seq).limit(_AT_ONCE))).all()
        if not found:
            return
        after = found[-1].seq
        put, owed = await _render(renderer, found, lambda notice, at: addressed(notice, staffing, policy, at))
        with database_faults():
            async with engine.begin() as connection:
                if put:
                    await connection.execute(upsert(inbox_message, connection.dialect.name), put)
                if owed:
                    await connection.execute(
                        update(ledger)
                        .where(ledger.c.notice_id.in_(owed))
                        .values(state=LedgerState.WAITING, error_class=Trouble.PLUGIN.value, done_at=literal(None, UtcDateTime()))
                    )
        yield len(put), len(owed)


async def _render(
    renderer: Renderer, found: Sequence[Any], addressed_at: Callable[[Notice, datetime], Notice]
) -> tuple[list[dict[str, Any]], list[str]]:
    put: list[dict[str, Any]] = []
    owed: list[str] = []
    for sector, rows in groupby(sorted(found, key=attrgetter("sector")), attrgetter("sector")):
        some = list(rows)
        leased = [_leased(row, addressed_at) for row in some]
        for row, one, rendered in zip(some, leased, await renderer.render(sector, leased), strict=True):
            result = rendered
            if not isinstance(result, Message) and not row.own:
                (result,) = await renderer.render(Plain.sector, [one])
            if isinstance(result, Message):
                put.append(inbox_row(result, row.agency, row, row.done_at if row.own else row.escalated_at))
            elif row.own:
                owed.append(row.notice_id)
    return put, owed


def _leased(row: Any, addressed_at: Callable[[Notice, datetime], Notice]) -> Leased:
    word = addressed_at(Notice.model_validate_json(row.notice), row.done_at if row.own else row.escalated_at)
    return Leased(**{column.name: getattr(row, column.name) for column in LEASED_COLUMNS}, word=word)
