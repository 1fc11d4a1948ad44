"""What makes one recipient see less than its sector: for whom it acts, which children it works with, restrictions, and the day."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alertbus.model.alert import KINDS, AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.model.events import AlertReachedCase, CaseChanged, Tick
from alertbus.model.notice import Deed, Notice
from alertbus.plugin.manager import Plugins
from alertbus.policy.load import load_policy
from alertbus.policy.policy import Policy
from alertbus.policy.recipient import recipient_of
from alertbus.reach.notices import notices_for
from alertbus.reach.reduce_case import CaseState, reduce_case
from alertbus.rehearsal.scenario import load_scenario

ROOT = Path(__file__).parents[2]
BUNDLED = ROOT / "alertbus/scenarios/child-bi"
POLICY = load_policy()
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
AGENCIES = tuple(sorted(POLICY.agencies))
SCOPES = ("children_case", "plan_partner", "adult_linked")
KIND = ("ppn", "threat_to_staff", "prisoner_release", "restraining_order_breach", "domestic_abuse_incident", "drug_intelligence", "other")

HIS = {"uprn": "100077770002", "lines": ["9 Canary Dock Road"], "postcode": "NN4 4DD"}
REFUGE = {"uprn": "200099990001", "lines": ["Canary Refuge House"], "postcode": "LE9 9ZZ"}
OF_THE_REFUGE = ("200099990001", "Canary Refuge House", "LE9 9ZZ")
OF_THE_CHILD = ("canary-child", "CanaryChild", "Canary Eldest", "2021-06-01", "9108395950", "B801200005001", *OF_THE_REFUGE)
FREE_TEXT = ("CanaryWords", "CanaryYoungWords", "CanaryCondition", "CanaryPrecaution", "CanaryKitchen", "CanaryOfficer", "CanaryReference")

CHILD = {
    "key": "canary-child",
    "label": "Canary Eldest",
    "name": {"given": "CanaryChild"},
    "born": "2021-06-01",
    "identifiers": [{"system": "nhs_number", "value": "9108395950"}, {"system": "upn", "value": "B801200005001"}],
    "addresses": [REFUGE],
    "person_ids": ["p-child"],
}


def a_case(*involvements: Mapping[str, Any], children: tuple[Mapping[str, Any], ...] = (CHILD,), **stated: Any) -> Case:
    body = {
        "id": "c-1",
        "status": "canary_plan",
        "contact": "Duty team, 01632 960123",
        "people": [
            *children,
            {
                "key": "mum",
                "name": {"given": "Muriel"},
                "born": "1985-06-07",
                "identifiers": [{"system": "pnc", "value": "1981/0000034U"}],
                "addresses": [REFUGE],
                "person_ids": ["p-mum"],
            },
            {
                "key": "him",
                "label": "Canary Father",
                "name": {"given": "Humphrey"},
                "born": "1980-08-09",
                "identifiers": [{"system": "crn", "value": "X123456"}],
                "addresses": [HIS],
                "person_ids": ["p-him"],
            },
        ],
        "children": [child["key"] for child in children],
        "links": [
            {"person": "him", "relation": "canary_father_of_child", "certainty": "putative"},
            {"person": "mum", "relation": "mother"},
            *({"person": child["key"], "relation": "child"} for child in children),
        ],
        "involvements": involvements,
    }
    return Case.model_validate({**body, **stated})


def about_him(kind: str = "ppn", at: datetime = T0, **stated: Any) -> AcceptedAlert:
    body: dict[str, Any] = {
        "id": f"{kind}-1",
        "source": "court.northants",
        "kind": kind,
        "occurred_at": at,
        "recorded_at": at,
        "subjects": [{"person": {"key": "him"}}, {"role": "victim", "person": {"key": "mum"}}],
        "children": [{"role": "victim", "person": {"key": "canary-child"}}],
        "narrative": [{"text": "CanaryWords"}, {"text": "CanaryYoungWords", "said_by": "child"}],
        "details": {
            "release": {"date": "2026-03-19", "conditions": ["CanaryCondition"]},
            "flag": {"precautions": ["CanaryPrecaution"], "grade": "threat"},
            "incident": {"home_conditions": "CanaryKitchen", "officer": "CanaryOfficer", "reference": "CanaryReference"},
            "status": "canary_plan",
        },
    }
    return AcceptedAlert.of(Alert.model_validate({**body, **stated}), at).with_people((("p-him",), ("p-mum",), ("p-child",)))


def told(case: Case, *said: AcceptedAlert, policy: Policy = POLICY, then: Case | None = None) -> dict[str, list[Notice]]:
    """Agency → its notices, when the case tells every kind to everybody on it. `then` is the case's next version."""
    everybody = frozenset({"case_agencies", "plan_partners", "adult_agencies"})
    kinds = {name: rule.model_copy(update={"audience": everybody}) for name, rule in policy.kinds.items()}
    policy = policy.model_copy(update={"kinds": kinds})
    state = CaseState()
    found: dict[str, list[Notice]] = {}
    events: list[CaseChanged | AlertReachedCase] = [CaseChanged(case=case)]
    events += [AlertReachedCase(case_id=case.id, via="x", alert=s) for s in said]
    events += [CaseChanged(case=then)] if then else []
    for event in events:
        before = state
        state, owed = reduce_case(before, event, policy)
        for one in notices_for(owed, before, state, policy):
            found.setdefault(one.notice.obligation.agency, []).append(one.notice)
    return found


