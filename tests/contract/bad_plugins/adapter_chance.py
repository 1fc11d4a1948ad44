"""Numbers its messages by chance."""

import random
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "touches-no-network-file-or-clock"


class Chance(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        return {**super().page(notice), "made": random.random()}


adapter = Chance()
