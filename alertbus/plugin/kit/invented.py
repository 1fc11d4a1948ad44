"""The family that the kit's notices are about. Nobody of them lives; their names, labels and places stand nowhere else, so that a trace of
one in a file name or an error is a trace of them.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from alertbus.model.alert import KINDS, SaidBy
from alertbus.model.identifiers import Identifier, IdentifierSystem
from alertbus.model.notice import Excerpt, Notice, NoticePerson
from alertbus.model.person import Address, Name
from alertbus.plugin.kit.samples import NHS_NUMBERS, SPOKEN, sample_notice

FLAG_LINE = "Dog loose; two to visit"

HOME = Address(uprn="100098765432", lines=("Flat 3", "12 Ravelston Yard"), postcode="ZZ98 8YY")

CHILD = NoticePerson(
    ref="child-1",
    child=True,
    role="subject",
    relation="child",
    certainty="confirmed",
    label="Wrenlet",
    name=Name(given="Wrenna", family="Quillfeather-Moss"),
    born=date(2019, 5, 17),
    identifiers=(
        Identifier(system=IdentifierSystem.NHS_NUMBER, value=NHS_NUMBERS[0]),
        Identifier(system=IdentifierSystem.UPN, value="B801200005001"),
    ),
    addresses=(HOME,),
)
SIBLING = NoticePerson(
    ref="child-2",
    child=True,
    relation="half_sibling",
    certainty="reported",
    label="Tamlet",
    name=Name(given="Tamsel", family="Fernhollow"),
    born=date(2014, 2, 9),
    identifiers=(Identifier(system=IdentifierSystem.NHS_NUMBER, value=NHS_NUMBERS[2]),),
    addresses=(HOME,),
)
FATHER = NoticePerson(
    ref="adult-1",
    role="subject",
    relation="father",
    certainty="putative",
    label="Zebbo",
    name=Name(given="Zeb", family="Quillfeather"),
    born=date(1990, 1, 31),
    identifiers=(
        Identifier(system=IdentifierSystem.NHS_NUMBER, value=NHS_NUMBERS[1]),
        Identifier(system=IdentifierSystem.PNC, value="2012/0052494Q"),
    ),
    addresses=(Address(uprn="100012345678", lines=("7 Thistlebank",), postcode="ZZ99 9ZZ"),),
)
FRIEND = NoticePerson(
    ref="adult-2",
    role="victim",
    relation="ex_partner",
    certainty="reported",
    label="Marnio",
    name=Name(given="Marnie", family="Oakenshaw"),
    born=date(1988, 7, 3),
)

DETAILS: Mapping[str, Any] = {
    "release": {"date": "2021-03-12", "conditions": ["Not to enter Northfield"], "restraining_order": True, "confirmed": False},
    "flag": {"precautions": ["Visit in pairs", "Meet at the office"], "grade": "threat"},
    "incident": {"reference": "NP-20-1234", "grade": "amber", "children_present": True, "welfare_check": False, "officer": "PC Brambleigh"},
    "meeting": {"type": "strategy", "state": "held", "s47": True, "attended": ["adult-1"]},
    "conference": {"type": "initial", "outcome": "child_protection_plan", "unanimous": False, "dissent": ["health"], "conditions": []},
    "contact": {"mode": "visit", "with": ["adult-2"], "seen": ["child-1"], "seen_alone": ["child-1"], "not_seen": ["child-2"]},
    "request": {"what": "What is held on the address?", "to": "housing", "due": "2020-11-20", "state": "asked"},
    "handover": {"role": "social_worker", "from": "A. Predecessor", "to": "R. Postholder", "pack": True},
    "denial": {"of": ["pregnancy"], "by": "adult-2"},
}
"""Each section that an agency may be shown of an alert's details, as a notice holds it."""


def full_notice(**overrides: Any) -> Notice:
    """Build a notice of four people with everything that one may hold, but for what contradicts the rest."""
    fields: dict[str, Any] = {
        "flag": FLAG_LINE,
        "title": "Title words of ours",
        "summary": "Summary words of ours.",
        "narrative": (
            Excerpt.of(SPOKEN, SaidBy.PROFESSIONAL, observed_first_hand=True),
            Excerpt.of("Daddy hurt me", SaidBy.CHILD, observed_first_hand=False),
        ),
        "children": (CHILD, SIBLING),
        "people": (FATHER, FRIEND),
        "details": dict(DETAILS),
        "unsaid": ("reference", "welfare_check"),
        "withheld": ("child_health", "offence", "words_held"),
    }
    return sample_notice(**{**fields, **overrides})


def kinds() -> list[str]:
    """Give the kinds in order, and one that nobody has heard of."""
    return [*sorted(KINDS), "a_kind_made_up_locally"]
