"""Puts a family name into a header."""

from typing import Any

from alertbus.plugin import Message, Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "puts-nothing-personal-in-filename-or-headers"


class FamilyNameInHeader(Pages):
    def message(self, notice: Notice, page: dict[str, Any]) -> Message:
        names = [person.name.family for person in notice.people if person.name and person.name.family]
        return super().message(notice, page).model_copy(update={"headers": {"x-about": " ".join("".join(names).split())}})


adapter = FamilyNameInHeader()
