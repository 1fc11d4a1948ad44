"""Names the file by what the child is called."""

from typing import Any

from alertbus.plugin import Message, Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "puts-nothing-personal-in-filename-or-headers"


class LabelInFileName(Pages):
    def message(self, notice: Notice, page: dict[str, Any]) -> Message:
        who = notice.children[0].label if notice.children else None
        plain = "".join(letter for letter in who or "nobody" if letter.isalnum() and letter.isascii()) or "nobody"
        return super().message(notice, page).model_copy(update={"filename": f"{plain}.json"})


adapter = LabelInFileName()
