"""What an agency answers: acknowledgements by a named person, and receipts of its own systems. Both go to `alertbus.receipts`."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncEngine

from alertbus.chronicle import queries
from alertbus.delivery import receipts
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.intake.callers import Caller
from alertbus.intake.publisher import Publisher
from alertbus.model import ids
from alertbus.model.base import Word
from alertbus.model.errors import Fault, InvalidInput, NotFound
from alertbus.model.events import ReviewReason
from alertbus.model.notice import Intent, Receipt, Stage
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.plugin.manager import Plugins
from alertbus.sql.engine import database_faults
from alertbus.wire import records
from alertbus.wire.words import GATEWAY


class Acknowledgement(Word):
    """A named person's answer to an obligation of their agency: what they will do about it."""

    by: Annotated[str, S.ROUTING] = Field(min_length=1, max_length=120)
    role: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=120)
    intent: Annotated[Intent, S.ROUTING]
    note: Annotated[str | None, S.OBSERVATION] = Field(default=None, max_length=2000)


class AnswerIntake:
    """Writes receipts. The same answer again gives the same receipt id, which has no second effect."""

    def __init__(self, engine: AsyncEngine, publisher: Publisher, plugins: Plugins, now: Callable[[], datetime]) -> None:
        self._engine, self._publisher, self._plugins, self._now = engine, publisher, plugins, now
        self._ledger = Ledger(engine)

    async def acknowledge(self, obligation_id: str, answer: Acknowledgement, caller: Caller) -> Receipt:
        """Record the answer and give its receipt.

        Raises `NotFound` for an obligation of another agency, exactly as for one that does not exist; `InvalidInput` without a name, or
        for a `not_ours` without a reason.
        """
        if not answer.by.strip():
            raise InvalidInput([Fault("by", "the name of the person who acknowledges", "missing")])
        if answer.intent is Intent.NOT_OURS and not (answer.note or "").strip():
            raise InvalidInput([Fault("note", "the reason why it is not yours", "missing")])
        with database_faults():
            item = await queries.obligation(self._engine, obligation_id, now=self._now())
        owed = item.obligation
        if not caller.acts_for(owed.agency):
            raise NotFound("no such obligation; see that the id is the bus's own, from the inbox or the notice")
        detail = "\x1f".join((obligation_id, answer.by, answer.role or "", answer.intent, answer.note or ""))
        receipt = Receipt(
            id=ids.receipt_id(item.notice.id, Stage.ACKNOWLEDGED, detail),
            notice_id=item.notice.id,
            obligation_id=obligation_id,
            alert_id=owed.alert_id,
            case_id=owed.case_id,
            agency=owed.agency,
            stage=Stage.ACKNOWLEDGED,
            at=self._now(),
            **answer.model_dump(),
        )
        await self._publish(receipt)
        return receipt

    async def receipt(self, plugin: str, raw: bytes, caller: Caller) -> Receipt:
        """Record an agency system's own acknowledgement, read by its plugin. Raises as `delivery.receipts.parse` does."""
        adapter = next((a for a in self._plugins.adapters.values() if plugin in (a.name, a.sector)), None)
        if adapter is None:
            raise NotFound("no adapter of that name is installed; `alertbus plugin list` shows those that are")
        with database_faults():
            receipt = await receipts.parse(adapter, raw, self._ledger, self._now())
        if not caller.acts_for(receipt.agency):
            raise NotFound("no message under that idempotency key; quote the one it came with")
        await self._publish(receipt)
        return receipt

    async def _publish(self, receipt: Receipt) -> None:
        """For a `not_ours` the question to a human goes first: if only one of the two is written, nobody may think it settled."""
        if receipt.intent is Intent.NOT_OURS:
            question = records.review_needed(
                receipt.alert_id,
                ReviewReason.NOT_OURS,
                receipt.at,
                receipt.id,
                alert_id=receipt.alert_id,
                source=receipt.agency,
                detail=receipt.obligation_id,
            )
            await self._publisher.send(question)
        await self._publisher.send(records.receipt_given(receipt, by=GATEWAY))
