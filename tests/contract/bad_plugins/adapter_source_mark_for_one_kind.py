"""Hides the source of a school's concern alone."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "keeps-the-mark-that-hides-the-source"


class SourceMarkForOneKind(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        page = super().page(notice)
        return (
            page
            if notice.obligation.kind == "school_concern"
            else {name: value for name, value in page.items() if name != "do_not_reveal_source"}
        )


adapter = SourceMarkForOneKind()
