"""Cuts a family name to the 200 characters that an alert takes: half a name is another name."""

from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "carries-long-words-whole-or-refuses-them"


class NamesCut(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        return super().stated({**call, "family": call["family"][:200]})


source = NamesCut()
samples = (
    CALL,
    ENQUIRY,
)
