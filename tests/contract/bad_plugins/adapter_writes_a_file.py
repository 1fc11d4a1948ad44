"""Keeps what it sent."""

import contextlib
import tempfile
from pathlib import Path
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "touches-no-network-file-or-clock"

TAKEN = Path(tempfile.gettempdir()) / "alertbus-never-written"


class WritesAFile(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        with contextlib.suppress(Exception):
            TAKEN.write_text(notice.title)
        return super().page(notice)


adapter = WritesAFile()
