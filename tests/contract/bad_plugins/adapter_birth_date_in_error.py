"""Says in a note of an error when the child was born."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "says-nothing-personal-when-it-fails"


class BirthDateInError(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        try:
            return super().page(notice)
        except Exception as error:
            error.add_note(f"born {notice.children[0].born:%d/%m/%Y}")
            raise


adapter = BirthDateInError()
