"""Adapters that keep every rule in markup: XML, HTML, and XHTML inside a JSON string. A bad one is one of these with one fault."""

from collections.abc import Sequence
from html import escape
from typing import Any

from alertbus.plugin import Excerpt, Message, Notice
from alertbus.plugin.wording import excerpt_fields
from alertbus.plugin.writing import fits_xml
from tests.contract.bad_plugins.good_adapters import Pages

HELD = "There are words that this form cannot hold. Read them at the desk."


class XmlPages(Pages):
    """As XML: an envelope of codes first, then the page in reading order."""

    formats: Sequence[str] = ("application/xml",)
    media_type = "application/xml"
    declaration = '<?xml version="1.0" encoding="UTF-8"?>'

    def message(self, notice: Notice, page: dict[str, Any]) -> Message:
        envelope = f'<envelope id="{notice.id}" kind="{notice.obligation.kind}" severity="{notice.obligation.severity}"/>'
        written = f"{self.declaration}\n<notice>{envelope}{self.elements(page)}</notice>"
        return Message(media_type=self.media_type, body=self.encoded(written), filename=f"{notice.id}.xml")

    def encoded(self, written: str) -> bytes:
        return written.encode()

    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        """Of a speaker with words that XML cannot hold, none, and that there are some."""
        unfit = {self.speaker(said) for said in notice.narrative if not fits_xml(said.text)}
        told = [excerpt_fields(said) for said in notice.narrative]
        return [
            {**fields, "text": HELD} if self.speaker(said) in unfit else fields for said, fields in zip(notice.narrative, told, strict=True)
        ]

    def speaker(self, said: Excerpt) -> tuple[object, object]:
        return said.said_by, said.observed_first_hand

    def elements(self, value: Any) -> str:
        if isinstance(value, dict):
            return "".join(f'<field name="{self.text(name)}">{self.elements(inner)}</field>' for name, inner in value.items())
        if isinstance(value, list | tuple):
            return "".join(f"<item>{self.elements(inner)}</item>" for inner in value)
        return "" if value is None else self.text(str(value))

    def text(self, text: str) -> str:
        """What is nobody's words may have a sign in the place of what XML cannot hold."""
        return escape("".join(letter if fits_xml(letter) else "\ufffd" for letter in text)).replace("\r", "&#13;")


class XhtmlPages(Pages):
    """As JSON with XHTML in one of its strings, as FHIR has it: what was said is escaped for the XHTML, once."""

    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [{**excerpt_fields(said), "text": f"<div>{self.text(said.text)}</div>"} for said in notice.narrative]

    def text(self, text: str) -> str:
        return escape(text)


class HtmlPages(XmlPages):
    """As HTML, where a character that XML cannot hold may stand."""

    formats: Sequence[str] = ("text/html",)
    media_type = "text/html; charset=utf-8"
    declaration = "<!DOCTYPE html>"

    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [excerpt_fields(said) for said in notice.narrative]

    def text(self, text: str) -> str:
        return escape(text)
