"""Adds whom the last notice was about."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "remembers-nothing-of-the-last-notice"


class Remembers(Pages):
    def __init__(self) -> None:
        self._last: Notice | None = None

    def page(self, notice: Notice) -> dict[str, Any]:
        last, self._last = self._last, notice
        return {**super().page(notice), "see_also": [p.label for p in last.people] if last else []}


adapter = Remembers()
