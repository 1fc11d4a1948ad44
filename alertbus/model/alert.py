"""An alert: what an agency states about one or more persons, in the form of DESIGN section 11, and the same as accepted by the bus."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from alertbus.model import ids
from alertbus.model.base import INSTANT, Count, Moment, Word, plus
from alertbus.model.details import Details
from alertbus.model.person import Subject
from alertbus.model.screening import Revealed
from alertbus.model.sensitivity import Sensitivity as S

LONGEST_NARRATIVE = 65_536
"""Characters in one piece of narrative. The whole alert must fit a Kafka record with room to spare; longer papers stay at the source."""

KINDS = frozenset(
    {
        "violent_person_flag",
        "threat_to_staff",
        "prisoner_release",
        "prisoner_recall",
        "unlawfully_at_large",
        "prisoner_contact_change",
        "risk_to_children",
        "risk_to_staff",
        "ppn",
        "nspcc_concern",
        "school_concern",
        "school_changed",
        "concealed_pregnancy_concern",
        "drug_intelligence",
        "missing_child_incident",
        "domestic_abuse_incident",
        "restraining_order_breach",
        "case_status_change",
        "worker_change",
        "involvement_started",
        "involvement_ended",
        "non_engagement",
        "conference_outcome",
        "meeting",
        "birth",
        "death",
        "other",
    }
)
"""The kinds shipped (DESIGN section 11). Any other word of the same form is accepted and listed in review."""


MOVEMENTS = {"prisoner_release": True, "unlawfully_at_large": True, "prisoner_recall": False}
"""Kinds that say where a prisoner is: whether each says that they are at liberty. Of one person the movement that happened last stands: one
the other way that is stated late is history (PRI-02)."""


POLICE_INCIDENTS = frozenset({"ppn", "domestic_abuse_incident"})
"""Kinds of which a reader asks whether the children were there and whether anybody checked on them (`INCIDENT_FACTS`)."""

INCIDENT_FACTS = ("children_present", "welfare_check")
"""Fields of `Incident` that are said to be not stated where nobody has stated them of a police incident (NOT-11)."""


class Action(StrEnum):
    """What a statement does with its alert."""

    RAISED = "raised"
    AMENDED = "amended"
    WITHDRAWN = "withdrawn"


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class SaidBy(StrEnum):
    """Whose words a piece of narrative holds. A child's own are a class of sensitivity of their own (recommendation C)."""

    CHILD = "child"
    PARENT = "parent"
    PROFESSIONAL = "professional"
    PUBLIC = "public"


class Narrative(Word):
    """Exactly what was said or seen. Carried byte for byte or not at all; never cut, never paraphrased (VOI-01)."""

    text: Annotated[str, S.OBSERVATION] = Field(min_length=1, max_length=LONGEST_NARRATIVE)
    """The words, as they were said or written."""
    said_by: Annotated[SaidBy | None, S.ROUTING] = None
    """None: not stated, and rendered so. Nobody is taken for a professional who was not said to be one (NOT-11)."""
    observed_first_hand: Annotated[bool | None, S.ROUTING] = None
    """False when it is relayed: whoever states it had it from somebody else. None: not stated (VOI-02)."""

    def of_nobody(self) -> Self:
        """Return the same words as an anonymous caller's: that a parent or a professional spoke, or somebody who was there, tells who
        called (NOT-01). A child's words stay a child's, because less may be done with them.
        """
        speaker = None if self.said_by in {SaidBy.PARENT, SaidBy.PROFESSIONAL} else self.said_by
        hand = None if self.observed_first_hand else self.observed_first_hand
        return self.model_copy(update={"said_by": speaker, "observed_first_hand": hand})


class Referrer(Word):
    """The bus does not take a referrer's identity: whoever took the call keeps it, and gives an opaque reference (ANO-01, NOT-01)."""

    anonymous: Annotated[bool, S.ROUTING] = False
    """Whether whoever told asked not to be named. A professional can never be anonymous."""
    reference: Annotated[str | None, S.REFERRER] = Field(default=None, pattern=r"^[A-Za-z0-9-]{1,40}$")
    """An opaque reference by which the agency that took the call finds who it was."""


