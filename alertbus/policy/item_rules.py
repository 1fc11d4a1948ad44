"""Items: what opens something that somebody owes by a time, who owes it, by when, what closes it, and who hears that it was not recorded.

A rule states where its number comes from. It decides nothing about a family: it says that something was due and has not been recorded
(NOT-07, NOT-08).
"""

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from alertbus.model.base import Word
from alertbus.model.details import Details
from alertbus.policy.within import Within

REVIEW_ON = "review_on"
"""The path of an alert's own review date, which is none of its details."""

Values = tuple[str | bool | None, ...]


class Matching(Word):
    """Which statements a rule means: of these kinds (none: any), whose details say this. `where` gives, by path (`contact.mode`), the
    values of which one must be stated; null stands for "not stated". `unless`: none of these may be.
    """

    kinds: frozenset[str] = frozenset()
    where: Mapping[str, Values] = Field(default_factory=dict)
    unless: Mapping[str, Values] = Field(default_factory=dict)
    stated: tuple[str, ...] = ()
    """Paths of which something must be stated."""
    unstated: tuple[str, ...] = ()
    """Paths of which nothing may be."""
    child_in: str | None = None
    """The path under which the child stands, of a rule with a clock for each child."""

    @property
    def paths(self) -> Iterator[str]:
        yield from (*self.where, *self.unless, *self.stated, *self.unstated)
        if self.child_in is not None:
            yield self.child_in

    @property
    def says_something(self) -> bool:
        return bool(self.kinds or self.where or self.stated)


class CaseCause(StrEnum):
    """What on the case itself opens an item. Values stand in the policy file."""

    CHILD_ON_OPEN_CASE = "child_on_open_case"
    """A child for whom a plan begins or, on a case without plans, with whom the case holder begins to work."""
    OPEN_CASE = "open_case"
    """The same for the whole case: from the first of its children on."""
    LINK = "link"
    """An adult is linked to the case, with one of the `relations`."""


class ItemOpening(Matching):
    """What opens an item."""

    case: CaseCause | None = None
    relations: tuple[str, ...] = ()
    """Words of which a link's relation must contain one."""
    within: Within | None = None
    """How soon, where it differs from the rule's."""
    times: int = Field(default=1, ge=1, le=20)
    """How many such statements in a row open it: the last of them does."""
    within_days: int | None = Field(default=None, ge=1, le=3660)
    """Of several, the span within which all of them must have happened: the last opens it, and so does each further one within the span."""
    same_child: bool = False
    """Of several within a span, all must be about one and the same child of the case."""
    after: Matching | None = None
    """An earlier statement, because of which this one matters: the first such statement after it opens the item."""
    kinds_in: str | None = None
    """The path under which the earlier statement names the kinds that matter, in place of `kinds`."""
    before: str | None = None
    """The path under which the earlier statement gives the day before which this one matters."""
    reset: Matching | None = None
    """What begins the row anew, or ends the earlier statement's waiting."""

    @property
    def paths(self) -> Iterator[str]:
        yield from super().paths
        for other in (self.after, self.reset):
            if other is not None:
                yield from other.paths
        yield from (path for path in (self.kinds_in, self.before) if path is not None)

    @model_validator(mode="after")
    def _one_cause(self) -> Self:
        if (self.case is None) != (self.says_something or self.kinds_in is not None):
            raise ValueError("an opening names either what on the case opens the item (`case`), or which statement does")
        if (self.case is CaseCause.LINK) != bool(self.relations):
            raise ValueError("`relations` belong to `case: link`, and are needed there")
        if self.within_days is not None and (self.times == 1 or self.after is not None):
            raise ValueError("`within_days` says within what span several happen: give `times`, and no `after`")
        if self.same_child and self.within_days is None:
            raise ValueError("`same_child` is asked of several within a span: give `within_days`")
        if self.after is None and (self.kinds_in or self.before):
            raise ValueError("`kinds_in` and `before` say something of the earlier statement: give it as `after`")
        return self


class ItemClosing(Matching):
    """What closes an item: the first such statement at or after whatever opened it."""

    by_anybody: bool = False
    """It may be stated by any agency; else only by the one that owes it."""
    of: Matching | None = None
    """It closes only items whose opening statement is so."""
    same: Mapping[str, str] = Field(default_factory=dict)
    """Paths of the closing statement, each with the path of the opening one under which the same words must stand."""
    about: bool = False
    """The statement must be about whom the item is about: the person who is linked, or the subject of what opened it."""

    @property
    def paths(self) -> Iterator[str]:
        yield from super().paths
        if self.of is not None:
            yield from self.of.paths
        yield from (path for pair in self.same.items() for path in pair)

    @model_validator(mode="after")
    def _some_statement(self) -> Self:
        if not self.says_something and not self.about:
            raise ValueError("a closing says which statement closes the item: give `kinds`, `where` or `stated`")
        return self


