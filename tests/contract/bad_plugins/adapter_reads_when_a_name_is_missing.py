"""Looks into a file when somebody has no family name."""

from pathlib import Path
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "touches-no-network-file-or-clock"


class ReadsWhenANameIsMissing(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        if any(p.name and not p.name.family for p in notice.children):
            Path(__file__).stat()
        return super().page(notice)


adapter = ReadsWhenANameIsMissing()
