"""Writes its own title into the notice."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "leaves-the-notice-as-it-was"


class ChangesAFrozenField(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        object.__setattr__(notice, "title", notice.title.strip() or "none")
        notice.__dict__["summary"] = f"{notice.summary} "
        return super().page(notice)


adapter = ChangesAFrozenField()
