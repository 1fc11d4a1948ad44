"""Kinds of alert, rules for items and patterns as a plugin offers them: data, which the policy reads. Public, as `alertbus.plugin` is.

None of it is code that runs when something is decided: what is decided about a case follows from the policy alone, and a replay decides the
same. Only a kind's model of its details runs, once, where the alert comes in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from alertbus.model.base import Word

_NONE: Mapping[str, Any] = MappingProxyType({})


class DetailsSection(Word):
    """What a kind of a plugin's adds to an alert, as a section of `details`. Inherit it.

    Each field is a code, a day, a number or a yes and no, annotated with a `Sensitivity` that says who may see it, as in
    `care: Annotated[Literal["minor_injuries", "maternity"], Sensitivity.OBSERVATION]`. Words have no place here: they go into the
    narrative, which is searched for what may tell of another family and carried byte for byte.
    """


@dataclass(frozen=True, slots=True)
class AlertKind:
    """A kind of alert. `rule` is in the shape of the policy file's `kinds`; an operator's file may say otherwise, field by field.

    `section` is the name under `details`, and `details` the model of what stands there; without a model the kind adds nothing. `may_state`
    are the sectors whose agencies may state it; empty: any.
    """

    name: str
    rule: Mapping[str, Any]
    section: str = ""
    details: type[DetailsSection] | None = None
    may_state: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CaseItem:
    """Something that somebody owes by a time: a rule in the shape of the policy file's `items`."""

    name: str
    rule: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CasePattern:
    """Several statements on a case that together ask for what none of them does alone: so many within so many days, all about one child
    where `same_child` says so. `counts` says which (`kinds`, `where`, `unless`, as in an item's opening), `rule` the rest of an item: what
    is asked, of whom, by when, what closes it and who is told of a lapse.
    """

    name: str
    counts: Mapping[str, Any]
    times: int
    within_days: int
    rule: Mapping[str, Any] = field(default_factory=lambda: _NONE)
    same_child: bool = False

    @property
    def item(self) -> Mapping[str, Any]:
        """The rule as the policy reads it."""
        span = {"times": self.times, "within_days": self.within_days, "same_child": self.same_child}
        return {**self.rule, "opens": [{**self.counts, **span}]}
