"""Refuses one of its own samples."""

from typing import Any

from alertbus.plugin import ReceiptGiven, UnreadableMessage
from tests.contract.bad_plugins.good_receipts import ACTING, RECEIVED, Answering

RULE = "reads-its-sample-receipts"


class RefusesASample(Answering):
    def read(self, answer: dict[str, Any]) -> ReceiptGiven:
        if answer["state"] == "acting":
            raise UnreadableMessage(("state", "`received` or `refused`"))
        return super().read(answer)


adapter = RefusesASample()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    ACTING,
)
