"""Ambulance services: a notice as a scene safety flag in the form of BaRS, and what such flags and answers say, read back.

from alertbus_ambulance import AmbulanceAdapter, BarsSource
"""

import os
from collections.abc import Sequence

from alertbus.plugin import Adapter, Source, hookimpl
from alertbus_ambulance.adapter import AmbulanceAdapter
from alertbus_ambulance.ambulance_settings import ods_from
from alertbus_ambulance.bars import BarsSource

__all__ = ["AmbulanceAdapter", "BarsSource", "alertbus_adapters", "alertbus_sources"]


@hookimpl
def alertbus_adapters() -> Sequence[Adapter]:
    return [AmbulanceAdapter(ods=ods_from(os.environ))]


@hookimpl
def alertbus_sources() -> Sequence[Source]:
    return [BarsSource()]
