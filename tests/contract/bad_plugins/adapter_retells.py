"""Tells what was said in a sentence of its own."""

import re
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "carries-verbatim-text-whole-or-not-at-all"

_LONG = re.compile(r"\w{5,}")


class Retells(Pages):
    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [
            {**fields, "text": "It was said that " + ", ".join(_LONG.findall(fields["text"])[:6])} for fields in super().narrative(notice)
        ]


adapter = Retells()
