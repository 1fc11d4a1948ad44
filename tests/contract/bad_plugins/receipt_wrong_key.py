"""Answers for the message that it saw first."""

from typing import Any

from tests.contract.bad_plugins.good_receipts import RECEIVED, REFUSED, Answering

RULE = "answers-for-the-message-that-the-receipt-names"


class WrongKey(Answering):
    def key(self, answer: dict[str, Any]) -> str:
        super().key(answer)
        return "6f1f0e3b-58a7-5c1b-9d3e-0a6a4a1f2b3c"


adapter = WrongKey()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    REFUSED,
)
