"""Puts stars for swear words."""

import re
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "carries-verbatim-text-whole-or-not-at-all"

_RUDE = re.compile(r"\b(?:fuck\w*|bitch|cunt|bastard|shit)\b")


class StarsSwearWords(Pages):
    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [
            {**fields, "text": _RUDE.sub(lambda found: found[0][0] + "*" * (len(found[0]) - 1), fields["text"])}
            for fields in super().narrative(notice)
        ]


adapter = StarsSwearWords()
