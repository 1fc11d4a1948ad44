"""Keeps a copy of each message in a file."""

import contextlib
import tempfile
from pathlib import Path
from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "touches-no-network-file-or-clock"


class WritesAFile(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        with contextlib.suppress(OSError):
            Path(tempfile.gettempdir(), "alertbus-bad-source").write_text("a call", "utf-8")
        return super().stated(call)


source = WritesAFile()
samples = (
    CALL,
    ENQUIRY,
)
