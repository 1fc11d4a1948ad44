"""Keeps what the system wrote freely about a message that it refused."""

from typing import Any

from tests.contract.bad_plugins.good_receipts import RECEIVED, REFUSED, Answering

RULE = "repeats-nothing-of-a-receipt-when-it-refuses"


class FreeWordsInNote(Answering):
    def note(self, answer: dict[str, Any]) -> str | None:
        return str(answer["text"])


adapter = FreeWordsInNote()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    REFUSED,
)