def only(case: Case, agency: str, said: AcceptedAlert, policy: Policy = POLICY) -> Notice:
    return told(case, said, policy=policy)[agency][0]


def stands_in(notice: Notice, *canaries: str) -> list[str]:
    dumped = json.dumps(notice.model_dump(mode="json"), ensure_ascii=False)
    return [canary for canary in canaries if canary in dumped]


def for_him(agency: str) -> dict[str, Any]:
    return {"agency": agency, "scope": "adult_linked", "adult": "him"}


# Who acts for an adult.


@pytest.mark.parametrize("kind", KIND)
@pytest.mark.parametrize("agency", AGENCIES)
def test_not_18_ano_03_who_acts_for_a_man_is_given_no_address_but_his_own(agency: str, kind: str) -> None:
    notice = only(a_case(for_him(agency)), agency, about_him(kind))

    assert stands_in(notice, *OF_THE_REFUGE) == []
    sees = POLICY.share(POLICY.agency(agency).sector, "address") == "full"  # type: ignore[arg-type]
    assert [a.uprn for p in notice.people for a in p.addresses] == ([HIS["uprn"]] if sees else [])


@pytest.mark.parametrize("kind", KIND)
@pytest.mark.parametrize("agency", AGENCIES)
def test_not_02_who_acts_for_a_man_is_told_of_a_child_and_not_who_it_is(agency: str, kind: str) -> None:
    notice = only(a_case(for_him(agency)), agency, about_him(kind))

    assert stands_in(notice, *OF_THE_CHILD, "canary_plan") == []
    assert [(child.label, child.name, child.born, child.identifiers) for child in notice.children] == [("a child", None, None, ())]
    assert "child_identity" in notice.withheld


@pytest.mark.parametrize("agency", AGENCIES)
def test_not_02_of_another_adult_who_acts_for_a_man_has_a_name_at_most(agency: str) -> None:
    notice = only(a_case(for_him(agency)), agency, about_him())
    full = POLICY.share(POLICY.agency(agency).sector, "adult_identity") == "full"  # type: ignore[arg-type]

    assert stands_in(notice, "Muriel", "1985-06-07", "1981/0000034U") == (["Muriel"] if full else [])
    assert stands_in(notice, "Humphrey", "1980-08-09", "X123456") == (["Humphrey", "1980-08-09", "X123456"] if full else [])


@pytest.mark.parametrize("kind", KIND)
@pytest.mark.parametrize("agency", AGENCIES)
def test_not_18_who_acts_for_a_man_reads_no_words_that_were_not_written_for_them(agency: str, kind: str) -> None:
    notice = only(a_case(for_him(agency)), agency, about_him(kind))

    assert stands_in(notice, *FREE_TEXT) == []


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("agency", ["probation", "prison", "probation_northants"])
def test_not_18_an_agency_that_always_acts_for_adults_sees_no_more_on_a_childrens_case(agency: str, scope: str) -> None:
    notice = only(a_case({"agency": agency, "scope": scope, "adult": "him"}), agency, about_him())

    assert stands_in(notice, *OF_THE_CHILD, *FREE_TEXT, *OF_THE_REFUGE) == []


