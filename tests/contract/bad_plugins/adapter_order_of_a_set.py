"""Writes what was withheld in the order of a set."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "gives-the-same-bytes-every-time"


class OrderOfASet(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        return {**super().page(notice), "made": list({*notice.withheld, "referrer", notice.sector})}


adapter = OrderOfASet()
