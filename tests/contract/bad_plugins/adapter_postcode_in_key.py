"""Sets a key of its own, of a postcode."""

from typing import Any

from alertbus.plugin import Message, Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "puts-nothing-personal-in-filename-or-headers"


class PostcodeInKey(Pages):
    def message(self, notice: Notice, page: dict[str, Any]) -> Message:
        codes = [address.postcode for person in notice.children for address in person.addresses if address.postcode]
        return super().message(notice, page).model_copy(update={"idempotency_key": "-".join(codes)})


adapter = PostcodeInKey()
