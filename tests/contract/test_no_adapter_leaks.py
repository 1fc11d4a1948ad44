"""The second fence: an adapter shows nothing of a class its sector may not see, even when a notice wrongly holds
it.

The policy is the first fence: it builds the notice without those fields. Here each row of the matrix in STANDARDS
section 13 that reads "-" for a sector is put into a notice by plain construction, as a mistake of the policy would,
and must have no effect at all on what is sent.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from alertbus_ambulance import AmbulanceAdapter
from alertbus_education import EducationAdapter
from alertbus_health import HealthAdapter
from alertbus_housing import HousingAdapter
from alertbus_police import PoliceAdapter
from alertbus_probation import ProbationAdapter
from alertbus_social_care import SocialCareAdapter

from alertbus.plugin import (
    Adapter,
    Address,
    Deed,
    Excerpt,
    Identifier,
    IdentifierSystem,
    Name,
    Notice,
    NoticePerson,
    SaidBy,
)
from alertbus.plugin.testing import minimal_notice, sample_notice

NHS = Identifier(system=IdentifierSystem.NHS_NUMBER, value="9988462441")
UPN = Identifier(system=IdentifierSystem.UPN, value="B801200005001")
PNC = Identifier(system=IdentifierSystem.PNC, value="2012/0052494Q")
HOME = Address(uprn="100012345678", lines=("7 Thistlebank",), postcode="ZZ99 9ZZ")

Spoil = Callable[[Notice], Notice]


def child(**fields: Any) -> Spoil:
    return lambda notice: notice.model_copy(update={"children": (notice.children[0].model_copy(update=fields),)})


def adult(**fields: Any) -> Spoil:
    return lambda notice: notice.model_copy(update={"people": (notice.people[0].model_copy(update=fields),)})


def details(**sections: Any) -> Spoil:
    def spoil(notice: Notice) -> Notice:
        merged = {name: {**notice.details.get(name, {}), **section} for name, section in sections.items()}
        return notice.model_copy(update={"details": {**notice.details, **merged}})

    return spoil


def excerpt(said_by: SaidBy) -> Spoil:
    said = Excerpt.of("CANARY under the bed, crying, since the morning.", said_by, observed_first_hand=True)
    return lambda notice: notice.model_copy(update={"narrative": (said,)})


def notice_fields(**fields: Any) -> Spoil:
    return lambda notice: notice.model_copy(update=fields)


ROWS: dict[str, tuple[Spoil, ...]] = {
    "child identity": (child(name=Name(given="Wrenna", family="Quillfeather"), label="Wrenna", born=date(2019, 5, 17)),),
    "NHS number": (child(identifiers=(NHS,)), adult(identifiers=(NHS,))),
    "UPN": (child(identifiers=(UPN,)), adult(identifiers=(UPN,))),
    "address": (child(addresses=(HOME,)), adult(addresses=(HOME,))),
    "adult identity": (adult(name=Name(given="Zeb", family="Quillfeather"), born=date(1990, 1, 31), identifiers=(PNC,), label="Zebediah"),),
    "offence": (
        details(release={"conditions": ("CANARY",), "restraining_order": True}),
        details(incident={"dash": 23}),
        adult(identifiers=(PNC,)),
    ),
    "plan": (notice_fields(case_status="CANARY"), details(status={"CANARY": "CANARY"})),
    "health detail": (details(health={"diagnosis": "CANARY"}, child_health={"CANARY": "CANARY"}),),
    "drug and alcohol": (details(substance={"CANARY": "CANARY"}),),
    "child's words": (excerpt(SaidBy.CHILD),),
    "observation": (excerpt(SaidBy.PROFESSIONAL),),
    "referrer": (details(referrer={"name": "CANARY", "reference": "CANARY"}),),
    "unclassified": (details(made_up_locally={"CANARY": "CANARY"}),),
}
"""The matrix's rows as mistakes. `observation` and `unclassified` are ours: what nobody may be shown, or only in
full.
"""

CANARIES = (
    "CANARY",
    "Wrenna",
    "Quillfeather",
    "2019-05-17",
    "17/05/2019",
    NHS.value,
    UPN.value,
    PNC.value,
    "100012345678",
    "Thistlebank",
    "ZZ99",
    "Zeb",
    "1990-01-31",
)


@dataclass(frozen=True)
class Sector:
    adapter: Adapter
    forbidden: tuple[str, ...]


SECTORS = {
    "health": Sector(HealthAdapter(), ("UPN", "offence", "referrer", "unclassified")),
    "ambulance": Sector(
        AmbulanceAdapter(),
        (
            "child identity",
            "UPN",
            "adult identity",
            "offence",
            "plan",
            "drug and alcohol",
            "child's words",
            "observation",
            "referrer",
            "unclassified",
        ),
    ),
    "police": Sector(PoliceAdapter(), ("NHS number", "UPN", "health detail", "referrer", "unclassified")),
    "probation": Sector(
        ProbationAdapter(),
        (
            "child identity",
            "NHS number",
            "UPN",
            "address",
            "plan",
            "health detail",
            "drug and alcohol",
            "child's words",
            "referrer",
            "unclassified",
        ),
    ),
    "social care": Sector(SocialCareAdapter(), ("health detail", "referrer", "unclassified")),
    "education": Sector(
        EducationAdapter(),
        (
            "NHS number",
            "address",
            "adult identity",
            "offence",
            "plan",
            "health detail",
            "drug and alcohol",
            "child's words",
            "observation",
            "referrer",
            "unclassified",
        ),
    ),
    "education in full": Sector(
        EducationAdapter(profile="full"),
        (
            "NHS number",
            "address",
            "adult identity",
            "offence",
            "health detail",
            "drug and alcohol",
            "referrer",
            "unclassified",
        ),
    ),
    "housing": Sector(
        HousingAdapter(),
        (
            "child identity",
            "NHS number",
            "UPN",
            "adult identity",
            "offence",
            "plan",
            "health detail",
            "drug and alcohol",
            "child's words",
            "observation",
            "referrer",
            "unclassified",
        ),
    ),
}
"""What each may never show. Education's minimal profile is stricter than the matrix: it says neither who, nor
where, nor what.
"""

KINDS = (
    "threat_to_staff",
    "domestic_abuse_incident",
    "prisoner_release",
    "ppn",
    "case_status_change",
    "concealed_pregnancy_concern",
)
CASES = [(sector, row, i) for sector, has in SECTORS.items() for row in has.forbidden for i in range(len(ROWS[row]))]


def clean(kind: str, deed: Deed) -> Notice:
    """A notice of opaque references and plain words, with nothing in it that any sector may not see."""
    return minimal_notice(
        kind=kind,
        deed=deed,
        children=(NoticePerson(ref="child-1", child=True),),
        people=(NoticePerson(ref="adult-1", role="subject"),),
        flag="Visit in pairs",
        summary="Something concerns this family.",
        action="Read before a visit.",
        contact="Duty team, 01632 960123",
    )


@pytest.mark.parametrize(("sector", "row", "which"), CASES, ids=[f"{s}: {r} {i + 1}" for s, r, i in CASES])
def test_what_a_sector_may_not_see_changes_nothing_in_what_it_is_sent(sector: str, row: str, which: int) -> None:
    adapter = SECTORS[sector].adapter
    for kind in KINDS:
        for deed in Deed:
            notice = clean(kind, deed)
            spoilt = ROWS[row][which](notice)

            assert adapter.render(spoilt) == adapter.render(notice)


@pytest.mark.parametrize("sector", SECTORS)
def test_a_clean_notice_comes_out_clean(sector: str) -> None:
    for kind in KINDS:
        for deed in Deed:
            message = SECTORS[sector].adapter.render(clean(kind, deed))
            whole = message.body.decode() + json.dumps(dict(message.headers)) + message.filename

            assert [canary for canary in CANARIES if canary in whole] == []


@pytest.mark.parametrize("sector", SECTORS)
@pytest.mark.parametrize("row", ROWS)
def test_nothing_personal_stands_outside_the_body(sector: str, row: str) -> None:
    """Headers and file names are logged on the way, whatever the sector may see."""
    for spoil in ROWS[row]:
        message = SECTORS[sector].adapter.render(spoil(sample_notice()))
        outside = json.dumps([message.filename, message.media_type, dict(message.headers)])

        assert [canary for canary in CANARIES if canary in outside] == []


@pytest.mark.parametrize("sector", ["education", "education in full", "housing"])
@pytest.mark.parametrize("field", ["flag", "title", "because", "summary", "action", "contact"])
def test_words_that_name_an_adult_do_not_reach_school_or_landlord(sector: str, field: str) -> None:
    people = (NoticePerson(ref="x", name=Name(given="Zeb", family="Quillfeather"), identifiers=(PNC,)),)
    for words in ("Zeb is back.", "Ask about QUILLFEATHER", f"see {PNC.value}"):
        body = (
            SECTORS[sector].adapter.render(sample_notice(**{"people": people, "children": (), "narrative": (), field: words})).body.decode()
        )

        assert words not in body


def test_housing_never_holds_the_name_of_a_child_wherever_it_stands() -> None:
    children = (NoticePerson(ref="c", child=True, name=Name(given="Wrenna", family="Quillfeather"), identifiers=(NHS,)),)
    told = dict.fromkeys(("flag", "title", "because", "summary", "action", "contact"), "Wrenna Quillfeather")

    body = HousingAdapter().render(sample_notice(children=children, **told)).body.decode()

    assert not any(mark in body for mark in ("Wrenna", "Quillfeather", NHS.value))


def test_the_fences_are_tested_against_something() -> None:
    """Each mistake does show in a sector that may see the row, else the tests above would prove nothing."""
    shown = {
        "child identity": SECTORS["health"],
        "NHS number": SECTORS["health"],
        "UPN": SECTORS["education in full"],
        "address": SECTORS["police"],
        "adult identity": SECTORS["police"],
        "offence": SECTORS["police"],
        "plan": SECTORS["health"],
        "child's words": SECTORS["health"],
        "observation": SECTORS["police"],
    }
    for row, sector in shown.items():
        notice = clean("ppn", Deed.DELIVER)
        assert sector.adapter.render(ROWS[row][0](notice)) != sector.adapter.render(notice), row
