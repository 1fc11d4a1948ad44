"""Invented notices and alerts for tests: valid in form, about nobody. NHS numbers are from the synthetic range.

Each factory states a whole, rich record; `overrides` replace fields by name: a test says only what matters to it.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from alertbus.model.alert import KINDS, Alert, Narrative, Referrer, SaidBy, Severity
from alertbus.model.briefing import (
    BriefedAlert,
    BriefedFlag,
    BriefedHandover,
    BriefedHolder,
    BriefedItem,
    BriefedLink,
    BriefedPlan,
    Briefing,
)
from alertbus.model.custody import Custody, CustodyState
from alertbus.model.identifiers import Identifier, IdentifierSystem
from alertbus.model.notice import ConsentStanding, Deed, Excerpt, Notice, NoticePerson, Obligation
from alertbus.model.person import Address, Name, Person, Subject
from alertbus.model.team import Answering

NHS_NUMBERS = ("9988462441", "9902969631", "9801547898")
"""Valid and synthetic: the range is never given to a patient."""

FLAG = "Do not visit alone"
"""Short: some systems show a hundred characters in all."""

SPOKEN = 'He said "I\'ll find you",\nthen <b>laughed</b> & left.  Two spaces, a tab\there, façade, naïve, 🚪, end.'
"""Everything that a careless renderer changes: quotes, a line break, markup, runs of space, letters beyond ASCII."""

CANARIES = ("Zeb", "Quillfeather", "Wrenna", "Quillfeather-Moss", "Thistlebank", "ZZ99 9ZZ", *NHS_NUMBERS)
"""Personal data of the samples, in words that stand nowhere else."""

_CHILD = NoticePerson(
    ref="child-1",
    child=True,
    role=None,
    relation="child",
    label="Child",
    name=Name(given="Wrenna", family="Quillfeather-Moss"),
    born=date(2019, 5, 17),
    identifiers=(Identifier(system=IdentifierSystem.NHS_NUMBER, value=NHS_NUMBERS[0]),),
    addresses=(Address(uprn="100012345678", lines=("7 Thistlebank",), postcode="ZZ99 9ZZ"),),
)
_FATHER = NoticePerson(
    ref="putative-father",
    role="subject",
    relation="father",
    certainty="putative",
    label="Putative father",
    name=Name(given="Zeb", family="Quillfeather"),
    born=date(1990, 1, 31),
    identifiers=(Identifier(system=IdentifierSystem.NHS_NUMBER, value=NHS_NUMBERS[1]),),
)


def sample_notice(**overrides: Any) -> Notice:
    """Build a notice with everything in it. `kind`, `agency`, `exercise`, `source` go to its obligation."""
    of_obligation = {"kind", "agency", "role", "exercise", "source", "severity", "due"}
    obligation = overrides.pop("obligation", None) or sample_obligation(
        **{key: overrides.pop(key) for key in of_obligation & overrides.keys()}
    )
    fields: dict[str, Any] = {
        "id": "3b6f1f0e-58a7-5c1b-9d3e-0a6a4a1f2b3c",
        "obligation": obligation,
        "sector": "health",
        "recipient": "R. Postholder",
        "title": "Threat to staff",
        "because": "Putative father -> father (putative) of the child -> the child's case -> you, health visitor",
        "flag": FLAG,
        "occurred_at": datetime(2020, 11, 18, 14, 5, tzinfo=UTC),
        "recorded_at": datetime(2020, 11, 18, 15, 0, tzinfo=UTC),
        "narrative": (Excerpt.of(SPOKEN, SaidBy.PROFESSIONAL, observed_first_hand=True),),
        "summary": "A person linked to this family has threatened staff.",
        "action": "Read before any visit.",
        "contact": "Duty team, 01632 960123",
        "children": (_CHILD,),
        "people": (_FATHER,),
        "details": {"flag": {"precautions": ["Visit in pairs"], "grade": "threat"}},
        "case_status": "child_in_need",
        "review_on": date(2021, 5, 18),
        "lawful_basis": "UK GDPR Art 6(1)(e) and 9(2)(g)",
        "policy_version": "test.1",
        "rule": "kinds.threat_to_staff",
        "withheld": ("child_health",),
    }
    return Notice(**{**fields, **overrides})


def minimal_notice(**overrides: Any) -> Notice:
    """Build a notice in which everything that may be absent is absent: what the least trusted sector receives."""
    absent: dict[str, Any] = {
        "recipient": None,
        "flag": None,
        "narrative": (),
        "summary": "",
        "action": "",
        "contact": None,
        "children": (),
        "people": (),
        "details": {},
        "case_status": None,
        "review_on": None,
        "withheld": (),
        "because": "A case -> you",
    }
    return sample_notice(**{"due": None, **absent, **overrides})


def addressed_notice(**overrides: Any) -> Notice:
    """Build a notice whose agency has teams: who answers for it now, and whom that passed over."""
    trail = ("R. Postholder (named on the case) is absent until 14 December 2020; covered by Q. Standin", "Q. Standin answers (covers)")
    found = Answering(who="Q. Standin", team="health_visiting.north", desk="Night desk, 01632 960456", trail=trail)
    return sample_notice(**{"recipient": "Q. Standin", "answering": found, **overrides})


def sample_briefing(**overrides: Any) -> Notice:
    """Build what a newcomer is given, with something in every section. Its warning is `FLAG` as well."""
    day = date(2020, 11, 18)
    held = Custody(state=CustodyState.IN_CUSTODY, since=day, stated_on=day, source="probation")
    holder = BriefedHolder(agency="childrens_social_care", level="worker", name="A. Predecessor", role="social_worker", since=day)
    given = Briefing(
        day=day,
        arrived=("agency",),
        flags=(BriefedFlag(kind="violent_person_flag", title="Violent person flag", action=FLAG, since=day, source="police.test"),),
        handover=BriefedHandover(
            role="social_worker", from_="A. Predecessor", to="R. Postholder", day=day, critical=("an enquiry is open",)
        ),
        plans=(BriefedPlan(type="child_in_need_plan", since=day, children=(_CHILD.ref,)),),
        links=(BriefedLink(ref=_FATHER.ref, relation="father", certainty="putative", custody=held),),
        open=(
            BriefedItem(
                rule="visit_same_day",
                title="Visit",
                agency="childrens_social_care",
                role="social_worker",
                since=day,
                due=day,
                overdue=True,
                child=_CHILD.ref,
            ),
        ),
        stands=(BriefedAlert(kind="ppn", title="Public Protection Notice", day=day, source="police.test", severity=Severity.HIGH),),
        changes=(holder,),
        others=(holder,),
        before=(holder.model_copy(update={"until": day}),),
        past="What happened before is in the chronology.",
    )
    fields: dict[str, Any] = {
        "kind": "briefing",
        "source": "alertbus",
        "title": "Briefing",
        "because": "you joined this case on 2020-11-18 -> you, health visitor",
        "summary": "You are new to this case. This is what stands on it today.",
        "narrative": (),
        "details": {},
        "review_on": None,
        "rule": "briefing",
        "consent": ConsentStanding(plan="child_in_need_plan", state="not_stated"),
        "briefing": given,
    }
    return sample_notice(**{**fields, **overrides})


def ended_notice(deed: Deed = Deed.WITHDRAW, **overrides: Any) -> Notice:
    """Build a notice that ends what `sample_notice` told: it repeats neither what was said nor what to do."""
    fields: dict[str, Any] = {
        "deed": deed,
        "ended_at": datetime(2020, 12, 1, 9, 0, tzinfo=UTC),
        "recorded_at": datetime(2020, 12, 1, 9, 0, tzinfo=UTC),
        "narrative": (),
        "flag": None,
        "summary": "What you were told is over.",
        "action": "",
    }
    return sample_notice(**{**fields, **overrides})


def sample_obligation(**overrides: Any) -> Obligation:
    """Build the obligation that `sample_notice` is about."""
    fields: dict[str, Any] = {
        "id": "8a1f0c52-6a0d-5f0c-8d55-3f1f6f6a7c11",
        "alert_id": "0c9f7d3e-1b2a-5d4c-9e8f-7a6b5c4d3e2f",
        "case_id": "case-1",
        "agency": "health_visiting",
        "role": "health_visitor",
        "kind": "threat_to_staff",
        "severity": Severity.HIGH,
        "source": "police.test",
        "source_id": "T-1",
        "since": datetime(2020, 11, 18, 15, 0, tzinfo=UTC),
        "due": datetime(2020, 11, 18, 16, 0, tzinfo=UTC),
    }
    return Obligation(**{**fields, **overrides})


def every_notice() -> Iterator[Notice]:
    """Yield one notice for every kind and every deed, and a newcomer's briefing."""
    for kind in sorted(KINDS):
        for deed in Deed:
            yield ended_notice(deed, kind=kind) if deed.ends else sample_notice(kind=kind, deed=deed)
    yield sample_briefing()
    yield sample_briefing(deed=Deed.AMEND)


