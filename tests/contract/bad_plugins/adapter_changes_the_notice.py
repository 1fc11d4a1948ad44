"""Takes things out of the notice, then renders."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "leaves-the-notice-as-it-was"


class ChangesTheNotice(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        page = super().page(notice)
        notice.details.clear()
        return page


adapter = ChangesTheNotice()
