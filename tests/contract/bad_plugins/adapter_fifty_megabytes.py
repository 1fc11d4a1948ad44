"""Makes a message of 50 MB."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "stays-within-time-and-memory"


class FiftyMegabytes(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        return {**super().page(notice), "padding": "x" * 50_000_000}


adapter = FiftyMegabytes()
