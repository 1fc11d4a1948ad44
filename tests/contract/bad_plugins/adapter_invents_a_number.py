"""Writes an NHS number where there is none."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "invents-nothing"


class InventsANumber(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        page = super().page(notice)
        return {**page, "nhs_number": "9449305552"}


adapter = InventsANumber()
