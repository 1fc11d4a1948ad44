"""Answers in the name of a desk that no receipt names."""

from typing import Any

from tests.contract.bad_plugins.good_receipts import ACTING, RECEIVED, Answering

RULE = "names-only-whom-a-receipt-names"


class InventsWho(Answering):
    def by(self, answer: dict[str, Any]) -> str | None:
        return "Duty Desk" if super().by(answer) else None


adapter = InventsWho()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    ACTING,
)
