"""Health: a notice as a FHIR R4 message Bundle, and the answers of BaRS and other FHIR receivers read back.

from alertbus_health import HealthAdapter
"""

from collections.abc import Sequence

from alertbus.plugin import Adapter, hookimpl
from alertbus_health.adapter import HealthAdapter

__all__ = ["HealthAdapter", "alertbus_adapters"]


@hookimpl
def alertbus_adapters() -> Sequence[Adapter]:
    return [HealthAdapter()]
