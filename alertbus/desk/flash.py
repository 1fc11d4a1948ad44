"""What has just been answered, for the page that follows: in words, with the way to take it back. It is read from the record."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from alertbus.chronicle import queries
from alertbus.desk.desk import Desk
from alertbus.desk.visitor import Visitor
from alertbus.model.errors import NotFound
from alertbus.model.receipt import ANSWERS, Receipt, Stage


@dataclass(frozen=True, slots=True)
class Flash:
    """An answer on record. `until`: when it can no longer be taken back; None where it is too late, or it was taken back."""

    obligation_id: str
    receipt_id: str
    alert_id: str
    title: str
    words: str
    until: datetime | None

    @classmethod
    async def of(cls, desk: Desk, visitor: Visitor, done: str | None) -> "Flash | None":
        """Give the answer that `done` names, `OBLIGATION.RECEIPT`, if it is of the visitor's agency; else None."""
        obligation_id, _, receipt_id = (done or "").partition(".")
        if not receipt_id:
            return None
        now = desk.now()
        try:
            item = await queries.obligation(desk.database, obligation_id, now=now)
        except NotFound:
            return None
        receipt = next((one for one in item.receipts if one.id == receipt_id and one.stage in ANSWERS), None)
        if receipt is None or not visitor.caller.acts_for(item.obligation.agency):
            return None
        until = receipt.at + timedelta(minutes=desk.policy.escalation.undo_minutes)
        stands = receipt.stage is not Stage.UNDONE and all(one.undoes != receipt.id for one in item.receipts)
        words, open_until = _words(receipt, visitor), until if stands and now <= until else None
        return cls(obligation_id, receipt_id, item.obligation.alert_id, item.notice.title, words, open_until)


def _words(receipt: Receipt, visitor: Visitor) -> str:
    who = "You" if receipt.by == visitor.name else receipt.by
    are = "are" if who == "You" else "is"
    if receipt.stage is Stage.UNDONE:
        return f"{who} took the answer back. It waits for an answer again."
    if receipt.stage is Stage.ACTED:
        return f"{who} said what was done."
    return {
        "acting": f"{who} {are} acting on it. Nobody else is asked now.",
        "passing_on": f"{who} passed it on to {receipt.to}. It waits until they say that they act on it.",
        "not_ours": f"{who} said it is not yours. Somebody looks at that; until then it waits for an answer.",
    }[receipt.intent or "acting"]
