"""Writes times in the machine's time zone."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "gives-the-same-bytes-every-time"


class TimeZone(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        return {**super().page(notice), "made": notice.occurred_at.astimezone().isoformat()}


adapter = TimeZone()
