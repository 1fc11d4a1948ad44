"""Prints what it could not render."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "writes-nothing-to-the-screen-or-a-log"


class PrintsWhenItFails(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        try:
            return super().page(notice)
        except Exception:
            print(notice.title)
            raise


adapter = PrintsWhenItFails()
