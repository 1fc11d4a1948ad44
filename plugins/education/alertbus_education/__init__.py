"""Education, both ways: a notice to a setting's designated safeguarding lead, by Operation Encompass's minimal profile
unless told otherwise, and Common Transfer Files, which say that a child may have changed school.

from alertbus_education import EducationAdapter, Profile, TransferFiles
"""

import os
from collections.abc import Sequence

from alertbus.plugin import Adapter, Source, hookimpl
from alertbus_education.adapter import EducationAdapter, Profile
from alertbus_education.education_settings import EducationSettings
from alertbus_education.source import TransferFiles

__all__ = ["EducationAdapter", "Profile", "TransferFiles", "alertbus_adapters", "alertbus_sources"]


@hookimpl
def alertbus_adapters() -> Sequence[Adapter]:
    return [EducationAdapter(full=EducationSettings.read(os.environ).full)]


@hookimpl
def alertbus_sources() -> Sequence[Source]:
    return [TransferFiles(schools=EducationSettings.read(os.environ).schools)]
