"""Numbers its alerts by how many it has read."""

from typing import Any

from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "reads-the-same-bytes-the-same-way-twice"


class Counts(Calls):
    number = 0

    def id(self, call: dict[str, Any]) -> str:
        self.number += 1
        return f"N-{self.number}"


source = Counts()
samples = (
    CALL,
    ENQUIRY,
)
