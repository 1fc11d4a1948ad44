"""Leaves the flag out."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "shows-the-flag-first"


class FlagDropped(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        page = super().page(notice)
        return {name: value for name, value in page.items() if name != "flag"}


adapter = FlagDropped()
