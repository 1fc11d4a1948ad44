"""Writes where an object lies in memory."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "gives-the-same-bytes-every-time"


class PlaceInMemory(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        return {**super().page(notice), "made": repr(object())}


adapter = PlaceInMemory()
