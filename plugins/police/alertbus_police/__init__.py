"""Police: a notice as POLE-shaped JSON with every field whose absence failed Child Bi present or marked `not_stated`.

from alertbus_police import PoliceAdapter
"""

from collections.abc import Sequence

from alertbus.plugin import Adapter, hookimpl
from alertbus_police.adapter import PoliceAdapter

__all__ = ["PoliceAdapter", "alertbus_adapters"]


@hookimpl
def alertbus_adapters() -> Sequence[Adapter]:
    return [PoliceAdapter()]