@pytest.mark.parametrize("agency", ["housing", "gp", "police", "childrens_social_care"])
def test_who_works_with_the_family_has_the_door(agency: str) -> None:
    """NOT-18 as decided (decision 0017): who acts for the family needs the door."""
    notice = only(a_case({"agency": agency}), agency, about_him())

    assert stands_in(notice, *OF_THE_REFUGE) == list(OF_THE_REFUGE)


@pytest.mark.parametrize("agency", ["school", "nursery", "nspcc", "probation"])
def test_not_18_education_and_helplines_are_given_no_address(agency: str) -> None:
    assert stands_in(only(a_case({"agency": agency}), agency, about_him()), *OF_THE_REFUGE, "NN4 4DD") == []


def test_an_agency_of_both_sides_sees_as_who_works_with_the_children_until_a_restriction_names_the_man() -> None:
    both = ({"agency": "gp"}, for_him("gp"))

    assert stands_in(only(a_case(*both), "gp", about_him()), "CanaryChild", "9108395950") == ["CanaryChild", "9108395950"]
    restricted = a_case(*both, restrictions=[{"must_not_learn": "him"}])
    assert stands_in(only(restricted, "gp", about_him()), *OF_THE_CHILD, *FREE_TEXT, *OF_THE_REFUGE) == []


def test_a_landlord_of_both_sides_is_the_mans_landlord() -> None:
    both = a_case({"agency": "housing", "scope": "plan_partner"}, for_him("housing"))

    assert stands_in(only(both, "housing", about_him("threat_to_staff")), *OF_THE_REFUGE) == []


def test_a_policy_may_give_a_childs_name_to_who_acts_for_an_adult_and_no_more_of_it() -> None:
    agencies = {**POLICY.agencies, "probation": POLICY.agencies["probation"].model_copy(update={"names_children": True})}
    policy = POLICY.model_copy(update={"agencies": agencies})

    named = only(a_case(for_him("probation")), "probation", about_him(), policy)
    assert stands_in(named, *OF_THE_CHILD) == ["CanaryChild", "Canary Eldest"]
    restricted = a_case(for_him("probation"), restrictions=[{"must_not_learn": "him", "kinds": ["meeting"]}])
    assert stands_in(only(restricted, "probation", about_him(), policy), *OF_THE_CHILD) == []
    assert not any(entry.names_children for entry in POLICY.agencies.values())


def test_who_acts_for_a_man_reads_what_its_own_agency_wrote() -> None:
    def reads(agency: str, source: str) -> bool:
        return recipient_of(agency, a_case(for_him(agency)), POLICY, T0, source=source).own_words

    assert reads("probation", "probation.hereford")
    assert reads("probation.hereford", "probation.hereford.court")
    assert not reads("probation.hereford", "probation.leominster")
    assert not reads("gp.k1", "gp.k12")
    assert not reads("gp.k1", "gp")
    assert not reads("probation", "police.northants")


def test_not_02_what_the_case_calls_him_is_not_written_for_who_acts_for_him() -> None:
    him = {"key": "him", "label": "CanaryChild's dad", "name": {"given": "Humphrey"}, "person_ids": ["p-him"]}
    links = [{"person": "him", "relation": "father of CanaryChild"}]
    case = a_case(for_him("probation"), {"agency": "police"}, people=[CHILD, him], links=links)
    found = told(case, about_him())

    assert stands_in(found["police"][0], "father of CanaryChild") == ["father of CanaryChild"]
    assert stands_in(found["probation"][0], "CanaryChild") == []
    assert found["probation"][0].because.startswith("Humphrey → linked to the children → the children's case")


# Settings.

YOUNGER = {
    "key": "canary-brother",
    "label": "Canary Youngest",
    "name": {"given": "CanaryBrother"},
    "born": "2024-02-02",
    "identifiers": [{"system": "upn", "value": "A801200005120"}],
    "addresses": [REFUGE],
    "person_ids": ["p-brother"],
}
OF_THE_BROTHER = ("canary-brother", "CanaryBrother", "Canary Youngest", "2024-02-02", "A801200005120")


