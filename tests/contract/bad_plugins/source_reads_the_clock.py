"""Takes the moment of arrival from the clock."""

from datetime import UTC, datetime
from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "touches-no-network-file-or-clock"


class ReadsTheClock(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        return super().stated({**call, "at": datetime.now(tz=UTC).isoformat()})


source = ReadsTheClock()
samples = (
    CALL,
    ENQUIRY,
)