class Alert(Word):
    """A statement by an agency about one or more persons. `(source, id)` names the alert; stating it twice has no second effect.

    `occurred_at` is when it happened, `recorded_at` when the agency wrote it down. `review_on` is the last day on which it stands or, of a
    flag, the day on which somebody is asked whether it still does (NOT-23); without one, it stands for as long as the policy says of its
    kind. `children` may be empty: finding them is the bus's work (INT-01).
    `amends` lets an amendment or withdrawal carry an id of its own and point at the alert it is about; without it, `id` is that alert's.
    `history` seeds state and tells nobody now (INT-10). `exercise` names a rehearsal: such an alert lives in the time it states, reaches
    only cases of the same exercise, and every notice of it says so; it can never reach a real case, nor a real alert an exercise.
    """

    id: Annotated[str, S.ROUTING] = Field(min_length=1, max_length=200)
    """The agency's own id for it: opaque, never a person's number. Agencies quote it to each other."""
    source: Annotated[str, S.ROUTING] = Field(pattern=r"^[a-z][a-z0-9_]{0,39}(\.[A-Za-z0-9_-]{1,60}){0,3}$")
    """The agency, and after a dot its system: `police.niche`."""
    kind: Annotated[str, S.ROUTING] = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    """A kind of the policy. One that it does not know goes to review and to the front door."""
    action: Annotated[Action, S.ROUTING] = Action.RAISED
    """Whether it is stated for the first time, changed or taken back."""
    occurred_at: Annotated[Moment, S.ROUTING]
    """When it happened, with its offset."""
    recorded_at: Annotated[Moment, S.ROUTING]
    """When the agency wrote it down, with its offset."""
    subjects: Annotated[tuple[Subject, ...], S.IDENTITY] = Field(default=(), max_length=50)
    """Those whom it is about, each with a part in it."""
    children: Annotated[tuple[Subject, ...], S.IDENTITY] = Field(default=(), max_length=50)
    """Children who were named. Finding the others is the bus's work: it may be empty where `subjects` is not."""
    narrative: Annotated[tuple[Narrative, ...], S.OBSERVATION] = Field(default=(), max_length=20)
    """What was said or seen, word for word, in order."""
    severity: Annotated[Severity, S.ROUTING] = Severity.MEDIUM
    """How grave the agency holds it to be."""
    review_on: Annotated[date | None, S.ROUTING] = None
    """The last day on which it stands or, of a flag, on which somebody looks at it again."""
    details: Annotated[Details, S.ROUTING] = Details()
    """What this kind states in fields of its own."""
    referrer: Annotated[Referrer | None, S.REFERRER] = None
    """That somebody told the agency, without who it was."""
    family_informed: Annotated[bool | None, S.ROUTING] = None
    """Whether the family knows that it is shared; None: not stated."""
    lawful_basis: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=300)
    """The law by which the sender shares it; None: the policy's for the sector."""
    amends: Annotated[str | None, S.ROUTING] = Field(default=None, min_length=1, max_length=200)
    """The id of the alert that this changes or takes back, where it has an id of its own."""
    history: Annotated[bool, S.ROUTING] = False
    """It is told to nobody now, and is there for what comes later."""
    exercise: Annotated[str | None, S.ROUTING] = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,60}$")
    """The name of a rehearsal; None is real."""

    @model_validator(mode="after")
    def _about_somebody(self) -> Self:
        """At least one of `subjects` and `children`; somebody unknown is a person with a `label`. All `narrative` together has at
        most 262,144 characters.
        """
        if not self.subjects and not self.children:
            raise ValueError("an alert is about at least one person: give `subjects` (a person may be unnamed) or `children`")
        if sum(len(n.text) for n in self.narrative) > 4 * LONGEST_NARRATIVE:
            raise ValueError(f"narrative: at most {4 * LONGEST_NARRATIVE} characters in all; leave longer papers at the source")
        return self

    @property
    def agency(self) -> str:
        """The agency that states it: the first part of `source`."""
        return self.source.partition(".")[0]

    @property
    def anonymous(self) -> bool:
        """Whether whoever told the agency asked not to be named."""
        return self.referrer is not None and self.referrer.anonymous

    @property
    def words(self) -> tuple[Narrative, ...]:
        """The narrative as it may be told: of an anonymous caller, with nothing by which to tell who spoke."""
        return tuple(piece.of_nobody() for piece in self.narrative) if self.anonymous else self.narrative

    @property
    def alert_id(self) -> str:
        """The bus's id for the alert: the same for what was raised, its amendments and its withdrawal."""
        return ids.alert_id(self.exercise, self.source, self.amends or self.id)

    @property
    def statement_id(self) -> str:
        """The bus's id for this very statement: another action, or an amendment with other content, is another statement."""
        content = self.model_dump_json(exclude_defaults=True) if self.action is Action.AMENDED else ""
        return ids.statement_id(self.alert_id, self.id, self.action, content)


