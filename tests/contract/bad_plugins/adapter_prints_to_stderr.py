"""Writes to stderr when nobody has a name."""

import sys
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "writes-nothing-to-the-screen-or-a-log"


class PrintsToStderr(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        if notice.obligation.kind == "death":
            sys.stderr.write("no name for this one")
        return super().page(notice)


adapter = PrintsToStderr()
