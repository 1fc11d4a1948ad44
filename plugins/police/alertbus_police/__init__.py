"""Police, both ways: a notice as POLE-shaped JSON with every field whose absence failed Child Bi present or marked
`not_stated`, and a force's own report in the same shape as an alert.

from alertbus_police import PoliceAdapter, PoliceReports
"""

from collections.abc import Sequence

from alertbus.plugin import Adapter, CasePattern, Source, hookimpl
from alertbus_police.adapter import PoliceAdapter
from alertbus_police.patterns import THREE_GREENS
from alertbus_police.source import PoliceReports, report_schema

__all__ = ["PoliceAdapter", "PoliceReports", "alertbus_adapters", "alertbus_patterns", "alertbus_sources", "report_schema"]


@hookimpl
def alertbus_adapters() -> Sequence[Adapter]:
    return [PoliceAdapter()]


@hookimpl
def alertbus_sources() -> Sequence[Source]:
    return [PoliceReports()]


@hookimpl
def alertbus_patterns() -> Sequence[CasePattern]:
    return [THREE_GREENS]