def sample_alert(**overrides: Any) -> Alert:
    """Build an alert about one adult and one child, with verbatim narrative."""
    father = Person(
        name=Name(given="Zeb", family="Quillfeather"),
        born=date(1990, 1, 31),
        identifiers=(Identifier(system=IdentifierSystem.NHS_NUMBER, value=NHS_NUMBERS[1]),),
    )
    child = Person(
        name=Name(given="Wrenna", family="Quillfeather-Moss"),
        born=date(2019, 5, 17),
        identifiers=(Identifier(system=IdentifierSystem.NHS_NUMBER, value=NHS_NUMBERS[0]),),
        addresses=(Address(uprn="100012345678", lines=("7 Thistlebank",), postcode="ZZ99 9ZZ"),),
    )
    fields: dict[str, Any] = {
        "id": "T-1",
        "source": "police.test",
        "kind": "threat_to_staff",
        "occurred_at": datetime(2020, 11, 18, 14, 5, tzinfo=UTC),
        "recorded_at": datetime(2020, 11, 18, 15, 0, tzinfo=UTC),
        "subjects": (Subject(person=father),),
        "children": (Subject(person=child),),
        "narrative": (Narrative(text=SPOKEN, said_by=SaidBy.PROFESSIONAL, observed_first_hand=True),),
        "severity": Severity.HIGH,
        "referrer": Referrer(anonymous=False),
    }
    return Alert(**{**fields, **overrides})
