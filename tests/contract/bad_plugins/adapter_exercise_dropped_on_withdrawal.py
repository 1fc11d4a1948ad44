"""A rehearsal's end looks real."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "says-that-an-exercise-is-one"


class ExerciseDroppedOnWithdrawal(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        page = super().page(notice)
        return page if notice.deed != "withdraw" else {name: value for name, value in page.items() if name != "exercise"}


adapter = ExerciseDroppedOnWithdrawal()
