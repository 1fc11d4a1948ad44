"""Takes the moment from the clock where the message has none."""

from datetime import UTC, datetime
from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "touches-no-network-file-or-clock"


class ClockWhenMissing(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        return super().stated({"at": datetime.now(tz=UTC).isoformat(), **call})


source = ClockWhenMissing()
samples = (
    CALL,
    ENQUIRY,
)
