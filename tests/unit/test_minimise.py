"""What each agency may see: a distinct canary in every field, and tables written by hand of who finds which (STANDARDS section 13)."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from alertbus.model.alert import KINDS, AcceptedAlert, Alert
from alertbus.model.case import Case, Link
from alertbus.model.events import AlertReachedCase, CaseChanged, Tick
from alertbus.model.identifiers import IdentifierSystem
from alertbus.model.notice import Cause, Deed, Notice, Obligation
from alertbus.policy.load import load_policy
from alertbus.policy.minimise import CLASS_OF_IDENTIFIER, HELD, WORDS_WAIT, Bodies, cover_for
from alertbus.policy.policy import Policy
from alertbus.policy.reason_path import path_to
from alertbus.policy.recipient import recipient_of
from alertbus.policy.sight import Sight
from alertbus.reach.notices import notices_for
from alertbus.reach.owed import Owed
from alertbus.reach.reduce_case import EMPTY, CaseState, reduce_case

POLICY = load_policy()
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
AGENCIES = (*sorted(POLICY.agencies), "carpet_fitter")
EVERY_KIND = (*sorted(KINDS), "never_heard_of")
SECTORS = ("social_care", "police", "health", "ambulance", "education", "housing", "probation", "nspcc", "unknown")


# A canary in every field: what it is → how it would stand in the notice.

CANARIES = {
    "child: key": "canary-child-key",
    "child: label": "CanaryChildLabel",
    "child: given name": "CanaryChildGiven",
    "child: family name": "CanaryChildFamily",
    "child: born": "2019-01-31",
    "child: NHS number": "9434765919",
    "child: UPN": "B801200005001",
    "child: ULN": "9276308686",
    "child: authority's id": "CANARYLA7",
    "child: UPRN as identifier": "100023336956",
    "child: UPRN": "15578000",
    "child: address line": "1 CanaryChild Street",
    "child: postcode": "NN1 9CC",
    "child: relation": "CanaryChildRelation",
    "sibling: given name": "CanarySibling",
    "sibling: died": "2026-02-28",
    "adult: key": "canary-adult-key",
    "adult: label": "CanaryAdultLabel",
    "adult: given name": "CanaryAdultGiven",
    "adult: family name": "CanaryAdultFamily",
    "adult: born": "1980-04-05",
    "adult: PNC": "1981/0000034U",
    "adult: prison number": "A1234BC",
    "adult: CRN": "X123456",
    "adult: address line": "2 CanaryAdult Street",
    "adult: relation": "CanaryAdultRelation",
    "adult: role in the alert": "canary_perpetrator",
    "bystander: name": "CanaryBystander",
    "bystander: relation": "CanaryRelationOfBystander",
    "case: status": "canary_status_on_file",
    "case: contact": "CanaryContact",
    "case: source of a link": "CanaryLinkSource",
    "case: episode": "CanaryEpisode",
    "case: another agency's worker": "CanaryWorker",
    "case: another agency's team": "CanaryTeam",
    "case: person id": "canary-person-id",
    "alert: stated name": "CanaryStatedName",
    "alert: stated address": "3 CanaryStated Street",
    "alert: words of a professional": "CanaryProfessional saw it.",
    "alert: words of a child": "CanaryChildsWords, I said.",
    "alert: release date": "2026-03-19",
    "alert: release condition": "CanaryCondition",
    "alert: precaution": "CanaryPrecaution",
    "alert: incident reference": "CanaryIncidentReference",
    "alert: home conditions": "CanaryHomeConditions",
    "alert: status": "canary_status_stated",
    "alert: unknown section": "CanaryUnknownSection",
    "alert: referrer": "CANARY-REFERRER-7",
    "alert: lawful basis of the sender": "CanarySendersBasis",
    "alert: sender's id": "CanarySendersId",
    "other family: key": "canary-other-key",
    "other family: child": "CanaryOtherChild",
    "other family: parent": "CanaryOtherParent",
    "other family: address": "4 CanaryOther Street",
}

SEEN = """
                              social_care police health ambulance education housing probation nspcc unknown
