"""Leaves out how certain a relation is."""

from typing import Any

from alertbus.plugin import NoticePerson
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "keeps-certainty-beside-the-relation"


class CertaintyDropped(Pages):
    def person(self, person: NoticePerson) -> dict[str, Any]:
        fields = super().person(person)
        return {**fields, "certainty": None}


adapter = CertaintyDropped()
