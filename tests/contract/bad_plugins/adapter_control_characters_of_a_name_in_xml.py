"""Writes control characters of names and titles into XML; the words of whoever said one it leaves out, as it should."""

from html import escape

from tests.contract.bad_plugins.good_markup import XmlPages

RULE = "gives-back-a-message"


class ControlCharactersOfAName(XmlPages):
    def text(self, text: str) -> str:
        return escape(text).replace("\r", "&#13;")


adapter = ControlCharactersOfAName()
