"""Reads its table when it is called for the first time."""

from pathlib import Path
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "touches-no-network-file-or-clock"


class FirstCallOnly(Pages):
    def __init__(self) -> None:
        self._ready = len(Path(__file__).read_text(encoding="utf-8"))

    def __setstate__(self, state: object) -> None:
        self._ready = 0

    def page(self, notice: Notice) -> dict[str, Any]:
        if not self._ready:
            self._ready = len(Path(__file__).read_text(encoding="utf-8"))
        return super().page(notice)


adapter = FirstCallOnly()
