"""Gathers memory without end."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "stays-within-time-and-memory"

HELD: list[bytearray] = []


class Grows(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        return {
            **super().page(notice),
            "padding": sum(len(part) for part in iter(lambda: HELD.append(bytearray(10_000_000)) or HELD[-1], None)),
        }


adapter = Grows()
