"""What an agency answers: people's answers by name, and receipts of its own systems. Both go to `alertbus.receipts`.

A person's answer is told twice: as a receipt, and to the case (`Answered`), which decides by it who is asked next. In this order: audited;
for a `not_ours` the question to a human; the receipt; the case. Only when all of it stands is the caller answered. Cut short before the
receipt, nothing has been said. Cut short after it, the answer is shown and the case goes on asking, which is one call too many and no
silence; the same answer again completes it, and without that whichever gateway looks next, within seconds (`completion`). So an answer
that is taken back is shown as that at once, and its case asks on within those seconds.
"""

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from alertbus.audit.chain import AuditedDeed
from alertbus.broker.record import Record
from alertbus.chronicle import queries
from alertbus.chronicle.answers import InboxItem
from alertbus.delivery import receipts
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.intake.answer_bodies import Acknowledgement, ActedOn, AnswerTakenBack, faults_of_answer
from alertbus.intake.by_name import Audited, named
from alertbus.intake.callers import Caller
from alertbus.intake.completion import as_the_case_hears_it
from alertbus.intake.exercise_time import exercise_time
from alertbus.intake.patience import until_found
from alertbus.intake.publisher import Publisher
from alertbus.intake.source_calls import set_aside
from alertbus.model import ids
from alertbus.model.errors import BusError, InvalidInput, NotFound, NotUnderstood
from alertbus.model.events import ReviewReason
from alertbus.model.receipt import ANSWERS, Intent, Receipt, Stage
from alertbus.plugin.manager import Plugins
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults
from alertbus.wire import records
from alertbus.wire.words import GATEWAY

_CAN_BE_UNDONE = ANSWERS - {Stage.UNDONE}
_NOT_YOURS = "no such obligation; see that the id is the bus's own, from the inbox or the notice"


class TooLateToUndo(BusError):
    """An answer has stood for so long that others have acted by it: it is not taken back, only answered anew."""

    code = "too_late_to_undo"


