"""Opens a socket."""

import socket
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "touches-no-network-file-or-clock"


class Socket(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        socket.create_connection(("127.0.0.1", 9), timeout=0.1)
        return super().page(notice)


adapter = Socket()
