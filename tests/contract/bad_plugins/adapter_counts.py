"""Counts its messages."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "gives-the-same-bytes-every-time"


class Counts(Pages):
    def __init__(self) -> None:
        self._count = 0

    def page(self, notice: Notice) -> dict[str, Any]:
        self._count += 1
        return {**super().page(notice), "number": self._count}


adapter = Counts()