class AnswerIntake:
    """Writes receipts. The same answer again gives the same receipt, which has no second effect."""

    def __init__(
        self,
        engine: Database,
        publisher: Publisher,
        plugins: Plugins,
        audited: Audited,
        now: Callable[[], datetime],
        undo_minutes: int = 5,
    ) -> None:
        self._engine, self._publisher, self._plugins, self._audited, self._now = engine, publisher, plugins, audited, now
        self._undo_within = timedelta(minutes=undo_minutes)
        self._ledger = Ledger(engine)

    async def acknowledge(self, obligation_id: str, answer: Acknowledgement, caller: Caller) -> Receipt:
        """Record the answer and give its receipt.

        Raises `NotFound` for an obligation of another agency, exactly as for one that does not exist; `InvalidInput` for what names no
        person, or nobody of the caller's workers, for a `not_ours` without a reason, and for what is passed on to nobody.
        """
        name = named(answer.by)
        if faults := faults_of_answer(answer, caller):
            raise InvalidInput(faults)
        item, to = await self._item(obligation_id, caller), answer.to and answer.to.strip()
        said = (obligation_id, name, answer.role or "", answer.intent, answer.note or "", *filter(None, [to]))
        parts = answer.model_dump(exclude={"by", "to"})
        return await self._answer(await self._receipt(item, Stage.ACKNOWLEDGED, *said, by=name, to=to, **parts), item, caller)

    async def acted(self, obligation_id: str, done: ActedOn, caller: Caller) -> Receipt:
        """Record what was done, and give its receipt (PPN-02). Raises as `acknowledge` does."""
        name, what = named(done.by), done.what.strip()
        if faults := faults_of_answer(done, caller):
            raise InvalidInput(faults)
        item = await self._item(obligation_id, caller)
        parts = {"role": done.role, "intent": Intent.ACTING, "note": what}
        return await self._answer(await self._receipt(item, Stage.ACTED, obligation_id, name, what, by=name, **parts), item, caller)

    async def undo(self, obligation_id: str, receipt_id: str, undoing: AnswerTakenBack, caller: Caller) -> Receipt:
        """Take an answer back, for its agency, and give the receipt of that. Taken back before, it changes nothing.

        Raises `NotFound` for an answer of another agency, exactly as for one that does not exist; `TooLateToUndo` after the policy's
        `escalation.undo_minutes`; `InvalidInput` as `acknowledge` does.
        """
        name = named(undoing.by)
        if faults := faults_of_answer(undoing, caller):
            raise InvalidInput(faults)

        async def given() -> tuple[InboxItem, Receipt] | None:
            item = await self._item(obligation_id, caller)
            found = next((one for one in item.receipts if one.id == receipt_id and one.stage in _CAN_BE_UNDONE), None)
            return None if found is None else (item, found)

        item, answer = await until_found(given, "no such answer to it; see that the id is a receipt's own, as it was given")
        parts = {"role": undoing.role, "intent": answer.intent or Intent.ACTING, "note": undoing.note, "undoes": receipt_id}
        undone = await self._receipt(item, Stage.UNDONE, receipt_id, by=name, **parts)
        if all(one.undoes != receipt_id for one in item.receipts) and undone.at > answer.at + self._undo_within:
            minutes = int(self._undo_within.total_seconds() // 60)
            raise TooLateToUndo(f"an answer is taken back within {minutes} minutes of it. Answer anew: each person's last word counts.")
        receipt = await self._answer(undone, item, caller)

        async def shown() -> bool | None:
            return any(one.id == receipt.id for one in (await self._item(obligation_id, caller)).receipts) or None

        with contextlib.suppress(NotFound):  # it is written, and whoever answers again the same right after this is to be told apart
            await until_found(shown, "not shown yet")
        return receipt

    async def receipt(self, plugin: str, raw: bytes, caller: Caller) -> Receipt:
        """Record an agency system's own acknowledgement, read by its plugin. Raises as `delivery.receipts.parse` does."""
        adapter = next((a for a in self._plugins.adapters.values() if plugin in (a.name, a.sector)), None)
        if adapter is None and (aside := self._plugins.aside_of(plugin, "adapter")) is not None:
            raise set_aside(plugin, aside)
        if adapter is None:
            raise NotFound("no adapter of that name is installed; `alertbus plugin list` shows those that are")
        with database_faults():
            receipt = await receipts.parse(adapter, raw, self._ledger, self._now(), may_answer=caller.acts_for, plugins=self._plugins)
        if receipt.by is not None and (faults := faults_of_answer(receipt, caller)):
            raise NotUnderstood(f"adapter '{adapter.name}': expected in `{faults[0].path}` {faults[0].expected}")
        if receipt.stage not in ANSWERS:
            if receipt.by is not None:
                await self._note(receipt, caller)
            await self._publisher.send(records.receipt_given(receipt, by=GATEWAY))
            return receipt
        try:
            item = await self._item(receipt.obligation_id, caller)
        except NotFound:  # the chronicle has yet to read the notice that was delivered
            return await self._told(receipt, caller)
        return await self._answer(receipt.model_copy(update={"at": await self._moment(item)}), item, caller)

    async def _item(self, obligation_id: str, caller: Caller) -> InboxItem:
        with database_faults():
            item = await queries.obligation(self._engine, obligation_id, now=self._now())
        if not caller.acts_for(item.obligation.agency):
            raise NotFound(_NOT_YOURS)
        return item

    async def _receipt(self, item: InboxItem, stage: Stage, *distinguishing: str, **said: Any) -> Receipt:
        """Make the receipt of an answer. The same `distinguishing` parts are the same answer."""
        owed = item.obligation
        return Receipt(
            id=ids.receipt_id(item.notice.id, stage, "\x1f".join(distinguishing)),
            notice_id=item.notice.id,
            obligation_id=owed.id,
            alert_id=owed.alert_id,
            case_id=owed.case_id,
            agency=owed.agency,
            stage=stage,
            at=await self._moment(item),
            **said,
        )

    async def _moment(self, item: InboxItem) -> datetime:
        """When it was said: never before what it answers, as a clock that was set back would have it, or it would not count."""
        owed = item.obligation
        if owed.exercise is not None:
            return await exercise_time(self._engine, owed.exercise, owed.since)
        return max(self._now(), owed.since)

    async def _answer(self, receipt: Receipt, item: InboxItem, caller: Caller) -> Receipt:
        """Tell an answer. One that was given before is told again as it was; one that was given and taken back is a new one."""
        undone = {one.undoes: one.id for one in item.receipts if one.undoes is not None}
        while receipt.id in undone:
            again = ids.receipt_id(receipt.notice_id, receipt.stage, undone[receipt.id])
            receipt = receipt.model_copy(update={"id": again})
        return await self._told(next((one for one in item.receipts if one.id == receipt.id), receipt), caller)

    async def _told(self, receipt: Receipt, caller: Caller) -> Receipt:
        await self._note(receipt, caller)
        if receipt.stage is Stage.ACKNOWLEDGED and receipt.intent is Intent.NOT_OURS:
            await self._publisher.send(_question(receipt))
        await self._publisher.send(records.receipt_given(receipt, by=GATEWAY))
        await self._publisher.send(records.answered(as_the_case_hears_it(receipt)))
        return receipt

    async def _note(self, receipt: Receipt, caller: Caller) -> None:
        deed, about = AuditedDeed.ANSWERED, (receipt.obligation_id, receipt.alert_id)
        said = receipt.stage if receipt.stage is not Stage.ACKNOWLEDGED else receipt.intent
        await self._audited.note(deed, caller, by=receipt.by, reason=f"answered as {said}", about=about)


def _question(receipt: Receipt) -> Record:
    """A human must look at what an agency calls not its own. It is asked first: if only that is written, nobody may think it settled."""
    return records.review_needed(
        receipt.alert_id,
        ReviewReason.NOT_OURS,
        receipt.at,
        receipt.id,
        alert_id=receipt.alert_id,
        source=receipt.agency,
        detail=receipt.obligation_id,
    )
