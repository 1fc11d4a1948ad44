"""Says where it runs."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "invents-nothing"


class PathOfTheMachine(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        page = super().page(notice)
        return {**page, "made_by": "/home/northfield/bin/render"}


adapter = PathOfTheMachine()
