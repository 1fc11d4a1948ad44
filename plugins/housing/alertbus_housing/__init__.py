"""Housing, both ways: a notice as a landlord's cautionary alert, in the shape and within the limits of Hackney's API, and
the events of a landlord's own register as warnings for everybody who visits.

from alertbus_housing import Code, HousingAdapter, HousingCautions
"""

import os
from collections.abc import Sequence

from alertbus.plugin import Adapter, Source, hookimpl
from alertbus_housing.adapter import HousingAdapter, HousingForm
from alertbus_housing.caution import Caution, Code
from alertbus_housing.housing_settings import HousingSettings
from alertbus_housing.source import KINDS, HousingCautions

__all__ = ["Caution", "Code", "HousingAdapter", "HousingCautions", "HousingForm", "alertbus_adapters", "alertbus_sources"]


@hookimpl
def alertbus_adapters() -> Sequence[Adapter]:
    settings = HousingSettings.read(os.environ)
    return [HousingAdapter(codes=settings.codes, events=settings.events)]


@hookimpl
def alertbus_sources() -> Sequence[Source]:
    settings = HousingSettings.read(os.environ)
    return [HousingCautions(kinds={**KINDS, **settings.kinds}, source=settings.source)]
