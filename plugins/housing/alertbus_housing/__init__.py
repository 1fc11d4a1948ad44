"""Housing: a notice as a landlord's cautionary alert, in the shape and within the limits of Hackney's API.

from alertbus_housing import Code, HousingAdapter
"""

from collections.abc import Sequence

from alertbus.plugin import Adapter, hookimpl
from alertbus_housing.adapter import HousingAdapter
from alertbus_housing.caution import Caution, Code

__all__ = ["Caution", "Code", "HousingAdapter", "alertbus_adapters"]


@hookimpl
def alertbus_adapters() -> Sequence[Adapter]:
    return [HousingAdapter()]
