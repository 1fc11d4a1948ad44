"""Takes its ids from `hash()`."""

from typing import Any

from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "reads-the-same-bytes-the-same-way-on-any-machine"


class HashAsId(Calls):
    def id(self, call: dict[str, Any]) -> str:
        return f"H-{abs(hash(str(call['id'])))}"


source = HashAsId()
samples = (
    CALL,
    ENQUIRY,
)
