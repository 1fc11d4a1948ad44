"""Health: a notice as a FHIR R4 message Bundle, and the answers of BaRS and other FHIR receivers read back.

from alertbus_health import HealthAdapter
"""

from collections.abc import Sequence

from alertbus.plugin import Adapter, AlertKind, hookimpl
from alertbus_health.adapter import HealthAdapter
from alertbus_health.kinds import CPIS_ACCESSED

__all__ = ["HealthAdapter", "alertbus_adapters", "alertbus_kinds"]


@hookimpl
def alertbus_adapters() -> Sequence[Adapter]:
    return [HealthAdapter()]


@hookimpl
def alertbus_kinds() -> Sequence[AlertKind]:
    return [CPIS_ACCESSED]
