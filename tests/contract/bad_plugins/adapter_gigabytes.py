"""Makes a message of 1.5 GB."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "stays-within-time-and-memory"


class Gigabytes(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        return {**super().page(notice), "padding": "x" * 1_500_000_000}


adapter = Gigabytes()
