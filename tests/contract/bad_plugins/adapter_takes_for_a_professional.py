"""Takes whoever spoke for a professional."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "says-what-was-not-stated"


class TakesForAProfessional(Pages):
    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [{**f, "said_by": "professional" if f["said_by"] == "not_stated" else f["said_by"]} for f in super().narrative(notice)]


adapter = TakesForAProfessional()