class Informed(StrEnum):
    """Who else hears of a lapse, and owes no answer to it."""

    CASE_AGENCIES = "case_agencies"
    CASE_HOLDER = "case_holder"
    PLAN_PARTNERS = "plan_partners"
    SOURCE = "source"
    """The agency that stated what opened the item: whoever asked."""


class ItemRule(Word):
    """The rule for one sort of item."""

    title: str
    opens: tuple[ItemOpening, ...]
    closes: tuple[ItemClosing, ...] = ()
    within: Within | None = None
    """None: the statement that opens it says by when, or nobody does."""
    due_in: tuple[str, ...] = ()
    """The paths under which the opening statement itself says by when: a day, or a number of hours or days."""
    from_told: bool = False
    """Its time counts from when the agencies were told, not from when it happened."""
    asks: str = ""
    """What whoever owes it, and the first of `tells`, are asked as soon as it is opened; empty: nobody is told until it is due."""
    warn: Within | None = None
    """When whoever owes it is reminded, counted as its time is; None for no reminder."""
    warn_before_holidays: bool = False
    """Reminded in the week before the school holidays (`school_holidays`), if they begin while it is open (CLK-07)."""
    agency: str | None = None
    """The agency that owes it. None: the one under `agency_in`, or the one that stated what opened it (`source_owes`), else the case
    holder. An agency that is not on the case at that time owes nothing there: the case holder does."""
    agency_in: str | None = None
    source_owes: bool = False
    role: str | None = None
    """The role that owes it; None: the agency's own."""
    role_in: str | None = None
    """The path under which the opening statement names one of these roles."""
    per_child: bool = False
    while_open: bool = False
    """It runs only while the case is open for the child, or for one of the children."""
    tells: tuple[str, ...] = ()
    """The owner's roles that are told of a lapse, in turn, while nobody by name has answered."""
    informs: frozenset[Informed] = frozenset()
    next_within: Within | None = None
    cite: tuple[str, ...] = Field(min_length=1)

    @property
    def warns(self) -> bool:
        """Whether anybody may be told of it before its time has passed."""
        return bool(self.asks) or self.warn is not None or self.warn_before_holidays

    @property
    def paths(self) -> Iterator[str]:
        for part in (*self.opens, *self.closes):
            yield from part.paths
        yield from (*self.due_in, *(path for path in (self.agency_in, self.role_in) if path is not None))

    def faults(self, roles: frozenset[str], agencies: frozenset[str]) -> Iterator[str]:
        """Name what is wrong with it, given the roles and agencies of the policy."""
        if not self.opens:
            yield "nothing opens it: give at least one entry under `opens`"
        if unknown := sorted({path for path in self.paths if not is_path(path)}):
            yield f"no section of an alert's details has {', '.join(f'`{path}`' for path in unknown)}"
        named = {*self.tells, *((self.role,) if self.role else ())}
        if strange := sorted(named - roles):
            yield f"no agency, kind or chain has the role {', '.join(f'`{role}`' for role in strange)}"
        if self.agency is not None and self.agency not in agencies:
            yield f"`{self.agency}` is no entry of `agencies`"


def is_path(path: str) -> bool:
    """Whether an alert can state something under that path."""
    return path == REVIEW_ON or attributes_of(path) is not None


def attributes_of(path: str) -> tuple[str, str] | None:
    """The attributes of `Details` and of its section by which the value of a path is found; None for a path that no section has."""
    section, _, name = path.partition(".")
    field = Details.model_fields.get(section)
    for word in _sections(field.annotation if field is not None else None):
        for attribute, one in word.model_fields.items():
            if name == (one.alias or attribute):
                return section, attribute
    return None


def _sections(annotation: object) -> Iterator[type[Word]]:
    """The sections among the types of a field: `Meeting | None` has one."""
    for one in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(one, type) and issubclass(one, Word):
            yield one


ItemName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""The name of a rule: it stands on every item that the rule made."""


class SchoolHoliday(Word):
    """A holiday of every year: its first and its last day, as month and day (`07-22`)."""

    first: Annotated[str, Field(pattern=r"^\d\d-\d\d$")]
    last: Annotated[str, Field(pattern=r"^\d\d-\d\d$")]

    @model_validator(mode="after")
    def _days_of_every_year(self) -> Self:
        for day in (self.first, self.last):
            date.fromisoformat(f"2001-{day}")
        return self

    def first_day_in(self, year: int) -> date:
        return date.fromisoformat(f"{year:04}-{self.first}")
