"""What police state of an incident: the section of an alert's details that a Public Protection Notice fills (STANDARDS section 5)."""

from typing import Annotated

from pydantic import Field

from alertbus.model.base import Moment, Word
from alertbus.model.sensitivity import Sensitivity as S


class Incident(Word):
    """What the police state of an incident or a Public Protection Notice (STANDARDS section 5). None: not stated."""

    reference: Annotated[str | None, S.OBSERVATION] = Field(default=None, max_length=40)
    """The force's own number for it, for who works with police on it."""
    grade: Annotated[str | None, S.ROUTING] = Field(default=None, pattern="^(red|amber|green|high|medium|standard|low)$")
    """The grade of a notice (red, amber, green, or high, medium, low), or of a domestic abuse risk (high, medium, standard)."""
    children_present: Annotated[bool | None, S.ROUTING] = None
    """Whether the children were there; None: not stated."""
    welfare_check: Annotated[bool | None, S.ROUTING] = None
    """Whether somebody saw that the children were safe; None: not stated."""
    home_conditions: Annotated[str | None, S.OBSERVATION] = Field(default=None, max_length=4000)
    """What the home was like, in the officer's words."""
    officer: Annotated[str | None, S.OBSERVATION] = Field(default=None, max_length=80)
    """The officer to ask for, by name: for who works with police on it."""
    dash: Annotated[int | None, S.OFFENCE] = Field(default=None, ge=0, le=24)
    """How many of the 24 DASH risk questions were answered yes."""
    parental_responsibility: Annotated[str | None, S.OBSERVATION] = Field(default=None, max_length=500)
    """Who holds it for each child, as the officer was told (INT-04)."""
    nobody_sought: Annotated[bool | None, S.ROUTING] = None
    """True where the officers had come to look for nobody. Whom they looked for is a subject with the role `sought` (LNK-11)."""
    dash_grade: Annotated[str | None, S.OFFENCE] = Field(default=None, pattern="^(standard|medium|high)$")
    """The risk as the officer graded it after the DASH questions, which may be another than their number suggests."""
    dash_reason: Annotated[str | None, S.OFFENCE] = Field(default=None, max_length=300)
    """Why the officer graded it so, where that differs from the number; never the text of a question."""
    reports_in_year: Annotated[int | None, S.OFFENCE] = Field(default=None, ge=0, le=999)
    """How many such reports there were in twelve months, this one among them: a ground for a MARAC (STANDARDS section 5)."""
    marac: Annotated[bool | None, S.OFFENCE] = None
    """Whether it is referred to a multi-agency risk assessment conference (MARAC)."""
    dvds: Annotated[str | None, S.OFFENCE] = Field(default=None, pattern="^(considered|made)$")
    """A disclosure under the domestic violence disclosure scheme was considered or made. What it says never travels: ring the police."""
    children_seen_at: Annotated[Moment | None, S.OBSERVATION] = None
    """When the officers saw the children."""
    shared_with: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], S.OBSERVATION] = Field(
        default=(), max_length=20
    )
    """Whom the police have told themselves, by whom and when, in their own words."""
