"""Education: a notice to a setting's designated safeguarding lead, by Operation Encompass's minimal profile unless
told otherwise.

from alertbus_education import EducationAdapter, Profile
"""

from collections.abc import Sequence

from alertbus.plugin import Adapter, hookimpl
from alertbus_education.adapter import EducationAdapter, Profile

__all__ = ["EducationAdapter", "Profile", "alertbus_adapters"]


@hookimpl
def alertbus_adapters() -> Sequence[Adapter]:
    return [EducationAdapter()]
