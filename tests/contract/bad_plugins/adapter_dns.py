"""Looks a host up, and goes on if that fails."""

import contextlib
import socket
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "touches-no-network-file-or-clock"


class Dns(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        with contextlib.suppress(Exception):
            socket.getaddrinfo("localhost", 80)
        return super().page(notice)


adapter = Dns()