child: key                         x        x      x       -          x        -        -       -      -
child: label                       x        x      x       -          x        -        -       -      -
child: given name                  x        x      x       -          x        -        -       -      -
child: family name                 x        x      x       -          x        -        -       -      -
child: born                        x        x      x       -          x        -        -       -      -
child: NHS number                  x        -      x       x          -        -        -       -      -
child: UPN                         x        -      -       -          x        -        -       -      -
child: ULN                         x        -      -       -          x        -        -       -      -
child: authority's id              x        x      x       -          x        -        -       -      -
child: UPRN as identifier          x        x      x       x          -        x        -       -      -
child: UPRN                        x        x      x       x          -        x        -       -      -
child: address line                x        x      x       x          -        x        -       -      -
child: postcode                    x        x      x       x          -        x        -       -      -
child: relation                    x        x      x       -          x        -        -       -      -
sibling: given name                x        x      x       -          x        -        -       -      -
sibling: died                      x        x      x       -          x        -        -       -      -
adult: key                         x        x      -       -          -        -        x       -      -
adult: label                       x        x      -       -          -        -        -       -      -
adult: given name                  x        x      -       -          -        -        x       -      -
adult: family name                 x        x      -       -          -        -        x       -      -
adult: born                        x        x      -       -          -        -        x       -      -
adult: PNC                         x        x      -       -          -        -        x       -      -
adult: prison number               x        x      -       -          -        -        x       -      -
adult: CRN                         x        x      -       -          -        -        x       -      -
adult: address line                x        x      x       x          -        x        -       -      -
adult: relation                    x        x      x       -          -        -        -       -      -
adult: role in the alert           x        x      x       x          x        x        x       x      x
bystander: name                    -        -      -       -          -        -        -       -      -
bystander: relation                -        -      -       -          -        -        -       -      -
case: status                       x        -      x       -          -        -        -       -      -
case: contact                      x        x      x       x          x        x        x       -      -
case: source of a link             -        -      -       -          -        -        -       -      -
case: episode                      -        -      -       -          -        -        -       -      -
case: another agency's worker      -        -      -       -          -        -        -       -      -
case: another agency's team        -        -      -       -          -        -        -       -      -
case: person id                    -        -      -       -          -        -        -       -      -
alert: stated name                 -        -      -       -          -        -        -       -      -
alert: stated address              -        -      -       -          -        -        -       -      -
alert: words of a child            x        x      x       -          -        -        -       -      -
alert: release date                x        x      x       x          x        x        x       -      -
alert: release condition           x        x      -       -          -        -        -       -      -
alert: precaution                  x        x      -       -          -        -        -       -      -
alert: incident reference          x        x      x       -          -        -        -       -      -
alert: home conditions             x        x      x       -          -        -        -       -      -
alert: status                      x        -      x       -          -        -        -       -      -
alert: unknown section             -        -      -       -          -        -        -       -      -
alert: referrer                    -        -      -       -          -        -        -       -      -
alert: lawful basis of the sender  -        -      -       -          -        -        -       -      -
alert: sender's id                 x        x      x       x          x        x        x       x      x
other family: key                  -        -      -       -          -        -        -       -      -
other family: child                -        -      -       -          -        -        -       -      -
other family: parent               -        -      -       -          -        -        -       -      -
other family: address              -        -      -       -          -        -        -       -      -
"""
"""Who finds what, whatever the kind. What an adult's identity is to a matrix row, a key or a role is not: they are opaque."""

WORDS_OF_A_PROFESSIONAL = {
    "violent_person_flag": "social_care police",
    "threat_to_staff": "social_care police",
    "risk_to_staff": "social_care police",
    "prisoner_release": "social_care police",
    "prisoner_recall": "social_care police",
    "unlawfully_at_large": "social_care police",
    "prisoner_contact_change": "social_care police",
    "risk_to_children": "social_care police",
    "restraining_order_breach": "social_care police",
    "domestic_abuse_incident": "social_care police",
    "ppn": "social_care police health",
    "drug_intelligence": "social_care police",
    "nspcc_concern": "social_care police health",
    "school_concern": "social_care police health",
    "concealed_pregnancy_concern": "health",
    "missing_child_incident": "social_care police health",
    "school_changed": "social_care health",
    "case_status_change": "social_care health",
    "worker_change": "social_care health",
    "involvement_started": "social_care health",
    "involvement_ended": "social_care health",
    "non_engagement": "social_care health",
    "conference_outcome": "social_care health",
    "meeting": "social_care health",
    "birth": "health",
    "death": "health",
    "other": "social_care police health",
    "never_heard_of": "social_care police health",
}
"""Kind → who finds the words themselves; everybody else finds the kind's template, or that there is something."""

KNOWS_THE_KIND = {
    "action": "social_care police health ambulance education housing probation",
    "threat": "social_care police health ambulance education housing probation",
    "offence": "social_care police probation",
    "observation": "social_care police health education probation",
    "plan": "social_care police health education probation",
    "child_health": "social_care health ambulance",
    "substance": "social_care police health probation",
}
"""Class of what a kind's own words tell → who may know the kind; everybody else is told that there is something."""

WITHHELD = {
    "social_care": "",
    "police": "nhs_number upn plan",
    "health": "adult_identity offence threat upn",
    "ambulance": "adult_identity child_identity child_voice observation offence plan threat upn",
    "education": "address adult_identity child_voice nhs_number observation offence plan threat",
    "housing": "adult_identity child_identity child_voice nhs_number observation offence plan threat upn",
    "probation": "address child_identity child_voice observation offence plan threat",
    "nspcc": "action address adult_identity child_identity child_voice nhs_number observation offence plan threat upn",
    "unknown": "action address adult_identity child_identity child_voice nhs_number observation offence plan threat upn",
}
"""Classes of which each sector is told that something was left out, besides the class of the words themselves."""

CLASS_OF_THE_WORDS = {
    **dict.fromkeys(("violent_person_flag", "threat_to_staff", "risk_to_staff"), "threat"),
    **dict.fromkeys(("prisoner_release", "prisoner_recall", "unlawfully_at_large", "prisoner_contact_change"), "offence"),
    **dict.fromkeys(("risk_to_children", "restraining_order_breach", "domestic_abuse_incident"), "offence"),
    **dict.fromkeys(("ppn", "nspcc_concern", "school_concern", "missing_child_incident", "other", "never_heard_of"), "observation"),
    **dict.fromkeys(("case_status_change", "worker_change", "involvement_started", "involvement_ended"), "plan"),
    **dict.fromkeys(("non_engagement", "conference_outcome", "meeting", "school_changed"), "plan"),
    **dict.fromkeys(("concealed_pregnancy_concern", "birth", "death"), "child_health"),
    "drug_intelligence": "substance",
}


def table(text: str) -> dict[str, set[str]]:
    """Sector → the rows it is marked in."""
    header, *lines = text.strip().splitlines()
    assert tuple(header.split()) == SECTORS
    rows = [(line[:35].strip(), line[35:].split()) for line in lines]
    assert all(len(cells) == len(SECTORS) and set(cells) <= {"x", "-"} for _, cells in rows)
    assert {name for name, _ in rows} == set(CANARIES) - {"alert: words of a professional"}
    return {sector: {name for name, cells in rows if cells[column] == "x"} for column, sector in enumerate(SECTORS)}


