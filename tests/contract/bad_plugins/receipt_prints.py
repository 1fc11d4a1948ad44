"""Prints what the system answered."""

from typing import Any

from tests.contract.bad_plugins.good_receipts import RECEIVED, REFUSED, Answering

RULE = "reads-a-receipt-from-its-bytes-alone"


class Prints(Answering):
    def note(self, answer: dict[str, Any]) -> str | None:
        print(answer["text"])
        return super().note(answer)


adapter = Prints()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    REFUSED,
)
