"""Keeps the parser's own error, which holds the message, behind its refusal."""

from typing import Any

from alertbus.plugin import Stated, UnreadableMessage
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "repeats-nothing-of-the-input-when-it-refuses"


class NamesInCause(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        try:
            return super().stated(call)
        except (ValueError, TypeError, KeyError) as error:
            raise UnreadableMessage(("$", "a whole call")) from ValueError(f"{error}: {call}")


source = NamesInCause()
samples = (
    CALL,
    ENQUIRY,
)
