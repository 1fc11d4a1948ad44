"""Makes a space of a no-break space."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class NoBreakSpaceMadeASpace(Pages):
    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [{**fields, "text": fields["text"].replace("\u00a0", " ")} for fields in super().narrative(notice)]


adapter = NoBreakSpaceMadeASpace()
