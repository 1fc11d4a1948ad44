"""Items: what opens something that somebody owes by a time, who owes it, by when, what closes it, and who hears that it was not recorded.

A rule states where its number comes from. It decides nothing about a family: it says that something was due and has not been recorded
(NOT-07, NOT-08).
"""

from collections.abc import Mapping

from pydantic import Field

from alertbus.model.base import Word
from alertbus.policy.within import Within


class Matching(Word):
    """Which statements a rule means: of these kinds (none: any), whose details say this. `where` gives, by path (`contact.mode`), the
    values of which one must be stated.
    """

    kinds: frozenset[str] = frozenset()
    where: Mapping[str, tuple[str | bool, ...]] = Field(default_factory=dict)


class ItemRule(Word):
    """The rule for one sort of item."""

    title: str
    opens: tuple[Matching, ...] = Field(min_length=1)
    closes: tuple[Matching, ...] = ()
    within: Within | None = None
    """None: the statement that opens it says by when."""
    agency: str | None = None
    """The agency that owes it; None: the one that the statement names (`action.owner`, `request.to`), else the case holder."""
    role: str | None = None
    per_child: bool = False
    tells: tuple[str, ...] = ()
    """The owner's roles that are told of a lapse, in turn, while nobody by name has answered."""
    next_within: Within | None = None
    cite: tuple[str, ...] = Field(min_length=1)
