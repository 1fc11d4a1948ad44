"""Prints whom a notice is about."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "writes-nothing-to-the-screen-or-a-log"


class Prints(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        print(notice.people)
        return super().page(notice)


adapter = Prints()
