"""Numbers people by `hash()`."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "gives-the-same-bytes-every-time"


class Hash(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        return {**super().page(notice), "made": [hash(p.ref) for p in notice.people]}


adapter = Hash()
