"""Writes what time it is."""

from datetime import UTC, datetime
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "touches-no-network-file-or-clock"


class Now(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        return {**super().page(notice), "made": datetime.now(UTC).isoformat()}


adapter = Now()
