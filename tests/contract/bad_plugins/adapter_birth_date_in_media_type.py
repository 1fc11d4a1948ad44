"""Puts a birth date into the media type."""

from typing import Any

from alertbus.plugin import Message, Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "puts-nothing-personal-in-filename-or-headers"


class BirthDateInMediaType(Pages):
    def message(self, notice: Notice, page: dict[str, Any]) -> Message:
        born = "".join(f"; profile={person.born:%Y%m%d}" for person in notice.children[:1] if person.born)
        return super().message(notice, page).model_copy(update={"media_type": f"application/json{born}"})


adapter = BirthDateInMediaType()
