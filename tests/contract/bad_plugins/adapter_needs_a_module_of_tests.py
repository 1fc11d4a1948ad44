"""Uses a module that only whoever tests has."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "gives-the-same-bytes-every-time"


class NeedsAModuleOfTests(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        import hypothesis

        return {**super().page(notice), "made_with": hypothesis.__name__}


adapter = NeedsAModuleOfTests()
