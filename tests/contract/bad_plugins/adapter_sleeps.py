"""Waits for ten seconds."""

import time
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "stays-within-time-and-memory"


class Sleeps(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        time.sleep(10)
        return super().page(notice)


adapter = Sleeps()
