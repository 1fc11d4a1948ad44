"""Writes JSON in UTF-8, and names a charset, which JSON does not have: who follows it reads other letters."""

import json
from typing import Any

from alertbus.plugin import Message, Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "gives-back-a-message"


class CharsetOfJson(Pages):
    def message(self, notice: Notice, page: dict[str, Any]) -> Message:
        body = json.dumps(page, ensure_ascii=False).encode()
        return Message(media_type="application/json; charset=iso-8859-1", body=body, filename=f"{notice.id}.json")


adapter = CharsetOfJson()
