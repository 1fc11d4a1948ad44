"""Takes its ids from chance."""

import uuid
from typing import Any

from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "touches-no-network-file-or-clock"


class Chance(Calls):
    def id(self, call: dict[str, Any]) -> str:
        return str(uuid.uuid4())


source = Chance()
samples = (
    CALL,
    ENQUIRY,
)
