"""Escapes what was said, and once more when it is written as XML."""

from html import escape
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_markup import XmlPages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class EscapesTwiceInXml(XmlPages):
    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [{**fields, "text": escape(fields["text"], quote=False)} for fields in super().narrative(notice)]


adapter = EscapesTwiceInXml()
