"""Writes control characters of what was said into XML, which no reader of XML takes; those of other fields it does not."""

from html import escape
from typing import Any

from alertbus.plugin import Notice
from alertbus.plugin.wording import excerpt_fields
from tests.contract.bad_plugins.good_markup import XmlPages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class AsItIs(str):
    """Words that are written as they are."""

    __slots__ = ()


class ControlCharactersInXml(XmlPages):
    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [{**excerpt_fields(said), "text": AsItIs(said.text)} for said in notice.narrative]

    def elements(self, value: Any) -> str:
        return escape(value).replace("\r", "&#13;") if type(value) is AsItIs else super().elements(value)


adapter = ControlCharactersInXml()
