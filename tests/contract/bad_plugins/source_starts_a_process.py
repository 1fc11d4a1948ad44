"""Asks another program about the message."""

import subprocess
from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "touches-no-network-file-or-clock"


class StartsAProcess(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        subprocess.run(["true"], check=False)
        return super().stated(call)


source = StartsAProcess()
samples = (CALL, ENQUIRY)
