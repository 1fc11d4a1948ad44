"""A withdrawal looks like a delivery."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "tells-a-withdrawal-from-a-delivery"


class DeedDropped(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        page = super().page(notice)
        return {**page, "deed": None}


adapter = DeedDropped()
