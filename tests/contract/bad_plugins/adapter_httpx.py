"""Asks a web service."""

from typing import Any

import httpx

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "touches-no-network-file-or-clock"


class Httpx(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        httpx.get("http://127.0.0.1:9/")
        return super().page(notice)


adapter = Httpx()
