"""Takes its sender from the environment."""

import os
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "touches-no-network-file-or-clock"


class Environment(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        return {**super().page(notice), "made": os.environ.get("NORTHFIELD_SENDER", "")}


adapter = Environment()
