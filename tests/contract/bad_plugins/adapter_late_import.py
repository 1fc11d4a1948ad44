"""Imports a part of the bus while it renders, where no plugin may look."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "touches-no-network-file-or-clock"


class LateImport(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        from alertbus import waiting

        return {**super().page(notice), "made_with": waiting.__name__}


adapter = LateImport()
