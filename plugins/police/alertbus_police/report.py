"""A Public Protection Notice as a force's own system sends it: the arrays of the message that the bus sends to police,
under a head that says what it states. It has no field for a health number, for the text of a DASH question, or for what a disclosure said.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from alertbus.plugin import IdentifierSystem, Moment
from alertbus.plugin.forms import AddressOnForm, Form

REPORT_SCHEMA = "police-ppn-report.v1"
MOST_PEOPLE = 50
"""Children, and as many adults: more than any household, and what an alert takes."""
MOST_PIECES = 20
"""Pieces of narrative: what an alert takes, observations and objects together."""
MOST_PLACES = 20
"""Places of one person: what an alert takes."""
LONGEST = 65_536

Day = date
"""A day, under a name that a field called `date` does not hide."""

Ref = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,80}$")]
"""What a person, a place or an event is called within the report. It stands nowhere else."""
_Words = Annotated[str, Field(min_length=1, max_length=200)]
_A_WORD = r"^[a-z][a-z0-9_]{0,39}$"


class Head(Form):
    """Which report it is, whose, and what it does with an earlier one of the same `id`."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9/_-]{0,79}$")]
    """The force's own number for the report: what agencies quote on the telephone. Never a number of a person."""
    force: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,60}$")]
    """Which force, and if need be which of its systems; the alert's source is `police.<force>`."""
    sent_at: Moment
    action: Literal["raised", "amended", "withdrawn"] = "raised"
    review_on: date | None = None
    family_informed: bool | None = None
    exercise: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")] | None = None


class Number(Form):
    """A number by which a force, a court, a prison or probation knows somebody. Its check letter is checked."""

    system: Literal["pnc", "cro", "prison_number", "crn", "uprn", "la_child_id"]
    value: Annotated[str, Field(min_length=1, max_length=40)]

    def system_of(self) -> IdentifierSystem:
        return IdentifierSystem(self.system)


class ReportedPerson(Form):
    """Somebody in or linked to the household, who was there, or whom the officers looked for. `relation` and `certainty`
    are read, and left to the case: what somebody is to a family is said there, with its source.
    """

    id: Ref
    child: bool
    role: Annotated[str, Field(pattern=_A_WORD)] | None = None
    """Their part: `present`, `sought` (whom the officers came for, found or not), `victim`, `suspect`, `subject`..."""
    relation: _Words | None = None
    certainty: _Words | None = None
    label: _Words | None = None
    given_name: _Words | None = None
    family_name: _Words | None = None
    date_of_birth: Annotated[date, Field(ge=date(1900, 1, 1))] | None = None
    date_of_death: date | None = None
    """Read, and left to an alert of the kind `death`, which asks for what must be done then."""
    identifiers: list[Number] = Field(default=[], max_length=20)


class ReportedObject(Form):
    """A thing: its `description` is carried as it is, like an observation of which nobody said who made it."""

    id: Ref
    type: _Words
    description: Annotated[str, Field(min_length=1, max_length=4000)]


class Place(AddressOnForm):
    """A place. A link says whose; one that nobody is linked to is refused, because it would reach nobody."""

    id: Ref


class Observation(Form):
    """Exactly what was said or seen. A `sha256` that is given must be that of the text in UTF-8."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    said_by: Literal["child", "parent", "professional", "public", "not_stated"] = "not_stated"
    observed_first_hand: bool | Literal["not_stated"] = "not_stated"


class ReportedRelease(Form):
    date: Day | None = None
    conditions: list[_Words] = Field(default=[], max_length=50)
    restraining_order: bool | None = None
    confirmed: bool | Literal["not_stated"] = "not_stated"


class ReportedFlag(Form):
    precautions: list[_Words] = Field(default=[], max_length=20)
    grade: Literal["abuse", "intimidation", "threat", "violence"] | None = None


class ReportedIncident(Form):
    """What an officer must say (review 3.23). All of it may be left out; the answer to the report asks for what is."""

    reference: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    grade: Literal["red", "amber", "green", "high", "medium", "standard", "low"] | None = None
    children_present: bool | Literal["not_stated"] = "not_stated"
    welfare_check: bool | Literal["not_stated"] = "not_stated"
    home_conditions: Annotated[str, Field(min_length=1, max_length=4000)] | None = None
    officer: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    parental_responsibility: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    nobody_sought: bool | None = None
    children_seen_at: Moment | None = None
    shared_with: list[_Words] = Field(default=[], max_length=20)
    dash: Annotated[int, Field(ge=0, le=24)] | None = None
    """How many of the DASH questions were answered yes; never which, and never their text."""
    dash_grade: Literal["standard", "medium", "high"] | None = None
    dash_reason: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    reports_in_year: Annotated[int, Field(ge=0, le=999)] | None = None
    marac: bool | None = None
    dvds: Literal["considered", "made"] | None = None
    """That a disclosure was considered or made. What it said has no field."""


class ReportedDetails(Form):
    release: ReportedRelease | None = None
    flag: ReportedFlag | None = None
    incident: ReportedIncident | None = None


class ReportedEvent(Form):
    id: Ref
    type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    """The kind of alert: `ppn`, `domestic_abuse_incident`, `drug_intelligence`, `missing_child_incident`..."""
    occurred_at: Moment
    recorded_at: Moment
    observations: list[Observation] = Field(default=[], max_length=MOST_PIECES)
    details: ReportedDetails = ReportedDetails()


class ReportedLink(Form):
    """From a person to a place (`known_address`): they are found there. To anything else it is read, and left to the case."""

    from_: Ref = Field(alias="from")
    to: Ref
    type: _Words
    certainty: _Words | None = None


class PoliceReport(Form):
    """The whole report. Its one event is what the alert is about."""

    schema_: Literal["police-ppn-report.v1"] = Field(alias="schema")
    report: Head
    persons: Annotated[list[ReportedPerson], Field(min_length=1, max_length=2 * MOST_PEOPLE)]
    objects: list[ReportedObject] = Field(default=[], max_length=MOST_PIECES)
    locations: list[Place] = Field(default=[], max_length=100)
    events: Annotated[list[ReportedEvent], Field(min_length=1, max_length=1)]
    links: list[ReportedLink] = Field(default=[], max_length=500)
