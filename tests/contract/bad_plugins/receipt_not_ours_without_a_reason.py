"""Calls a message not theirs, and keeps the reason to itself."""

from dataclasses import replace
from typing import Any

from alertbus.plugin import Intent, ReceiptGiven
from tests.contract.bad_plugins.good_receipts import ACTING, RECEIVED, Answering

RULE = "reads-its-sample-receipts"


class NotOursWithoutReason(Answering):
    def read(self, answer: dict[str, Any]) -> ReceiptGiven:
        given = super().read(answer)
        return replace(given, intent=Intent.NOT_OURS) if given.by else given


adapter = NotOursWithoutReason()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    ACTING,
)