C = CANARIES
CASE = Case.model_validate(
    {
        "id": "case-1",
        "version": 1,
        "status": C["case: status"],
        "contact": C["case: contact"],
        "people": [
            {
                "key": C["child: key"],
                "label": C["child: label"],
                "name": {"given": C["child: given name"], "family": C["child: family name"]},
                "born": C["child: born"],
                "identifiers": [
                    {"system": "nhs_number", "value": C["child: NHS number"]},
                    {"system": "upn", "value": C["child: UPN"]},
                    {"system": "uln", "value": C["child: ULN"]},
                    {"system": "la_child_id", "value": C["child: authority's id"]},
                    {"system": "uprn", "value": C["child: UPRN as identifier"]},
                ],
                "addresses": [{"uprn": C["child: UPRN"], "lines": [C["child: address line"]], "postcode": C["child: postcode"]}],
                "person_ids": ["p-child"],
            },
            {
                "key": "sibling",
                "name": {"given": C["sibling: given name"]},
                "died": C["sibling: died"],
                "person_ids": [C["case: person id"]],
            },
            {
                "key": C["adult: key"],
                "label": C["adult: label"],
                "name": {"given": C["adult: given name"], "family": C["adult: family name"]},
                "born": C["adult: born"],
                "identifiers": [
                    {"system": "pnc", "value": C["adult: PNC"]},
                    {"system": "prison_number", "value": C["adult: prison number"]},
                    {"system": "crn", "value": C["adult: CRN"]},
                ],
                "addresses": [{"lines": [C["adult: address line"]]}],
                "person_ids": ["p-adult"],
            },
            {"key": "bystander", "name": {"given": C["bystander: name"]}, "person_ids": ["p-bystander"]},
        ],
        "children": [C["child: key"], "sibling"],
        "links": [
            {"person": C["child: key"], "relation": C["child: relation"]},
            {"person": C["adult: key"], "relation": C["adult: relation"], "source": C["case: source of a link"]},
            {"person": "bystander", "relation": C["bystander: relation"]},
        ],
        "involvements": [
            {
                "agency": "gp",
                "level": "worker",
                "worker": C["case: another agency's worker"],
                "team": C["case: another agency's team"],
                "from": "2026-01-01",
            },
            {"agency": "nursery", "children": [C["child: key"], "sibling"]},
        ],
        "episodes": [{"type": C["case: episode"]}],
    }
)
STATED: dict[str, Any] = {
    "id": C["alert: sender's id"],
    "source": "police.northants",
    "occurred_at": T0,
    "recorded_at": T0,
    "subjects": [
        {
            "role": C["adult: role in the alert"],
            "person": {"name": {"given": C["alert: stated name"]}, "addresses": [{"lines": [C["alert: stated address"]]}]},
        },
        {
            "person": {
                "key": C["other family: key"],
                "name": {"given": C["other family: parent"]},
                "addresses": [{"lines": [C["other family: address"]]}],
            }
        },
    ],
    "children": [{"role": "victim", "person": {"label": "a child"}}, {"name": {"given": C["other family: child"]}}],
    "narrative": [
        {"text": C["alert: words of a professional"]},
        {"text": C["alert: words of a child"], "said_by": "child", "observed_first_hand": False},
    ],
    "details": {
        "release": {"date": C["alert: release date"], "conditions": [C["alert: release condition"]]},
        "flag": {"precautions": [C["alert: precaution"]]},
        "incident": {"reference": C["alert: incident reference"], "home_conditions": C["alert: home conditions"]},
        "status": C["alert: status"],
        "never_heard_of": {"text": C["alert: unknown section"]},
    },
    "referrer": {"reference": C["alert: referrer"]},
    "lawful_basis": C["alert: lawful basis of the sender"],
}
PEOPLE = (("p-adult",), ("p-other-parent",), ("p-child",), ("p-other-child",))


def statement(kind: str = "other", **stated: Any) -> AcceptedAlert:
    people = stated.pop("people", PEOPLE)
    return AcceptedAlert.of(Alert.model_validate({**STATED, "kind": kind, **stated}), T0).with_people(people)


def notice(agency: str, said: AcceptedAlert | None = None, *, case: Case = CASE, via: int = 2, deed: Deed = Deed.DELIVER) -> Notice:
    """As the agency would get it if the policy's audience were everybody."""
    said = said or statement()
    obligation = Obligation(
        id="o-1",
        alert_id=said.alert_id,
        case_id=case.id,
        agency=agency,
        role=POLICY.roles(said.alert.kind, agency)[0],
        kind=said.alert.kind,
        severity=said.alert.severity,
        source=said.alert.source,
        source_id=said.alert.id,
        since=T0,
        cause=Cause.ALERT,
    )
    return built(deed, obligation, said, case, POLICY, case.links[via - 1])


def built(deed: Deed, owed: Obligation, said: AcceptedAlert, case: Case, policy: Policy, link: Link) -> Notice:
    sight = Sight(policy, recipient_of(owed.agency, case, policy, T0, source=said.alert.source))
    cover = cover_for("n-1", deed, owed, sight, path=path_to(case, link, sight), ruling="works_with_children")
    body, _ = Bodies(said, case, policy, over=deed if deed.ends else None).for_recipient(sight.recipient)
    return Notice.of(cover, body)


def knows(agency: str, kind: str) -> bool:
    rule = POLICY.kind_rule(kind)
    return POLICY.agency(agency).sector in KNOWS_THE_KIND[rule.tells or rule.narrative].split()


def found_in(dumped: str) -> set[str]:
    return {name for name, canary in CANARIES.items() if canary in dumped}


