"""Health: a notice as a FHIR R4 Bundle, the answers of BaRS and other FHIR receivers read back, and what CP-IS holds of a child.

from alertbus_health import CpisSource, HealthAdapter
"""

import os
from collections.abc import Sequence

from alertbus.plugin import Adapter, AlertKind, Source, hookimpl
from alertbus_health.adapter import HealthAdapter
from alertbus_health.cpis import CpisSource
from alertbus_health.health_settings import HealthSettings
from alertbus_health.kinds import CPIS_ACCESSED

__all__ = ["CpisSource", "HealthAdapter", "alertbus_adapters", "alertbus_kinds", "alertbus_sources"]


@hookimpl
def alertbus_adapters() -> Sequence[Adapter]:
    return [HealthAdapter.of(HealthSettings.read(os.environ))]


@hookimpl
def alertbus_sources() -> Sequence[Source]:
    return [CpisSource()]


@hookimpl
def alertbus_kinds() -> Sequence[AlertKind]:
    return [CPIS_ACCESSED]