def two_settings(first: str, second: str, **stated: Any) -> Case:
    served = ({"agency": first, "children": ["canary-child"]}, {"agency": second, "children": ["canary-brother"]})
    return a_case(*served, children=(CHILD, YOUNGER), **stated)


@pytest.mark.parametrize("kind", KIND)
@pytest.mark.parametrize(("first", "second"), [("school.123456", "school.999"), ("school", "nursery"), ("school_a", "school_b")])
def test_not_16_a_setting_sees_its_own_children_and_of_another_settings_that_there_is_a_sibling(first: str, second: str, kind: str) -> None:
    found = told(two_settings(first, second), about_him(kind))

    [own, other] = found[first][0].children, found[second][0].children
    assert [(child.ref, child.label, child.name is None) for child in own if child.label != "a sibling"] == [
        ("canary-child", "Canary Eldest", False)
    ]
    assert [child.label for child in (*own, *other)] == ["Canary Eldest", "a sibling", "a sibling", "Canary Youngest"]
    assert stands_in(found[first][0], *OF_THE_BROTHER) == []
    assert stands_in(found[second][0], *OF_THE_CHILD) == []


def test_not_16_the_way_by_which_it_came_names_no_other_settings_child() -> None:
    about_the_child = about_him().model_copy(update={"people": ((), (), ("p-child",))})

    because = told(two_settings("school.1", "school.2"), about_the_child)["school.2"][0].because
    assert because.startswith("a sibling → child → the children's case")


@pytest.mark.parametrize(
    ("agency", "named"),
    [
        pytest.param("nursery.1", ["Canary Youngest"], id="a nursery: the child of two, not the one of ten"),
        pytest.param("school.1", ["Canary Eldest"], id="a school: the other way round"),
        pytest.param("gp", ["Canary Eldest", "Canary Youngest"], id="a surgery has no ages"),
    ],
)
def test_not_16_whom_a_setting_works_with_follows_from_their_age_where_nobody_said_it(agency: str, named: list[str]) -> None:
    children = ({**CHILD, "born": "2016-01-01"}, YOUNGER)

    shown = only(a_case({"agency": agency}, children=children), agency, about_him()).children
    assert [child.label for child in shown if child.label != "a sibling"] == named
    said = only(a_case({"agency": agency, "children": ["canary-child"]}, children=children), agency, about_him()).children
    assert [child.label for child in said if child.label != "a sibling"] == ["Canary Eldest"]


def test_a_setting_of_which_no_child_has_the_age_sees_them_all() -> None:
    assert only(a_case({"agency": "nursery"}, children=({**CHILD, "born": "2010-01-01"},)), "nursery", about_him()).children[0].name


def test_a_case_names_no_child_for_a_setting_that_is_not_one_of_its_children() -> None:
    with pytest.raises(ValidationError, match=r"involvements\[0\]\.children\[1\]: no such key in `children`"):
        a_case({"agency": "school", "children": ["canary-child", "mum"]})


@pytest.mark.parametrize("agency", ["housing", "gp"])
def test_not_18_who_acted_for_a_man_and_is_taken_off_the_case_reads_no_more_in_the_taking_back(agency: str) -> None:
    before = a_case(for_him(agency), {"agency": "police"})
    after = a_case({"agency": "police"}, version=1)

    last = told(before, about_him("threat_to_staff"), then=after)[agency][-1]
    assert last.deed is Deed.NO_LONGER_YOURS
    assert stands_in(last, *OF_THE_CHILD, *OF_THE_REFUGE, *FREE_TEXT) == []


# Restrictions.


@pytest.mark.parametrize("kind", ["birth", "death", "concealed_pregnancy_concern"])
@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("agency", ["probation", "housing", "gp", "police"])
def test_not_02_ano_02_what_a_man_must_not_learn_is_told_to_nobody_who_acts_for_him_by_any_scope(
    agency: str, scope: str, kind: str
) -> None:
    case = a_case({"agency": agency, "scope": scope, "adult": "him"}, for_him(agency), restrictions=[{"must_not_learn": "him"}])

    assert told(case, about_him(kind)) == {}


@pytest.mark.parametrize("kind", ["birth", "death", "concealed_pregnancy_concern"])
def test_ano_02_an_agency_that_always_acts_for_adults_is_bound_by_every_restriction(kind: str) -> None:
    case = a_case({"agency": "probation"}, {"agency": "health_visiting"}, restrictions=[{"must_not_learn": "him"}])

    assert set(told(case, about_him(kind))) == {"health_visiting"}