def test_no_canary_stands_within_another() -> None:
    assert [(a, b) for a in CANARIES.values() for b in CANARIES.values() if a != b and a in b] == []


def test_every_canary_is_really_in_the_case_or_the_alert() -> None:
    assert found_in(CASE.model_dump_json() + statement().model_dump_json()) == set(CANARIES)


@pytest.mark.parametrize("via", [1, 2], ids=["through the child", "through the adult"])
@pytest.mark.parametrize("agency", AGENCIES)
def test_an_agency_finds_in_any_kind_exactly_what_its_sector_may_see(agency: str, via: int) -> None:
    seen = table(SEEN)[POLICY.agency(agency).sector]
    for kind in EVERY_KIND:
        words = POLICY.agency(agency).sector in WORDS_OF_A_PROFESSIONAL[kind].split()
        of_the_alert = {name for name in seen if name.startswith("alert: ")} | {"adult: role in the alert"}
        hidden = set() if knows(agency, kind) else of_the_alert

        dumped = notice(agency, statement(kind), via=via).model_dump_json()

        assert found_in(dumped) == (seen | ({"alert: words of a professional"} if words else set())) - hidden, kind


@pytest.mark.parametrize("agency", AGENCIES)
def test_whatever_is_left_out_is_named_by_its_class(agency: str) -> None:
    sector = POLICY.agency(agency).sector
    for kind in EVERY_KIND:
        words = set() if sector in WORDS_OF_A_PROFESSIONAL[kind].split() else {CLASS_OF_THE_WORDS[kind]}
        named = {*WITHHELD[sector].split(), *words, "unclassified"}
        of_the_case = (
            {*WITHHELD[sector].split(), "observation"} - {"child_voice", "threat"} - ({"offence"} if sector == "probation" else set())
        )

        assert set(notice(agency, statement(kind)).withheld) == (named if knows(agency, kind) else of_the_case), kind


@pytest.mark.parametrize("agency", AGENCIES)
def test_where_there_is_nothing_to_leave_out_nothing_is_named(agency: str) -> None:
    bare = Case.model_validate(
        {"id": "c", "people": [{"key": "gone", "person_ids": ["p-adult"]}], "links": [{"person": "gone", "relation": "x"}]}
    )
    said = statement("other", narrative=[], details={}, referrer=None)

    told = notice(agency, said, case=bare, via=1)

    assert set(told.withheld) <= {"adult_identity", "action"} | (set() if knows(agency, "other") else {"observation"})
    assert told.narrative == ()
    assert told.details == {}


def test_every_identifier_has_a_class_of_its_own_but_an_authoritys_which_is_part_of_the_child() -> None:
    assert set(IdentifierSystem) - set(CLASS_OF_IDENTIFIER) == {IdentifierSystem.LA_CHILD_ID}


# In place of the words.


@pytest.mark.parametrize(
    ("agency", "kind", "template"),
    [
        pytest.param("school", "threat_to_staff", True, id="school, threat: its template"),
        pytest.param("housing", "prisoner_release", True, id="housing, release: the template tells what to do, not the offence"),
        pytest.param("ambulance", "birth", True, id="ambulance, birth: its template"),
        pytest.param("childrens_social_care", "birth", True, id="social care, birth: its template"),
        pytest.param("school", "drug_intelligence", False, id="school, drugs: that there is something"),
        pytest.param("housing", "ppn", False, id="housing, PPN: that there is something"),
        pytest.param("carpet_fitter", "threat_to_staff", False, id="a stranger: that there is something"),
        pytest.param("nspcc", "nspcc_concern", False, id="NSPCC: that there is something"),
    ],
)
def test_who_may_not_read_the_words_reads_the_kinds_own_or_that_there_is_something(agency: str, kind: str, template: bool) -> None:
    told = notice(agency, statement(kind))

    assert told.summary == (
        POLICY.kind_rule(kind).summary if template else "There is safeguarding information that concerns you. Ring the contact given."
    )
    assert C["alert: words of a professional"] not in told.model_dump_json()


# Words as they were said.

UNUSUAL = {
    "line ends of a telex": "He said:\r\n\tgo.\r\nShe went.\n\r",
    "an accent in two characters": "Rene\u0301e and Ren\u00e9e",
    "emoji of several characters": "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f62d\ufe0f",
    "spaces around": "  \u00a0trailing \t ",
    "an end of text that JavaScript dislikes": "one\u2028two\u2029three\x85four",
    "nothing but a null": "\x00",
    "right to left": "\u202e\u0645\u0631\u062d\u0628\u0627",
    "markup": "<b>&amp;</b> \\u0041 \\n {{ 7*7 }} %s",
}


def assert_unaltered(told: Notice, text: str) -> None:
    travelled = Notice.model_validate_json(told.model_dump_json(by_alias=True, exclude_defaults=True))
    for excerpt in (*told.narrative, *travelled.narrative):
        assert excerpt.text.encode() == text.encode()
        assert excerpt.sha256 == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("text", UNUSUAL.values(), ids=UNUSUAL)
@pytest.mark.parametrize("agency", AGENCIES)
def test_voi_01_words_reach_an_agency_byte_for_byte_or_not_at_all(agency: str, text: str) -> None:
    said = statement("ppn", narrative=[{"text": text}])
    told = notice(agency, AcceptedAlert.model_validate_json(said.model_dump_json(exclude_defaults=True)))

    assert len(told.narrative) == (POLICY.agency(agency).sector in WORDS_OF_A_PROFESSIONAL["ppn"].split())
    assert_unaltered(told, text)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1), agency=st.sampled_from(AGENCIES), kind=st.sampled_from(EVERY_KIND)
)
@example(text="x" * 65_536, agency="police", kind="ppn")
def test_voi_01_no_text_is_ever_altered(text: str, agency: str, kind: str) -> None:
    told = notice(agency, statement(kind, narrative=[{"text": text}]))

    assert len(told.narrative) <= 1
    assert_unaltered(told, text)


