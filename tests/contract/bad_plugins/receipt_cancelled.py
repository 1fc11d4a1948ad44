"""Takes a refusal for a message that was never sent."""

from dataclasses import replace
from typing import Any

from alertbus.plugin import ReceiptGiven, Stage
from tests.contract.bad_plugins.good_receipts import RECEIVED, REFUSED, Answering

RULE = "reads-its-sample-receipts"


class SaysCancelled(Answering):
    def read(self, answer: dict[str, Any]) -> ReceiptGiven:
        given = super().read(answer)
        return replace(given, stage=Stage.CANCELLED) if given.stage is Stage.REFUSED else given


adapter = SaysCancelled()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    REFUSED,
)
