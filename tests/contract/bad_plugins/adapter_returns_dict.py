"""Gives back a dict."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "gives-back-a-message"


class ReturnsDict(Pages):
    def render(self, notice: Notice) -> Any:
        return dict(self.page(notice))


adapter = ReturnsDict()
