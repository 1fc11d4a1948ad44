"""Starts a program."""

import subprocess
from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "touches-no-network-file-or-clock"


class Subprocess(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        subprocess.run(["true"], check=False)
        return super().page(notice)


adapter = Subprocess()
