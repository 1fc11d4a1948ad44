"""Cannot render a birth."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "renders-every-kind-and-deed"


class RaisesForOneKind(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        if notice.obligation.kind == "birth":
            raise KeyError("no template")
        return super().page(notice)


adapter = RaisesForOneKind()
