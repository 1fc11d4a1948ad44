"""Puts the first words before the whole."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class Preview(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        page = super().page(notice)
        return {**page, "preview": [excerpt.text[:50] for excerpt in notice.narrative]}


adapter = Preview()
