"""Cannot render anything."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "renders-every-kind-and-deed"


class RaisesAlways(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        raise NotImplementedError


adapter = RaisesAlways()
