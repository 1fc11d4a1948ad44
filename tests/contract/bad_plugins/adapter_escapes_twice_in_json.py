"""Escapes what was said as for HTML and writes it into JSON, which undoes no such escape: the reader sees `&lt;`."""

from html import escape
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class EscapesTwiceInJson(Pages):
    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [{**fields, "text": escape(fields["text"])} for fields in super().narrative(notice)]


adapter = EscapesTwiceInJson()
