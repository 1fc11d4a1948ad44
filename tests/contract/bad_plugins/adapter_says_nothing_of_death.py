"""Names a child as if it lived."""

from typing import Any

from alertbus.plugin import NoticePerson
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "says-that-a-child-has-died"


class SaysNothingOfDeath(Pages):
    def person(self, person: NoticePerson) -> dict[str, Any]:
        return {**super().person(person), "died": None}


adapter = SaysNothingOfDeath()
