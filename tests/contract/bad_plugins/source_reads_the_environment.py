"""Says in the alert on which machine it was read, by its environment."""

import os
from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "touches-no-network-file-or-clock"


class ReadsTheEnvironment(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        return super().stated({**call, "words": f"{call['words']} {os.environ.get('HOSTNAME', '')}"})


source = ReadsTheEnvironment()
samples = (CALL, ENQUIRY)
