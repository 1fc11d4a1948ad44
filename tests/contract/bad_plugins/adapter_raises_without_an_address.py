"""Takes it that every child has an address."""

from typing import Any

from alertbus.plugin import NoticePerson
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "renders-a-notice-with-optional-fields-absent"


class RaisesWithoutAnAddress(Pages):
    def person(self, person: NoticePerson) -> dict[str, Any]:
        return {**super().person(person), "lives_at": person.addresses[0].lines if person.child else None}


adapter = RaisesWithoutAnAddress()
