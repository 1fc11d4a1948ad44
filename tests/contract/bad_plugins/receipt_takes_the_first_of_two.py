"""Takes the first of two states that contradict each other, as `findtext` does."""

import xml.etree.ElementTree as ET

from alertbus.plugin import ReceiptGiven, Stage, UnreadableMessage
from alertbus.plugin.plain import Plain

RULE = "survives-damaged-receipts"
STATES = {"received": Stage.ACCEPTED, "refused": Stage.REFUSED}


class TakesTheFirst(Plain):
    def parse_receipt(self, raw: bytes) -> ReceiptGiven:
        if b"<!DOCTYPE" not in raw:
            try:
                answer = ET.fromstring(raw)
                key, states = answer.findtext("message"), [one.text for one in answer.findall("state")]
            except (ET.ParseError, ValueError, LookupError):
                key, states = None, []
            if key and states and states[0] in STATES and len(answer.findall("message")) == 1:
                return ReceiptGiven(key, STATES[states[0]])
        raise UnreadableMessage(("answer", "`message` and `state`, once each"))


adapter = TakesTheFirst()
receipts: tuple[bytes, ...] = (
    b"<answer><message>6f1f0e3b</message><state>received</state></answer>",
    b"<answer><message>6f1f0e3b</message><state>refused</state></answer>",
)
