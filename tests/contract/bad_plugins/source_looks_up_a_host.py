"""Looks up the host of an address in the message."""

import contextlib
import socket
from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "touches-no-network-file-or-clock"


class LooksUpAHost(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        with contextlib.suppress(OSError):
            socket.getaddrinfo("localhost", 80)
        return super().stated(call)


source = LooksUpAHost()
samples = (
    CALL,
    ENQUIRY,
)
