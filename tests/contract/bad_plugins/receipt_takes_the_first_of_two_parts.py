"""Looks for a second state within the first part of a receipt, and takes the first of two parts that contradict each other."""

import xml.etree.ElementTree as ET

from alertbus.plugin import ReceiptGiven, Stage, UnreadableMessage
from alertbus.plugin.plain import Plain

RULE = "survives-damaged-receipts"
STATES = {"received": Stage.ACCEPTED, "refused": Stage.REFUSED}


class TakesTheFirstPart(Plain):
    def parse_receipt(self, raw: bytes) -> ReceiptGiven:
        if b"<!DOCTYPE" not in raw:
            try:
                answer = ET.fromstring(raw)
                keys, part = [one.text for one in answer.findall("message")], answer.find("status")
                states = [] if part is None else [one.text for one in part.findall("code")]
            except (ET.ParseError, ValueError, LookupError):
                keys, states = [], []
            if len(keys) == len(states) == 1 and keys[0] and states[0] in STATES:
                return ReceiptGiven(keys[0], STATES[states[0]])
        raise UnreadableMessage(("answer", "`message`, and `status` with a `code`, once each"))


adapter = TakesTheFirstPart()
receipts: tuple[bytes, ...] = (
    b"<answer><message>6f1f0e3b</message><status at='10:15'><code>received</code></status></answer>",
    b"<answer><message>6f1f0e3b</message><status at='10:16'><code>refused</code></status></answer>",
)
