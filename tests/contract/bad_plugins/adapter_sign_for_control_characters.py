"""Puts a sign where XML cannot hold what somebody said, and sends the rest as if it were all."""

from typing import Any

from alertbus.plugin import Notice
from alertbus.plugin.wording import excerpt_fields
from tests.contract.bad_plugins.good_markup import XmlPages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class SignForControlCharacters(XmlPages):
    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [excerpt_fields(said) for said in notice.narrative]


adapter = SignForControlCharacters()
