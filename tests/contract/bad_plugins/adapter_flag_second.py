"""Writes the title, then the flag."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "shows-the-flag-first"


class FlagSecond(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        page = super().page(notice)
        return {"title": page["title"], **page}


adapter = FlagSecond()
