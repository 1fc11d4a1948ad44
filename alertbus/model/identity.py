"""What is said about who is who: that numbers or records are one person's, or that they are not (DESIGN section 14).

A source says it of numbers (prisons merge two records of one man), a person says it of people on case files or of numbers.
"""

from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from alertbus.model.base import Moment, Word
from alertbus.model.case import CASE_ID
from alertbus.model.identifiers import Identifier
from alertbus.model.person import KEY
from alertbus.model.sensitivity import Sensitivity as S


class PersonPointer(Word):
    """One person, pointed at in one way: by a number, as somebody on a case file (`case_id`, `key`), as an alert's person (`alert_id` and
    `entry`, which counts its subjects and then its children), or by the directory's id.
    """

    identifier: Annotated[Identifier | None, S.IDENTITY] = None
    """By a number."""
    case_id: Annotated[str | None, S.ROUTING] = Field(default=None, pattern=CASE_ID)
    """The case on which they stand, with `key`."""
    key: Annotated[str | None, S.ROUTING] = Field(default=None, pattern=KEY)
    """What they are called there."""
    alert_id: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=60)
    """The bus's id of an alert, with `entry`."""
    entry: Annotated[int | None, S.ROUTING] = Field(default=None, ge=0, le=100)
    """Which of its people: subjects are counted first, then children."""
    person_id: Annotated[str | None, S.ROUTING] = Field(default=None, pattern=r"^[0-9a-f-]{36}$")
    """The directory's id."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        """Point in one way and no second one: `identifier`, `case_id` with `key`, `alert_id` with `entry`, or `person_id`."""
        if (self.case_id is None) != (self.key is None) or (self.alert_id is None) != (self.entry is None):
            raise ValueError("`case_id` and `key` belong together, and so do `alert_id` and `entry`")
        if sum(way is not None for way in (self.identifier, self.case_id, self.alert_id, self.person_id)) != 1:
            raise ValueError("point in one way: `identifier`, `case_id` with `key`, `alert_id` with `entry`, or `person_id`")
        return self


class _AboutWhoIsWho(Word):
    """`(source, id)` names the statement; stating it twice has no second effect. `at` is when its source recorded it; the later stands.

    `people` are the ones it speaks of, at least two. `exercise` names a rehearsal, whose people are never real ones.
    """

    id: Annotated[str, S.ROUTING] = Field(min_length=1, max_length=200)
    """The agency's own id for the statement."""
    source: Annotated[str, S.ROUTING] = Field(pattern=r"^[a-z][a-z0-9_]{0,39}(\.[A-Za-z0-9_-]{1,60}){0,3}$")
    """The agency, and after a dot its system."""
    at: Annotated[Moment, S.ROUTING]
    """When the agency recorded it, with its offset."""
    people: Annotated[tuple[PersonPointer, ...], S.IDENTITY] = Field(min_length=2, max_length=20)
    """Those it speaks of, at least two."""
    by: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=120)
    """Who decided it, when a person did."""
    exercise: Annotated[str | None, S.ROUTING] = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,60}$")
    """The name of a rehearsal; None is real."""
    taken_back: Annotated[bool, S.ROUTING] = False
    """The statement of this source and id counts no longer, nor what followed from it."""

    @property
    def agency(self) -> str:
        """The agency that states it: the first part of `source`."""
        return self.source.partition(".")[0]


class PersonMerged(_AboutWhoIsWho):
    """All of `people` are one person."""

    type: ClassVar[str] = "uk.alertbus.person.merged.v1"


class PersonSplit(_AboutWhoIsWho):
    """Each of `people` is somebody else: what joined them before counts no longer."""

    type: ClassVar[str] = "uk.alertbus.person.split.v1"


class ReviewOutcome(StrEnum):
    """How a person decided a doubt. Values are stable."""

    SAME = "same"
    """The person in question is the candidate named."""
    DIFFERENT = "different"
    """None of the candidates is the person in question."""
    SEEN = "seen"
    """Nothing was to be decided about who is who: a person has looked and dealt with it."""
    RELEASE = "release"
    """The words that were held back go to the case's agencies, as an amendment of what they were told."""
    KEEP = "keep"
    """The words that were held back stay back, for good."""
    REOPENED = "reopened"
    """An earlier decision is taken back, and what followed from it."""


class ReviewDecided(Word):
    """A person's decision about one review item, on `review` beside it. The latest stands."""

    type: ClassVar[str] = "uk.alertbus.review.decided.v1"
    id: Annotated[str, S.ROUTING]
    """The review item's."""
    outcome: Annotated[ReviewOutcome, S.ROUTING]
    at: Annotated[Moment, S.ROUTING]
    by: Annotated[str, S.ROUTING] = Field(min_length=1, max_length=120)
    person_id: Annotated[str | None, S.ROUTING] = None
    """For `same`: which candidate."""
    note: Annotated[str | None, S.OBSERVATION] = Field(default=None, max_length=2000)
