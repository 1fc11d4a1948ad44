"""Writes what was said into HTML as it is: who reads the page sees nothing of what looks like a tag."""

from typing import Any

from alertbus.plugin import Message, Notice
from tests.contract.bad_plugins.good_markup import HtmlPages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class HtmlNotEscaped(HtmlPages):
    def message(self, notice: Notice, page: dict[str, Any]) -> Message:
        message = super().message(notice, page)
        body = message.body.decode()
        for said in notice.narrative:
            body = body.replace(self.text(said.text), said.text)
        return message.model_copy(update={"body": body.encode()})


adapter = HtmlNotEscaped()
