"""What an agency answers: acknowledgements by a named person, and receipts of its own systems. Both go to `alertbus.receipts`."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from pydantic import Field

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle import queries
from alertbus.delivery import receipts
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.intake.by_name import Audited, named
from alertbus.intake.callers import Caller
from alertbus.intake.publisher import Publisher
from alertbus.model import ids
from alertbus.model.base import Word
from alertbus.model.errors import Fault, InvalidInput, NotFound, NotUnderstood
from alertbus.model.events import ReviewReason
from alertbus.model.notice import Intent, Receipt, Stage
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.plugin.manager import Plugins
from alertbus.sql.database import Database
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

    def __init__(self, engine: Database, publisher: Publisher, plugins: Plugins, audited: Audited, now: Callable[[], datetime]) -> None:
        self._engine, self._publisher, self._plugins, self._audited, self._now = engine, publisher, plugins, audited, now
        self._ledger = Ledger(engine)

    async def acknowledge(self, obligation_id: str, answer: Acknowledgement, caller: Caller) -> Receipt:
        """Record the answer and give its receipt.

        Raises `NotFound` for an obligation of another agency, exactly as for one that does not exist; `InvalidInput` for what names no
        person, or nobody of the caller's workers, and for a `not_ours` without a reason.
        """
        name = named(answer.by)
        if faults := _faults_of(name, answer.role, caller):
            raise InvalidInput(faults)
        if answer.intent is Intent.NOT_OURS and not (answer.note or "").strip():
            raise InvalidInput([Fault("note", "the reason why it is not yours", "missing")])
        with database_faults():
            item = await queries.obligation(self._engine, obligation_id, now=self._now())
        owed = item.obligation
        if not caller.acts_for(owed.agency):
            raise NotFound("no such obligation; see that the id is the bus's own, from the inbox or the notice")
        detail = "\x1f".join((obligation_id, name, answer.role or "", answer.intent, answer.note or ""))
        receipt = Receipt(
            id=ids.receipt_id(item.notice.id, Stage.ACKNOWLEDGED, detail),
            notice_id=item.notice.id,
            obligation_id=obligation_id,
            alert_id=owed.alert_id,
            case_id=owed.case_id,
            agency=owed.agency,
            stage=Stage.ACKNOWLEDGED,
            at=self._now(),
            **answer.model_dump(exclude={"by"}),
            by=name,
        )
        await self._note(receipt, caller)
        await self._publish(receipt)
        return receipt

    async def receipt(self, plugin: str, raw: bytes, caller: Caller) -> Receipt:
        """Record an agency system's own acknowledgement, read by its plugin. Raises as `delivery.receipts.parse` does."""
        adapter = next((a for a in self._plugins.adapters.values() if plugin in (a.name, a.sector)), None)
        if adapter is None:
            raise NotFound("no adapter of that name is installed; `alertbus plugin list` shows those that are")
        with database_faults():
            receipt = await receipts.parse(adapter, raw, self._ledger, self._now(), may_answer=caller.acts_for)
        if receipt.by is not None:
            if faults := _faults_of(receipt.by, receipt.role, caller):
                raise NotUnderstood(f"adapter '{adapter.name}': expected in `{faults[0].path}` {faults[0].expected}")
            await self._note(receipt, caller)
        await self._publish(receipt)
        return receipt

    async def _note(self, receipt: Receipt, caller: Caller) -> None:
        deed, about = AuditedDeed.ANSWERED, (receipt.obligation_id, receipt.alert_id)
        await self._audited.note(deed, caller, by=receipt.by, reason=f"answered as {receipt.intent or receipt.stage}", about=about)

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


def _faults_of(name: str, role: str | None, caller: Caller) -> list[Fault]:
    faults = []
    if len(name) < 2 or not name.isprintable():  # noqa: PLR2004  as the audit record has it
        faults.append(Fault("by", "the name of the person who acknowledges, on one line", "missing"))
    elif caller.workers and name.casefold() not in {one.casefold() for one in caller.workers}:
        faults.append(Fault("by", "the name of one of this caller's `workers`, as they stand in ALERTBUS_CALLERS", "not_a_worker"))
    if role is not None and not role.isprintable():
        faults.append(Fault("role", "a role, on one line", "control_character"))
    return faults
