"""Probation and prison: a notice as an event in the shape of HMPPS domain events, about the adult and about nobody's child.

from alertbus_probation import ProbationAdapter
"""

from collections.abc import Sequence

from alertbus.plugin import Adapter, hookimpl
from alertbus_probation.adapter import ProbationAdapter

__all__ = ["ProbationAdapter", "alertbus_adapters"]


@hookimpl
def alertbus_adapters() -> Sequence[Adapter]:
    return [ProbationAdapter()]
