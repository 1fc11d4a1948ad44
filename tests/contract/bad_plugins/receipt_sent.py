"""Says what the bus alone knows: that the message was sent."""

from dataclasses import replace
from typing import Any

from alertbus.plugin import ReceiptGiven, Stage
from tests.contract.bad_plugins.good_receipts import RECEIVED, REFUSED, Answering

RULE = "reads-its-sample-receipts"


class SaysSent(Answering):
    def read(self, answer: dict[str, Any]) -> ReceiptGiven:
        given = super().read(answer)
        return replace(given, stage=Stage.SENT) if given.stage is Stage.ACCEPTED else given


adapter = SaysSent()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    REFUSED,
)
