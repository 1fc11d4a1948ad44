"""Answers in the name that stood in the first sample, whoever answers."""

from typing import Any

from tests.contract.bad_plugins.good_receipts import ACTING, RECEIVED, Answering

RULE = "names-only-whom-a-receipt-names"


class RemembersWho(Answering):
    def by(self, answer: dict[str, Any]) -> str | None:
        return "Ren\u00e9 Postholder" if super().by(answer) else None


adapter = RemembersWho()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    ACTING,
)
