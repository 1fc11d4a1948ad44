"""HMPPS domain events as alerts: one source, `hmpps`. What it reads, ignores and refuses is in its README."""

from collections.abc import Sequence

from alertbus.plugin import hookimpl
from alertbus_hmpps.source import Hmpps

__all__ = ["Hmpps", "alertbus_sources"]


@hookimpl
def alertbus_sources() -> Sequence[Hmpps]:
    return (Hmpps(),)
