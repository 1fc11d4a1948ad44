"""Makes a person's number the alert's id."""

from typing import Any

from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "puts-no-identifier-in-the-alert-id"


class NumberAsId(Calls):
    def id(self, call: dict[str, Any]) -> str:
        return f"call-{call['crn']}"


source = NumberAsId()
samples = (
    CALL,
    ENQUIRY,
)
