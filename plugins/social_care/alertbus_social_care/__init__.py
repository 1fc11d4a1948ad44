"""Children's social care: a notice as what to read and, in the words of the Children in Need census, what to record; and changes of a
case that a case system tells in the same words.

from alertbus_social_care import SocialCareAdapter
"""

from collections.abc import Sequence

from alertbus.plugin import Adapter, Source, hookimpl
from alertbus_social_care.adapter import SocialCareAdapter
from alertbus_social_care.census import Census
from alertbus_social_care.source import CinChanges

__all__ = ["Census", "CinChanges", "SocialCareAdapter", "alertbus_adapters", "alertbus_sources"]


@hookimpl
def alertbus_adapters() -> Sequence[Adapter]:
    return [SocialCareAdapter()]


@hookimpl
def alertbus_sources() -> Sequence[Source]:
    return [CinChanges()]
