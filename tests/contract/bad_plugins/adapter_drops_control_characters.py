"""Takes the characters that XML cannot hold out of what was said, and sends the rest as if it were all."""

from typing import Any

from alertbus.plugin import Notice
from alertbus.plugin.wording import excerpt_fields
from alertbus.plugin.writing import fits_xml
from tests.contract.bad_plugins.good_markup import XmlPages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class DropsControlCharacters(XmlPages):
    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        told = [excerpt_fields(said) for said in notice.narrative]
        return [{**fields, "text": "".join(letter for letter in fields["text"] if fits_xml(letter))} for fields in told]


adapter = DropsControlCharacters()
