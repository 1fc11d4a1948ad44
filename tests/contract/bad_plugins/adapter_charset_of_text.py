"""Writes UTF-8 and says in the media type that it is the Windows code page."""

from alertbus.plugin import Message, Notice
from tests.contract.bad_plugins.adapter_escapes_for_text import EscapesForText

RULE = "gives-back-a-message"


class CharsetOfText(EscapesForText):
    def render(self, notice: Notice) -> Message:
        return super().render(notice).model_copy(update={"media_type": "text/plain; charset=windows-1252"})


adapter = CharsetOfText()
