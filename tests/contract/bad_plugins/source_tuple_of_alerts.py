"""Gives a tuple in place of a list."""

from alertbus.plugin import Ignored, Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "gives-every-sample-a-defined-outcome"


class TupleOfAlerts(Calls):
    def parse(self, raw: bytes, headers: object) -> list[Stated] | Ignored:
        found = super().parse(raw, headers)
        return tuple(found) if isinstance(found, list) else found  # type: ignore[return-value]


source = TupleOfAlerts()
samples = (
    CALL,
    ENQUIRY,
)
