"""Reads everything, and raises nothing."""

from typing import Any

from alertbus.plugin import Stated, UnreadableMessage
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "raises-an-alert-for-at-least-one-sample"


class NeverAlerts(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        raise UnreadableMessage(("type", "something else"))


source = NeverAlerts()
samples = (
    CALL,
    ENQUIRY,
)
