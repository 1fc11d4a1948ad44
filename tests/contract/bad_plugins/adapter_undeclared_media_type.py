"""Writes a media type that `formats` does not name."""

from typing import Any

from alertbus.plugin import Message, Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "writes-the-formats-it-declares"


class UndeclaredMediaType(Pages):
    def message(self, notice: Notice, page: dict[str, Any]) -> Message:
        made = super().message(notice, page)
        return made.model_copy(update={"media_type": "application/problem+json"}) if notice.deed == "escalate" else made


adapter = UndeclaredMediaType()
