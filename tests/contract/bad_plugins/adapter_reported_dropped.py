"""Says putative, and not reported."""

from typing import Any

from alertbus.plugin import NoticePerson
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "keeps-certainty-beside-the-relation"


class ReportedDropped(Pages):
    def person(self, person: NoticePerson) -> dict[str, Any]:
        fields = super().person(person)
        return {**fields, "certainty": fields["certainty"] if fields["certainty"] == "putative" else None}


adapter = ReportedDropped()
