"""Turns what a child said about a father into its opposite."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class Negates(Pages):
    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [{**fields, "text": fields["text"].replace("Daddy hurt", "Daddy did not hurt")} for fields in super().narrative(notice)]


adapter = Negates()
