"""Gives back text."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "gives-back-a-message"


class ReturnsText(Pages):
    def render(self, notice: Notice) -> Any:
        return str(super().render(notice))


adapter = ReturnsText()
