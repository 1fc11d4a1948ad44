"""Logs the title, at a level that most logs leave out."""

import logging
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "writes-nothing-to-the-screen-or-a-log"


class Logs(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        logging.getLogger("northfield").debug("rendering %s", notice.title)
        return super().page(notice)


adapter = Logs()
