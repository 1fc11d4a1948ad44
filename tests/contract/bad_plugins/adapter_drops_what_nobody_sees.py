"""Takes joiners, soft hyphens and marks of direction out of what was said."""

import unicodedata
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class DropsWhatNobodySees(Pages):
    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [{**fields, "text": self.seen(fields["text"])} for fields in super().narrative(notice)]

    def seen(self, text: str) -> str:
        return "".join(letter for letter in text if unicodedata.category(letter) != "Cf")


adapter = DropsWhatNobodySees()
