"""Gives the first message again for a case that it knows."""

from alertbus.plugin import Message, Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "remembers-nothing-of-the-last-notice"


class Caches(Pages):
    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Message] = {}

    def render(self, notice: Notice) -> Message:
        key = (notice.obligation.case_id, notice.title)
        if key not in self._known:
            self._known[key] = super().render(notice)
        return self._known[key] if notice.deed == "escalate" else super().render(notice)


adapter = Caches()
