"""Reads a file."""

from pathlib import Path
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "touches-no-network-file-or-clock"


class OpensAFile(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        Path(__file__).read_text(encoding="utf-8")
        return super().page(notice)


adapter = OpensAFile()
