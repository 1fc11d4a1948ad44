"""Escapes what was said in plain text, where nobody undoes it."""

from collections.abc import Sequence
from html import escape
from typing import Any

from alertbus.plugin import Message, Notice
from tests.contract.bad_plugins.good_markup import HtmlPages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class EscapesForText(HtmlPages):
    formats: Sequence[str] = ("text/plain",)

    def message(self, notice: Notice, page: dict[str, Any]) -> Message:
        lines = "\n".join(self.lines(page))
        return Message(media_type="text/plain", body=lines.encode(), filename=f"{notice.id}.txt")

    def lines(self, value: Any) -> list[str]:
        if isinstance(value, dict):
            return [f"{name}: {line}" for name, inner in value.items() for line in self.lines(inner)]
        if isinstance(value, list | tuple):
            return [line for inner in value for line in self.lines(inner)]
        return [] if value is None else [str(value)]

    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [{**fields, "text": escape(fields["text"])} for fields in super().narrative(notice)]


adapter = EscapesForText()
