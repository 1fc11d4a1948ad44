"""A school's concern form as alerts: one source, `school`."""

from collections.abc import Sequence

from alertbus.plugin import hookimpl
from alertbus_school.source import School, schema

__all__ = ["School", "alertbus_sources", "schema"]


@hookimpl
def alertbus_sources() -> Sequence[School]:
    return (School(),)