def test_voi_02_what_was_seen_and_what_was_passed_on_stay_told_apart() -> None:
    words = [
        {"text": "x", "said_by": "professional", "observed_first_hand": True},
        {"text": "y", "said_by": "child", "observed_first_hand": False},
    ]
    told = notice("police", statement("ppn", narrative=words))

    assert [(e.said_by, e.observed_first_hand) for e in told.narrative] == [("professional", True), ("child", False)]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_not_11_voi_02_words_of_which_nobody_said_who_spoke_reach_whom_the_kinds_words_reach_and_claim_nothing(kind: str) -> None:
    for agency in AGENCIES:
        unsaid, said = (notice(agency, statement(kind, narrative=[{"text": "x", **by}])) for by in ({}, {"said_by": "public"}))

        assert len(unsaid.narrative) == len(said.narrative)
        assert {(e.said_by, e.observed_first_hand) for e in unsaid.narrative} <= {(None, None)}
        assert unsaid.do_not_reveal_source == said.do_not_reveal_source


# Addresses.


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("agency", ["probation", "prison", "probation_northants", "prison_service"])
def test_ano_03_not_18_no_address_ever_goes_to_who_acts_for_the_adult(agency: str, kind: str) -> None:
    told = notice(agency, statement(kind))

    assert [person.addresses for person in (*told.children, *told.people) if person.addresses] == []
    assert {"child: UPRN as identifier", "child: UPRN", "child: address line", "child: postcode"}.isdisjoint(
        found_in(told.model_dump_json())
    )
    assert "adult: address line" not in found_in(told.model_dump_json())
    assert "address" in told.withheld


def test_ano_03_not_18_not_even_a_policy_that_shares_addresses_sends_one_there() -> None:
    generous = dict.fromkeys(POLICY.sharing["probation"], "full")
    policy = POLICY.model_validate(
        {**POLICY.model_dump(mode="json"), "sharing": {**POLICY.model_dump(mode="json")["sharing"], "probation": generous}}
    )
    said = statement()
    obligation = notice("probation", said).obligation

    told = built(Deed.DELIVER, obligation, said, CASE, policy, CASE.links[1])

    assert C["adult: PNC"] in told.model_dump_json()  # the policy is as generous as it says
    assert told.case_status is None
    assert {name for name in found_in(told.model_dump_json()) if "address" in name or "UPRN" in name or "postcode" in name} == set()


# Who is who.


def family(relation: str = "father", certainty: str = "putative") -> Case:
    return Case.model_validate(
        {
            "id": "case-1",
            "people": [
                {"key": "child", "person_ids": ["p-child"]},
                {"key": "father", "label": "Putative Father", "person_ids": ["p-adult"]},
            ],
            "children": ["child"],
            "links": [{"person": "child", "relation": "child"}, {"person": "father", "relation": relation, "certainty": certainty}],
        }
    )


@pytest.mark.parametrize("agency", AGENCIES)
def test_lnk_06_not_11_putative_is_said_to_every_agency(agency: str) -> None:
    told = notice(agency, case=family())

    assert [person.certainty for person in told.people] == ["putative"]


@pytest.mark.parametrize(
    ("relation", "certainty", "words"),
    [
        pytest.param("father", "putative", "Putative Father → putative father → ", id="putative is put before the relation"),
        pytest.param("Putative father", "putative", "Putative Father → Putative father → ", id="and not twice"),
        pytest.param("father", "confirmed", "Putative Father → father → ", id="confirmed is not"),
    ],
)
def test_lnk_06_the_reason_says_putative_where_the_link_does(relation: str, certainty: str, words: str) -> None:
    told = notice("police", case=family(relation, certainty))

    assert told.because == words + "the children's case → you, police (safeguarding unit)"


@pytest.mark.parametrize(
    ("agency", "through_adult", "through_child"),
    [
        pytest.param("police", "Putative Father → putative father", "a person not named → child", id="police: who and what"),
        pytest.param("health_visiting", "an adult → putative father", "a person not named → child", id="health: what he is to them"),
        pytest.param("school", "an adult → linked to the children", "a person not named → child", id="school: that he is linked"),
        pytest.param("housing", "an adult → linked to the children", "a child → child", id="housing: that somebody is"),
        pytest.param("carpet_fitter", "an adult → linked to the children", "a child → child", id="a stranger: that somebody is"),
    ],
)
def test_the_reason_path_says_no_more_than_the_agency_may_know(agency: str, through_adult: str, through_child: str) -> None:
    assert notice(agency, case=family(), via=2).because.startswith(f"{through_adult} → the children's case → you, ")
    assert notice(agency, case=family(), via=1).because.startswith(f"{through_child} → the children's case → you, ")


def test_an_alerts_part_for_each_person_is_kept_and_the_rest_of_the_children_have_none() -> None:
    told = notice("police")

    assert {(p.ref, p.role) for p in told.children} == {(C["child: key"], "victim"), ("sibling", None)}
    assert [(p.ref, p.role) for p in told.people] == [(C["adult: key"], C["adult: role in the alert"])]


# Two families with one man.


