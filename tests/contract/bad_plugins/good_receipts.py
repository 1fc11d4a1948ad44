"""An adapter that is Plain but for its receipts, which it reads well. A bad one is this with one fault."""

import json
from typing import Any

from alertbus.plugin import Message, Notice, ReceiptGiven, Stage, UnreadableMessage
from alertbus.plugin.plain import Plain

RECEIVED = b'{"message": "6f1f0e3b-58a7-5c1b-9d3e-0a6a4a1f2b3c", "state": "received", "text": "Thank you"}'
REFUSED = b'{"message": "6f1f0e3b-58a7-5c1b-9d3e-0a6a4a1f2b3c", "state": "refused", "text": "No such family: Wintergreen", "code": "E12"}'
CODES = ("E12", "E13")


class Answering:
    """Its system says of each message whether it was received."""

    name = "answering"
    sector = "northfield"
    contract = 1
    formats = ("application/json",)

    def render(self, notice: Notice) -> Message:
        return Plain().render(notice)

    def parse_receipt(self, raw: bytes) -> ReceiptGiven:
        try:
            answer = json.loads(raw)
            assert isinstance(answer, dict)
            return self.read(answer)
        except UnreadableMessage:
            raise
        except (ValueError, TypeError, LookupError, AssertionError, RecursionError):
            pass
        return self.unread(raw)

    def read(self, answer: dict[str, Any]) -> ReceiptGiven:
        states = {"received": Stage.ACCEPTED, "refused": Stage.REFUSED}
        return ReceiptGiven(idempotency_key=self.key(answer), stage=states[answer["state"]], note=self.note(answer))

    def key(self, answer: dict[str, Any]) -> str:
        assert isinstance(answer["message"], str)
        return answer["message"]

    def note(self, answer: dict[str, Any]) -> str | None:
        code = answer.get("code")
        return code if code in CODES else None

    def unread(self, raw: bytes) -> ReceiptGiven:
        raise UnreadableMessage(("$", "a JSON object with message and state"))
