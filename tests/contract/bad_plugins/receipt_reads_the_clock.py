"""Says in the note when it was read."""

from datetime import UTC, datetime
from typing import Any

from tests.contract.bad_plugins.good_receipts import RECEIVED, REFUSED, Answering

RULE = "reads-a-receipt-from-its-bytes-alone"


class ReadsTheClock(Answering):
    def note(self, answer: dict[str, Any]) -> str | None:
        return datetime.now(tz=UTC).isoformat()


adapter = ReadsTheClock()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    REFUSED,
)
