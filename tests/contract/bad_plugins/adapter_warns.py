"""Warns of a notice without people."""

import warnings
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "writes-nothing-to-the-screen-or-a-log"


class Warns(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        if not notice.people:
            warnings.warn(f"nobody in {notice.title}", stacklevel=1)
        return super().page(notice)


adapter = Warns()
