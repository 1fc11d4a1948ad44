"""Escapes what was said twice for the XHTML in a string of JSON, where once is right."""

from html import escape

from tests.contract.bad_plugins.good_markup import XhtmlPages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class EscapesTwiceInXhtml(XhtmlPages):
    def text(self, text: str) -> str:
        return escape(escape(text))


adapter = EscapesTwiceInXhtml()
