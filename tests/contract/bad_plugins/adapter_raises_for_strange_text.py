"""Takes it that no text has braces in it."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "renders-a-notice-with-optional-fields-absent"


class RaisesForStrangeText(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        return {**super().page(notice), "head": f"{notice.title} {{}}".format("now")}


adapter = RaisesForStrangeText()
