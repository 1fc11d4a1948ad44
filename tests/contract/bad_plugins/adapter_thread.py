"""Goes on in a thread."""

import threading
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "touches-no-network-file-or-clock"


class Thread(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        threading.Thread(target=len, args=("",)).start()
        return super().page(notice)


adapter = Thread()
