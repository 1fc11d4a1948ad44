"""Never ends."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "stays-within-time-and-memory"


class Loops(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        if notice.deed == "correct":
            while True:
                pass
        return super().page(notice)


adapter = Loops()