def test_the_case_holder_is_not_bound_by_the_restrictions_that_it_made() -> None:
    case = a_case({"agency": "childrens_social_care"}, for_him("childrens_social_care"), restrictions=[{"must_not_learn": "him"}])

    assert stands_in(told(case, about_him("birth"))["childrens_social_care"][0], "CanaryChild") == ["CanaryChild"]


@pytest.mark.parametrize("kind", KIND)
@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("agency", [agency for agency in AGENCIES if agency != POLICY.case_holder])
def test_not_02_no_other_kind_tells_who_acts_for_him_that_there_is_a_child(agency: str, scope: str, kind: str) -> None:
    """What they are sent is the same, byte for byte, whether or not there is one, but for the case's own words."""
    served = ({"agency": agency, "scope": scope, "adult": "him"}, for_him(agency))
    said = about_him(kind).model_copy(update={"people": (("p-him",), ("p-mum",), ())})
    with_child = only(a_case(*served, restrictions=[{"must_not_learn": "him"}]), agency, said)
    without = only(a_case(*served, restrictions=[{"must_not_learn": "him"}], children=()), agency, said)

    assert with_child == without
    assert stands_in(with_child, *OF_THE_CHILD, "canary_father_of_child", "Canary Father", "putative") == []


# Where not even the kind may be known.


def may_know(agency: str, kind: str) -> bool:
    rule = POLICY.kind_rule(kind)
    return POLICY.share(POLICY.agency(agency).sector, rule.tells or rule.narrative) in {"full", "summary"}


HIDDEN = [(agency, kind) for agency in AGENCIES for kind in sorted(KINDS) if not may_know(agency, kind)]


def test_every_agency_but_social_care_has_a_kind_that_it_may_not_know() -> None:
    assert {agency for agency, _ in HIDDEN} == set(AGENCIES) - {"childrens_social_care", "mash"}


@pytest.mark.parametrize(("agency", "kind"), HIDDEN)
def test_not_16_a_notice_that_may_not_tell_the_kind_is_the_same_whatever_it_is(agency: str, kind: str) -> None:
    """Title, kind, source, action, flag and details would tell what the summary withholds (security finding 8)."""
    same = [one for who, one in HIDDEN if who == agency]
    first = only(a_case({"agency": agency}), agency, about_him(same[0], narrative=[], details={}))
    this = only(a_case({"agency": agency}), agency, about_him(kind, review_on="2026-08-07"))
    of_no_kind: Any = {"id": True, "chain": True, "obligation": {"id", "alert_id", "source_id", "due", "role"}, "because": True}

    assert this.model_dump(exclude=of_no_kind) == first.model_dump(exclude=of_no_kind)
    assert this.title == "Safeguarding information"
    assert (this.obligation.kind, this.obligation.source, this.obligation.source_id) == ("other", "alertbus", this.obligation.alert_id)
    assert stands_in(this, *FREE_TEXT, POLICY.kind_rule(kind).title, "northants", "court", f"{kind}-1") == []


_FIELD = re.compile("birthdate|date_?of_?birth")
"""The names that formats have for a field; the kind `birth` is none of them."""


@pytest.mark.parametrize("kind", ["birth", "drug_intelligence", "concealed_pregnancy_concern"])
def test_what_an_agency_may_not_know_is_not_in_what_its_system_is_sent(kind: str) -> None:
    plugins = Plugins.load()
    for agency in sorted({who for who, one in HIDDEN if one == kind}):
        notice = only(a_case({"agency": agency}), agency, about_him(kind))
        sent = plugins.render(notice, plugins.adapter_for(notice.sector))
        whole = f"{sent.body.decode()} {sent.headers} {sent.filename}".lower()

        told_by = ("drug", "birth", "pregnan", "northants", "court", kind, *map(str.lower, FREE_TEXT))
        assert [word for word in told_by if word in _FIELD.sub("", whole)] == [], agency


def test_who_is_next_when_nobody_answers_is_the_kinds_own_though_the_kind_is_not_shown() -> None:
    notice = only(a_case({"agency": "school"}), "school", about_him("drug_intelligence"))

    assert (notice.obligation.kind, notice.chain) == ("other", POLICY.kind_rule("drug_intelligence").chain)