def families() -> tuple[Case, Case]:
    def one(name: str) -> Case:
        return Case.model_validate(
            {
                "id": f"case-{name}",
                "contact": f"{name} team",
                "people": [
                    {"key": f"{name}-child", "name": {"given": f"{name} child"}, "person_ids": [f"p-{name}-child"]},
                    {"key": f"{name}-mother", "name": {"given": f"{name} mother"}, "person_ids": [f"p-{name}-mother"]},
                    {"key": f"{name}-him", "label": "Ex-partner", "person_ids": ["p-him"]},
                ],
                "children": [f"{name}-child"],
                "links": [
                    {"person": f"{name}-child", "relation": "child"},
                    {"person": f"{name}-mother", "relation": "mother"},
                    {"person": f"{name}-him", "relation": f"father of {name} child"},
                ],
                "involvements": [{"agency": "police"}, {"agency": "gp"}, {"agency": "childrens_social_care"}, {"agency": "school"}],
            }
        )

    return one("North"), one("South")


def play(case: Case, *said: AcceptedAlert, until: datetime | None = None) -> list[tuple[Owed, Notice]]:
    """Everything the case says when the statements arrive in turn, as notices."""
    state: CaseState = EMPTY
    told: list[tuple[Owed, Notice]] = []
    events = [CaseChanged(case=case)] + [AlertReachedCase(case_id=case.id, via=s.people[0][0], alert=s) for s in said]
    if until is not None:
        events.append(Tick(case_id=case.id, since=said[-1].at, at=until))
    for event in events:
        before = state
        state, owed = reduce_case(state, event, POLICY)
        told += [(one.owed, one.notice) for one in notices_for(owed, before, state, POLICY)]
    return told


def test_lnk_12_not_17_a_man_linked_to_two_families_tells_each_of_nobody_in_the_other() -> None:
    north, south = families()
    said = AcceptedAlert.of(
        Alert.model_validate(
            {
                "id": "A-1",
                "source": "probation",
                "kind": "prisoner_release",
                "occurred_at": T0,
                "recorded_at": T0,
                "subjects": [{"person": {"label": "him"}}, {"role": "victim", "person": {"name": {"given": "South mother"}}}],
                "children": [{"name": {"given": "North child"}}, {"name": {"given": "South child"}}],
            }
        ),
        T0,
    ).with_people((("p-him",), ("p-South-mother",), ("p-North-child",), ("p-South-child",)))

    in_north, in_south = play(north, said), play(south, said)

    assert [o.obligation.agency for o, _ in in_north] == ["childrens_social_care", "gp", "police", "school"]
    assert [o.obligation.agency for o, _ in in_south] == ["childrens_social_care", "gp", "police", "school"]
    assert "South" not in "".join(n.model_dump_json() for _, n in in_north)
    assert "North" not in "".join(n.model_dump_json() for _, n in in_south)
    assert {o.obligation.id for o, _ in in_north}.isdisjoint({o.obligation.id for o, _ in in_south})


# Sources.


@pytest.mark.parametrize("agency", AGENCIES)
def test_not_01_who_told_us_is_never_in_a_notice_not_even_that_something_was_left_out(agency: str) -> None:
    told = notice(agency, statement("nspcc_concern", referrer={"anonymous": True, "reference": C["alert: referrer"]}))

    assert "referrer" not in told.model_dump_json().lower()
    assert C["alert: referrer"] not in told.model_dump_json()


@pytest.mark.parametrize(
    ("kind", "stated", "hidden"),
    [
        pytest.param("nspcc_concern", {}, True, id="NSPCC, always"),
        pytest.param("concealed_pregnancy_concern", {}, True, id="concealed pregnancy, always"),
        pytest.param("school_concern", {"narrative": [{"text": "x", "said_by": "child"}]}, True, id="a child said it"),
        pytest.param("school_concern", {"referrer": {"anonymous": True}}, True, id="an anonymous caller, whatever the kind"),
        pytest.param("school_concern", {"referrer": {"reference": "R-1"}}, False, id="a caller with a reference"),
        pytest.param("school_concern", {}, False, id="a school"),
    ],
)
def test_ano_04_not_01_a_child_or_an_anonymous_caller_is_not_to_be_revealed(kind: str, stated: dict[str, Any], hidden: bool) -> None:
    said = statement(kind, **{"narrative": [{"text": "x"}], "referrer": None, **stated})

    assert {notice(agency, said).do_not_reveal_source for agency in AGENCIES if knows(agency, kind)} == {hidden}
    assert {notice(agency, said).do_not_reveal_source for agency in AGENCIES if not knows(agency, kind)} == {True}


@pytest.mark.parametrize(
    ("said_by", "first_hand", "told_as"),
    [
        ("parent", True, (None, None)),
        ("professional", False, (None, False)),
        ("public", True, ("public", None)),
        ("child", False, ("child", False)),
        (None, None, (None, None)),
    ],
)
def test_not_01_who_spoke_and_who_was_there_is_not_told_of_an_anonymous_call(said_by: Any, first_hand: Any, told_as: Any) -> None:
    words = [{"text": "x", "said_by": said_by, "observed_first_hand": first_hand}]
    anonymous, known = (notice("police", statement("ppn", narrative=words, referrer={"anonymous": hidden})) for hidden in (True, False))

    assert [(e.text, e.said_by, e.observed_first_hand) for e in anonymous.narrative] == [("x", *told_as)]
    assert [(e.text, e.said_by, e.observed_first_hand) for e in known.narrative] == [("x", said_by, first_hand)]


# Words that wait for a person.

FREE_TEXT = (
    "alert: words of a professional",
    "alert: words of a child",
    "alert: release condition",
    "alert: precaution",
    "alert: home conditions",
    "alert: status",
)


