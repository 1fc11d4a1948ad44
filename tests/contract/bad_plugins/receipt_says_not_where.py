"""Leaves it to the gateway to say what is missing in a receipt."""

from typing import Any

from alertbus.plugin import Intent, ReceiptGiven, Stage, UnreadableMessage
from tests.contract.bad_plugins.good_receipts import ACTING, RECEIVED, Answering

RULE = "says-where-a-receipt-cannot-be-read"


class SaysNotWhere(Answering):
    def read(self, answer: dict[str, Any]) -> ReceiptGiven:
        if answer["state"] != "acting":
            return super().read(answer)
        return ReceiptGiven(self.key(answer), Stage.ACKNOWLEDGED, answer.get("who"), intent=Intent.ACTING)

    def key(self, answer: dict[str, Any]) -> str:
        if not isinstance(answer.get("who"), str | None):
            raise UnreadableMessage(("who", "a name"))
        return super().key(answer)


adapter = SaysNotWhere()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    ACTING,
)