def test_a_flag_stands_before_no_notice_to_who_may_not_know_of_it() -> None:
    sees_nothing_of_threats = {**POLICY.sharing, "ambulance": {**POLICY.sharing["ambulance"], "threat": "nothing"}}
    policy = POLICY.model_copy(update={"sharing": sees_nothing_of_threats})

    last = told(a_case({"agency": "ambulance"}), about_him("violent_person_flag"), about_him("prisoner_release"), policy=policy)[
        "ambulance"
    ][-1]
    assert (last.title, last.flag) == (POLICY.kind_rule("prisoner_release").title, None)


# The day.


@pytest.mark.parametrize(
    ("born", "listed"), [pytest.param(date(2026, 3, 2), True, id="on the day"), pytest.param(date(2026, 3, 3), False, id="the day before")]
)
@pytest.mark.parametrize("agency", AGENCIES)
def test_not_20_a_child_is_listed_from_birth_on(agency: str, born: date, *, listed: bool) -> None:
    notice = only(a_case({"agency": agency}, children=({**CHILD, "born": born.isoformat()},)), agency, about_him())

    assert bool(notice.children) is listed
    assert listed or stands_in(notice, "CanaryChild", "Canary Eldest") == []


def test_not_20_a_birthday_begins_at_midnight_in_the_united_kingdom() -> None:
    case = a_case({"agency": "gp"}, children=({**CHILD, "born": "2026-07-02"},))

    assert only(case, "gp", about_him(at=datetime(2026, 7, 1, 22, 59, tzinfo=UTC))).children == ()
    assert len(only(case, "gp", about_him(at=datetime(2026, 7, 1, 23, 0, tzinfo=UTC))).children) == 1


def test_not_20_a_child_of_whom_no_birthday_is_known_is_listed() -> None:
    assert len(only(a_case({"agency": "gp"}, children=({**CHILD, "born": None},)), "gp", about_him()).children) == 1


@pytest.mark.parametrize("agency", AGENCIES)
def test_not_26_a_child_who_has_died_is_said_to_have_died_or_is_not_listed(agency: str) -> None:
    dead = a_case({"agency": agency}, children=({**CHILD, "died": "2026-03-02"},))
    knows = POLICY.share(POLICY.agency(agency).sector, "child_identity") == "full" and agency not in {"probation", "prison"}  # type: ignore[arg-type]

    assert [child.died for child in only(dead, agency, about_him()).children] == ([date(2026, 3, 2)] if knows else [])
    alive = only(dead, agency, about_him(at=T0 - 2 * DAY)).children
    assert [child.died for child in alive] == [None]


# The law.

OTHER_WORDS = st.text(st.characters(categories=["L"]), min_size=3, max_size=8)


@settings(max_examples=150, deadline=None)
@given(
    agency=st.sampled_from(AGENCIES),
    kind=st.sampled_from(sorted(KINDS)),
    restricted=st.booleans(),
    words=OTHER_WORDS,
    born=st.dates(date(2010, 1, 1), date(2025, 12, 31)),
    number=st.sampled_from(["9434765919", "9999999468"]),
)
def test_not_16_not_18_what_who_acts_for_a_man_may_not_see_changes_nothing_in_what_they_are_sent(
    agency: str, kind: str, words: str, born: date, number: str, *, restricted: bool
) -> None:
    restrictions = [{"must_not_learn": "him", "kinds": ["never_heard_of"]}] if restricted else []
    other_child = {
        **CHILD,
        "label": words,
        "name": {"given": words},
        "born": born.isoformat(),
        "identifiers": [{"system": "nhs_number", "value": number}, {"system": "upn", "value": "A801200005120"}],
        "addresses": [{"lines": [words]}],
    }
    said, other = about_him(kind), about_him(kind, narrative=[{"text": words}, {"text": words, "said_by": "child"}])
    other = other.model_copy(update={"statement_id": said.statement_id, "alert_id": said.alert_id})

    before = only(a_case(for_him(agency), restrictions=restrictions), agency, said)
    after = only(a_case(for_him(agency), restrictions=restrictions, children=(other_child,), status=words), agency, other)

    assert before == after