@pytest.mark.parametrize("agency", AGENCIES)
@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("over", [None, Deed.WITHDRAW])
def test_not_17_held_words_are_in_no_agencys_notice_and_all_else_is_as_it_would_be(agency: str, kind: str, over: Deed | None) -> None:
    said = statement(kind)
    recipient = recipient_of(agency, CASE, POLICY, T0, source=said.alert.source)
    whole, held = (Bodies(said, CASE, POLICY, over=over, words_held=one).for_recipient(recipient)[0] for one in (False, True))

    assert found_in(held.model_dump_json()).isdisjoint(FREE_TEXT)
    waits = bool(found_in(whole.model_dump_json()) & set(FREE_TEXT))
    assert (HELD in held.withheld, held.summary.endswith(WORDS_WAIT)) == (waits, waits)
    assert found_in(whole.model_dump_json()) - set(FREE_TEXT) == found_in(held.model_dump_json())
    assert (held.action, held.contact, held.title) == (whole.action, whole.contact, whole.title)
    assert held.summary.removesuffix(WORDS_WAIT).strip() == whole.summary


# What is read first, and by whom.

ON_THE_CASE = Case.model_validate(
    {
        "id": "case-1",
        "version": 1,
        "people": [{"key": "mother", "person_ids": ["p-mother"]}, {"key": "ex", "person_ids": ["p-ex"]}],
        "links": [{"person": "mother", "relation": "mother"}, {"person": "ex", "relation": "ex-partner"}],
        "involvements": [
            {"agency": "gp"},
            {"agency": "housing", "scope": "plan_partner"},
            {"agency": "probation", "scope": "adult_linked", "adult": "mother"},
            {"agency": "nspcc"},
            {"agency": "police"},
            {"agency": "childrens_social_care"},
            {"agency": "childrens_social_care", "level": "worker", "worker": "First Worker", "from": "2026-01-01", "to": "2026-03-08"},
            {"agency": "childrens_social_care", "level": "worker", "worker": "Second Worker", "from": "2026-03-09"},
            {"agency": "childrens_social_care", "level": "manager", "worker": "First Manager", "from": "2026-01-01", "to": "2026-03-08"},
            {"agency": "childrens_social_care", "level": "manager", "worker": "Second Manager", "from": "2026-03-09"},
            {"agency": "gp", "level": "worker", "worker": "Some Doctor"},
        ],
    }
)


def about(person: str, kind: str, days: int = 0, **stated: Any) -> AcceptedAlert:
    at = T0 + timedelta(days=days)
    body = {
        "id": f"{kind}-{person}",
        "source": "school",
        "kind": kind,
        "occurred_at": at,
        "recorded_at": at,
        "subjects": [{"person": {"key": person}}],
    }
    return AcceptedAlert.of(Alert.model_validate({**body, **stated}), at).with_people(((f"p-{person}",),))


def flags(*said: AcceptedAlert) -> dict[str, str | None]:
    """Agency → the first line of the last statement's notices."""
    return {o.obligation.agency: n.flag for o, n in play(ON_THE_CASE, *said) if o.statement == said[-1] and o.deed is not Deed.WITHDRAW}


FLAG = "VIOLENT PERSON FLAG: Read before any visit. Visit jointly; do not visit alone. The flag does not end home visits."
THREAT = "THREAT TO STAFF: Read before any visit. Visit jointly; do not visit alone. The flag does not end home visits."


def test_vpf_06_a_flag_is_its_own_first_line() -> None:
    assert flags(about("ex", "violent_person_flag")) == {
        "childrens_social_care": FLAG,
        "gp": FLAG,
        "housing": FLAG,
        "nspcc": None,  # told that something concerns it, and nothing else
        "police": FLAG,
    }


@pytest.mark.parametrize("grade", ["abuse", "intimidation", "threat", "violence"])
def test_vpf_07_the_grade_stands_in_the_line_of_the_flag_and_of_every_other_alert(grade: str) -> None:
    graded = FLAG.replace(":", f" ({grade}):", 1)
    stated = about("ex", "violent_person_flag", details={"flag": {"grade": grade}})

    assert (flags(stated)["gp"], flags(stated, about("mother", "ppn", days=30))["gp"]) == (graded, graded)


def test_vpf_06_vpf_12_a_standing_flag_comes_first_on_every_other_alert_of_the_case() -> None:
    told = flags(about("ex", "violent_person_flag"), about("mother", "ppn", days=30))

    assert told == {"childrens_social_care": FLAG, "gp": FLAG, "police": FLAG, "nspcc": None, "probation": None}


def test_vpf_06_the_flag_line_goes_only_to_who_was_told_of_the_flag() -> None:
    told = flags(about("ex", "threat_to_staff"), about("mother", "violent_person_flag", days=1))

    assert told["probation"] == FLAG  # its own alert
    assert flags(about("ex", "threat_to_staff"), about("mother", "ppn", days=1))["probation"] is None  # acts for her, not for him
    assert flags(about("ex", "threat_to_staff"), about("mother", "ppn", days=1))["gp"] == THREAT


@pytest.mark.parametrize("source", ["police", "police.response"])
def test_vpf_06_who_stated_the_flag_reads_its_line_as_everybody_does(source: str) -> None:
    told = flags(about("ex", "violent_person_flag", source=source), about("mother", "ppn", days=1))

    assert (told["police"], told["gp"]) == (FLAG, FLAG)


def test_lnk_04_vpf_06_another_unit_reads_it_as_its_own_agencys_word_and_owes_no_answer() -> None:
    told = {n.obligation.agency: n for _, n in play(ON_THE_CASE, about("ex", "violent_person_flag", source="police.response"))}

    assert (told["police"].own_agency, told["police"].obligation.due, told["police"].rule) == (True, None, "other_unit")
    assert told["police"].because.endswith("; your own agency stated this")
    assert told["police"].flag == FLAG
    assert not any(n.own_agency or n.obligation.due is None or "your own" in n.because for agency, n in told.items() if agency != "police")


