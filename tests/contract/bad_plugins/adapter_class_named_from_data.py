"""Raises an error whose class has a person's name."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "says-nothing-personal-when-it-fails"


class ClassNamedFromData(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        try:
            return super().page(notice)
        except Exception as error:
            raise type(f"NoPageFor{notice.people[0].name.family}", (ValueError,), {})("no page") from error


adapter = ClassNamedFromData()
