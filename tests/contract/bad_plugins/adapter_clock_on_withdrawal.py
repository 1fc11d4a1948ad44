"""Reads the clock when an alert is withdrawn."""

import time
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "touches-no-network-file-or-clock"


class ClockOnWithdrawal(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        return {**super().page(notice), "made": (time.time()) if notice.deed == "withdraw" else ""}


adapter = ClockOnWithdrawal()
