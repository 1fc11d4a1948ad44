"""Shows the flag with a threat to staff, and with nothing else."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "shows-the-flag-first"


class FlagForOneKind(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        page = super().page(notice)
        return page if notice.obligation.kind == "threat_to_staff" else {**page, "flag": ""}


adapter = FlagForOneKind()
