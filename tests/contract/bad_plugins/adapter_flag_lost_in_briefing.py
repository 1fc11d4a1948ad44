"""Does not show a newcomer the flag."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "shows-the-flag-first-in-a-briefing"


class FlagLostInBriefing(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        page = super().page(notice)
        return {**page, "flag": ""} if notice.briefing else page


adapter = FlagLostInBriefing()
