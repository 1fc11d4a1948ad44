"""Says in an error whom the notice is about."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "says-nothing-personal-when-it-fails"


class NamesInError(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        try:
            return super().page(notice)
        except Exception as error:
            raise ValueError(f"no page for {notice.children[0].label}") from error


adapter = NamesInError()
