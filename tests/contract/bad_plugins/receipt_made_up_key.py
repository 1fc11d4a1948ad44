"""Makes up a key."""

from typing import Any

from tests.contract.bad_plugins.good_receipts import RECEIVED, REFUSED, Answering

RULE = "answers-for-the-message-that-the-receipt-names"


class MadeUpKey(Answering):
    def key(self, answer: dict[str, Any]) -> str:
        return "message-" + super().key(answer)[:8]


adapter = MadeUpKey()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    REFUSED,
)