@pytest.mark.parametrize(
    ("before", "line"),
    [
        pytest.param([about("ex", "threat_to_staff", days=-365)], THREAT, id="on its last day"),
        pytest.param([about("ex", "threat_to_staff", days=-366)], None, id="a day later"),
        pytest.param([about("ex", "violent_person_flag", days=-9, review_on="2026-03-02")], FLAG, id="on its review date"),
        pytest.param([about("ex", "violent_person_flag", days=-9, review_on="2026-03-01")], FLAG, id="not_23: after it"),
        pytest.param(
            [about("ex", "violent_person_flag", days=-9), about("ex", "violent_person_flag", days=-1, action="withdrawn")],
            None,
            id="withdrawn",
        ),
        pytest.param([about("ex", "ppn")], None, id="no flag"),
    ],
)
def test_vpf_06_the_line_is_there_as_long_as_the_flag_stands(before: list[AcceptedAlert], line: str | None) -> None:
    assert flags(*before, about("mother", "school_concern", source="nursery"))["gp"] == line


def test_vpf_06_a_flag_on_somebody_who_is_not_linked_yet_is_no_line_yet() -> None:
    later = ON_THE_CASE.model_copy(
        update={"links": (ON_THE_CASE.links[0], ON_THE_CASE.links[1].model_copy(update={"from_": T0 + timedelta(days=50)}))}
    )
    said = [about("ex", "violent_person_flag"), about("mother", "ppn", days=20)]

    lines = {n.flag for o, n in play(later, *said) if o.statement == said[1]}

    assert lines == {None}


@pytest.mark.parametrize(
    ("days", "worker", "manager"),
    [
        pytest.param(0, "First Worker", "First Manager", id="the first"),
        pytest.param(6, "First Worker", "First Manager", id="the first on her last day"),
        pytest.param(7, "Second Worker", "Second Manager", id="the second"),
    ],
)
def test_tur_01_a_notice_names_who_answered_for_it_at_that_time(days: int, worker: str, manager: str) -> None:
    told = play(ON_THE_CASE, about("mother", "ppn", days=days))

    assert {(o.obligation.agency, o.obligation.role): n.recipient for o, n in told} == {
        ("childrens_social_care", "social_worker"): worker,
        ("childrens_social_care", "team_manager"): manager,
        ("gp", "safeguarding_lead"): None,  # a doctor without any date was there once: nobody knows when
        ("nspcc", "helpline"): None,
        ("police", "safeguarding_unit"): None,
        ("probation", "probation_practitioner"): None,
    }


def test_a_withdrawn_notice_repeats_nothing_that_was_said() -> None:
    said = {"narrative": [{"text": "CanaryProfessional saw it."}, {"text": "I said.", "said_by": "child"}]}
    raised, withdrawn = about("mother", "ppn", **said), about("mother", "ppn", days=1, action="withdrawn", **said)

    told = play(ON_THE_CASE, raised, withdrawn)

    taken = [n for o, n in told if o.deed is Deed.WITHDRAW]
    assert {n.obligation.id for n in taken} == {n.obligation.id for o, n in told if o.deed is Deed.DELIVER}
    assert len(taken) == 6
    assert "CanaryProfessional" in told[0][1].model_dump_json()
    assert [n.narrative for n in taken] == [()] * 6
    assert "CanaryProfessional" not in "".join(n.model_dump_json() for n in taken)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        pytest.param({}, Cause.ALERT, id="the alert came last"),
        pytest.param({"links": [{"person": "ex", "relation": "new partner", "from": "2026-03-05"}]}, Cause.LINK, id="the link came last"),
        pytest.param({"involvements": [{"agency": "gp", "from": "2026-03-05"}]}, Cause.INVOLVEMENT, id="the agency came last"),
    ],
)
def test_vpf_11_a_briefing_says_what_caused_it_and_since_when(change: dict[str, Any], cause: Cause) -> None:
    case = Case.model_validate(
        {
            "id": "case-1",
            "people": [{"key": "ex", "person_ids": ["p-ex"]}],
            "links": [{"person": "ex", "relation": "ex-partner"}],
            "involvements": [{"agency": "gp"}],
            **change,
        }
    )

    told = play(case, about("ex", "violent_person_flag"), until=T0 + timedelta(days=30))

    since = T0 if cause is Cause.ALERT else datetime(2026, 3, 5, tzinfo=UTC)
    assert [(n.obligation.cause, n.obligation.since, n.flag) for _, n in told] == [(cause, since, FLAG)]
    assert ("since 2026-03-05" in told[0][1].because) is (cause is Cause.INVOLVEMENT)


def test_int_07_a_notice_says_by_which_policy_and_rule_and_on_what_basis() -> None:
    told = notice("police", statement("ppn"))

    assert (told.policy_version, told.rule) == (POLICY.version, "works_with_children")
    assert told.lawful_basis == POLICY.lawful_basis["police"]
    assert notice("gp", statement("ppn")).lawful_basis == POLICY.lawful_basis["default"]


@pytest.mark.parametrize(("case", "said"), [(CASE, statement("ppn"))], ids=["the rich case"])
@pytest.mark.parametrize("agency", AGENCIES)
def test_the_same_alert_gives_the_same_notice_after_its_travels(agency: str, case: Case, said: AcceptedAlert) -> None:
    travelled = AcceptedAlert.model_validate_json(said.model_dump_json(by_alias=True, exclude_defaults=True))
    on_file = Case.model_validate_json(case.model_dump_json(by_alias=True, exclude_defaults=True))

    assert notice(agency, travelled, case=on_file) == notice(agency, said, case=case)
    assert json.loads(notice(agency, said).model_dump_json())["obligation"]["agency"] == agency
