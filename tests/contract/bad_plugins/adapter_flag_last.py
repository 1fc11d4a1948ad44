"""Writes the flag after all else."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "shows-the-flag-first"


class FlagLast(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        page = super().page(notice)
        return dict(reversed(page.items()))


adapter = FlagLast()
