"""Numbers its messages by a random UUID."""

import uuid
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "touches-no-network-file-or-clock"


class RandomUuid(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        return {**super().page(notice), "made": str(uuid.uuid4())}


adapter = RandomUuid()
