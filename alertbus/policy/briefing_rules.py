"""What is given to whoever arrives on a case, and how repeated alerts on one matter are shown.

The fifteen working days are of TUR-03; every other number here is ours: the review asks for a window and names none.
"""

from collections.abc import Mapping

from pydantic import Field

from alertbus.model.base import Word


class BriefingRules(Word):
    """What holds for every arrival."""

    successors: Mapping[str, str] = Field(default_factory=dict)
    """Agency → the agency that takes over from it when its part on a case ends (END-03)."""
    changes_within_days: int = Field(default=14, ge=0, le=366)
    """Arrivals at two or more agencies within so many days are one change of several, and their managers are told of it (TUR-10)."""
    handover_within_days: int = Field(default=7, ge=0, le=366)
    """A worker of whom a handover is told, and who is recorded on the case within so many days of that, is the same arrival: they are
    briefed once. Ours: agencies write up a change within their working week; after that, what was told is no longer what stands.
    """
    conference_working_days: int = Field(default=15, ge=0, le=366)
    """A change of worker within so many working days after an initial conference falls at a critical moment (TUR-03)."""


class FoldingRules(Word):
    """When alerts are on one matter: the same kind, the same people, the same stating agency, within so many days (OOH-05, NOT-25). It is
    counted on the later notice; every alert is told at once, and keeps an answer of its own.
    """

    within_days: int = Field(default=28, ge=0, le=366)
