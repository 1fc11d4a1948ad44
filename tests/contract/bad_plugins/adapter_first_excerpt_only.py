"""Carries the first of several excerpts and leaves out the others."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class FirstExcerptOnly(Pages):
    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return list(super().narrative(notice))[:1]


adapter = FirstExcerptOnly()
