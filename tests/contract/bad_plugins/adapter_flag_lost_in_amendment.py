"""Loses the flag when an alert is amended."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "shows-the-flag-first"


class FlagLostInAmendment(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        page = super().page(notice)
        return page if notice.deed != "amend" else {**page, "flag": ""}


adapter = FlagLostInAmendment()