@settings(max_examples=80, deadline=None)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    words=OTHER_WORDS,
    born=st.dates(date(2010, 1, 1), date(2025, 12, 31)),
    number=st.sampled_from(["9434765919", "9999999468"]),
)
def test_not_16_who_another_settings_child_is_changes_nothing_in_what_a_setting_is_sent(
    kind: str, words: str, born: date, number: str
) -> None:
    identifiers = [{"system": "nhs_number", "value": number}, {"system": "upn", "value": "B801200005001"}]
    other = {**YOUNGER, "label": words, "name": {"given": words}, "born": born.isoformat(), "identifiers": identifiers}
    served = ({"agency": "school.1", "children": ["canary-child"]}, {"agency": "gp.1", "children": ["canary-child"]})

    before = told(a_case(*served, children=(CHILD, YOUNGER)), about_him(kind))
    after = told(a_case(*served, children=(CHILD, other)), about_him(kind))

    assert before == after


@settings(max_examples=80, deadline=None)
@given(agency=st.sampled_from(AGENCIES), kind=st.sampled_from(sorted(KINDS)), scope=st.sampled_from(SCOPES), days=st.integers(1, 200))
def test_not_20_a_child_who_is_not_born_changes_nothing_in_what_anybody_is_sent(agency: str, kind: str, scope: str, days: int) -> None:
    on_it = {"agency": agency, "scope": scope, "adult": "him"}
    expected = {**YOUNGER, "born": (T0 + days * DAY).date().isoformat()}

    assert told(a_case(on_it, children=(CHILD, expected)), about_him(kind)) == told(a_case(on_it), about_him(kind))


# The review itself.


@pytest.fixture(scope="module")
def review() -> list[Notice]:
    """Every notice of the bundled review, played through the reducers; a person's id is their key."""
    scenario, found = load_scenario(BUNDLED, "eyes"), []
    [case] = scenario.cases
    case = case.model_copy(update={"people": tuple(p.model_copy(update={"person_ids": (p.key,)}) for p in case.people)})
    state = CaseState()
    events: list[CaseChanged | AlertReachedCase | Tick] = [CaseChanged(case=case.with_implied_links())]
    for event in scenario.events:
        said = AcceptedAlert.of(event.alert, event.alert.recorded_at)
        said = said.with_people(tuple((s.person.key,) if s.person.key else () for s in said.everybody))
        events.append(AlertReachedCase(case_id=case.id, via="x", alert=said))
    for one in events:
        before = state
        state, owed = reduce_case(before, one, POLICY)
        found += [told.notice for told in notices_for(owed, before, state, POLICY)]
    return found


RULES = json.loads((ROOT / "tests/data/review/notices.json").read_text(encoding="utf-8"))
BORN, DIED = datetime(2021, 10, 3, tzinfo=UTC), datetime(2021, 11, 14, tzinfo=UTC)


def rule(cite: str) -> str:
    return next(str(one["rule"]) for one in RULES if cite in one["cite"])


def names_the_baby(notice: Notice) -> bool:
    return any("child_bi" in child.ref or child.label == "Child Bi" for child in (*notice.children, *notice.people))


def test_not_20_of_the_review(review: list[Notice]) -> None:
    before = [notice for notice in review if notice.obligation.since < BORN]

    assert len(before) > 200
    assert [notice.id for notice in before if names_the_baby(notice)] == [], rule("NOT-20")
    assert not any("Child Bi" in notice.because or "child_bi" in notice.because for notice in before)


def test_not_02_ano_02_of_the_review(review: list[Notice]) -> None:
    probation = [notice for notice in review if notice.obligation.agency in {"probation", "prison"}]

    assert len(probation) > 5
    for notice in probation:
        dumped = notice.model_dump_json(exclude={"obligation": {"case_id"}}).lower()
        found = [word for word in ("child_bi", "child bi", "baby", "birth", 'born":"', "pregnan", "death", "putative") if word in dumped]
        assert found == [], rule("NOT-02")
        assert notice.children == ()


def test_not_26_of_the_review(review: list[Notice]) -> None:
    after = [notice for notice in review if notice.obligation.since >= DIED and names_the_baby(notice)]

    assert after
    for notice in after:
        assert [child.died for child in notice.children if "child_bi" in child.ref] == [date(2021, 11, 14)], rule("NOT-26")
