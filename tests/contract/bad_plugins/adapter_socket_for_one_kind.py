"""Opens a socket for a public protection notice, and goes on if that fails."""

import contextlib
import socket
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "touches-no-network-file-or-clock"


class SocketForOneKind(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        if notice.obligation.kind == "ppn":
            with contextlib.suppress(Exception):
                socket.socket()
        return super().page(notice)


adapter = SocketForOneKind()