class AcceptedAlert(Word):
    """An alert as it stands on `alertbus.alerts`, later with its persons found.

    `accepted_at` is the clock's time of acceptance. `at` is when the statement counts: then, or, in an exercise, when it was recorded. A
    later statement of the same alert counts later, though the clock was set back between the two (decision 0014). `first_at` is when the
    first statement of the alert counted, so that a correction finds everybody who was told, however long ago (CHR-12). `people` holds, for
    each entry of `subjects` then `children`, the person ids the directory decided on; the decision travels, so that a replay repeats it.
    `people_version` counts the directory's decisions: of one statement the highest stands, because a number corrected later can change who
    was meant. `people_since` says of a person found later than `at` since when the statement is about them. `claimed` is None where the
    directory learned nothing from the statement; else it says of each of its people which mention their key meant (in an exercise the
    key; empty: none; None: nothing was learned of them), so that a rebuilt directory learns the same. `reveals` is what its free text
    may give away to a case (`model.screening`), decided when its persons were found. `words_of` and `said_at` are those of `with_words`.
    """

    alert_id: Annotated[str, S.ROUTING]
    statement_id: Annotated[str, S.ROUTING]
    accepted_at: Annotated[Moment, S.ROUTING]
    at: Annotated[Moment, S.ROUTING]
    first_at: Annotated[Moment | None, S.ROUTING] = None
    alert: Annotated[Alert, S.ROUTING]
    people: Annotated[tuple[tuple[str, ...], ...], S.ROUTING] = ()
    people_version: Annotated[Count, S.ROUTING] = 0
    people_since: Annotated[Mapping[str, Moment], S.ROUTING] = Field(default_factory=dict)
    claimed: Annotated[tuple[str | None, ...] | None, S.ROUTING] = None
    reveals: Annotated[tuple[Revealed, ...], S.ROUTING] = ()
    words_of: Annotated[str | None, S.ROUTING] = None
    said_at: Annotated[Moment | None, S.ROUTING] = None

    @classmethod
    def of(cls, alert: Alert, accepted_at: datetime, first_at: datetime | None = None, latest_at: datetime | None = None) -> Self:
        """Return the alert as accepted. `latest_at` is when the latest earlier statement of it counted; None if this is the first."""
        counts = accepted_at if latest_at is None else max(accepted_at, plus(latest_at, INSTANT))
        return cls(
            alert_id=alert.alert_id,
            statement_id=alert.statement_id,
            accepted_at=accepted_at,
            at=alert.recorded_at if alert.exercise else counts,
            first_at=first_at,
            alert=alert,
        )

    def as_first_said(self) -> Self:
        """Return this statement as if it had been made when the alert was first stated."""
        return self.model_copy(update={"at": self.first_at or self.at})

    def with_words(self, at: datetime) -> Self:
        """Return this statement as it stands from `at` on where its words were held and then released: one more statement of its alert, on
        that case alone. It is worked out where it is needed, and stands on no topic. It reaches newcomers no longer than the statement.
        """
        counts = max(at, self.at + INSTANT)
        update = {"statement_id": ids.released_id(self.statement_id), "at": counts, "words_of": self.statement_id, "said_at": self.at}
        return self.model_copy(update=update)

    @property
    def stands_from(self) -> datetime:
        """The moment from which its time to stand is counted."""
        return self.said_at or self.at

    @property
    def everybody(self) -> tuple[Subject, ...]:
        """Subjects, then children: the order `people` follows."""
        return (*self.alert.subjects, *self.alert.children)

    def beside(self, known: Self | None) -> Self:
        """What counts of this copy of a statement and of another that is `known`: who was meant as the directory decided last, from when it
        was accepted first. A sender that was not answered says it again, and it may have been accepted the first time: its agencies were
        told, and are asked, since then. `known` itself where this copy changes nothing.
        """
        if known is None:
            return self
        newer, first = (self if known.people_version < self.people_version else known), (self if self.at < known.at else known)
        if newer.at == first.at:
            return newer
        return newer.model_copy(update={"at": first.at, "accepted_at": first.accepted_at, "first_at": first.first_at})

    def with_people(self, people: tuple[tuple[str, ...], ...]) -> Self:
        return self.model_copy(update={"people": people})
