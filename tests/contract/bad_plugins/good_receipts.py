"""An adapter that is Plain but for its receipts, which it reads well. A bad one is this with one fault."""

from typing import Any

from alertbus.plugin import Intent, Message, Notice, ReceiptGiven, Stage, UnreadableMessage
from alertbus.plugin.forms import read_json
from alertbus.plugin.plain import Plain
from alertbus.plugin.receipt_rules import faults_of_receipt

RECEIVED = b'{"message": "6f1f0e3b-58a7-5c1b-9d3e-0a6a4a1f2b3c", "state": "received", "text": "Thank you"}'
REFUSED = b'{"message": "6f1f0e3b-58a7-5c1b-9d3e-0a6a4a1f2b3c", "state": "refused", "text": "No such family: Wintergreen", "code": "E12"}'
ACTING = b'{"message": "6f1f0e3b-58a7-5c1b-9d3e-0a6a4a1f2b3c", "state": "acting", "text": "On it", "who": "Ren\\u00e9 Postholder"}'
PASSED_ON = b'{"message": "6f1f0e3b", "state": "passed on", "text": "", "who": "R. Postholder", "to": "Wilhelmina Sandalwood"}'
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
            answer = read_json(raw)
        except UnreadableMessage:
            answer = None
        try:
            assert isinstance(answer, dict)
            return self.read(answer)
        except UnreadableMessage:
            raise
        except (ValueError, TypeError, LookupError, AssertionError):
            pass
        return self.unread(raw)

    def read(self, answer: dict[str, Any]) -> ReceiptGiven:
        stage, intent = {
            "received": (Stage.ACCEPTED, None),
            "opened": (Stage.SEEN, None),
            "acting": (Stage.ACKNOWLEDGED, Intent.ACTING),
            "passed on": (Stage.ACKNOWLEDGED, Intent.PASSING_ON),
            "not ours": (Stage.ACKNOWLEDGED, Intent.NOT_OURS),
            "refused": (Stage.REFUSED, None),
        }[answer["state"]]
        given = ReceiptGiven(self.key(answer), stage, self.by(answer), intent=intent, note=self.note(answer), to=answer.get("to"))
        if faults_of_receipt(given):
            raise UnreadableMessage(("$", "who answers, in `who`; why not, in `code`; to whom it goes, in `to`"))
        return given

    def by(self, answer: dict[str, Any]) -> str | None:
        return answer.get("who")

    def key(self, answer: dict[str, Any]) -> str:
        assert isinstance(answer["message"], str)
        return answer["message"]

    def note(self, answer: dict[str, Any]) -> str | None:
        code = answer.get("code")
        return code if code in CODES else None

    def unread(self, raw: bytes) -> ReceiptGiven:
        raise UnreadableMessage(("$", "a JSON object with message and state"))
