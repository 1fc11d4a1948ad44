"""The one idea, one rule at a time: who is told of an alert on a case, since when and why; and who is not, and why not."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.model.notice import Cause, Obligation
from alertbus.policy.load import load_policy
from alertbus.reach.join import Decision, Ruling, decide
from alertbus.reach.obligations import obligations

POLICY = load_policy()
T0 = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""A Monday."""
SUBJECT = "stepfather"


def day(number: int) -> date:
    return T0.date() + timedelta(days=number)


def at(days: float) -> datetime:
    return T0 + timedelta(days=days)


def alert(kind: str = "ppn", *people: str, days: float = 0, children: tuple[str, ...] = (), **stated: Any) -> AcceptedAlert:
    """Stated by the ambulance, which is on no case, of the stepfather unless others are named."""
    subjects = people or (SUBJECT,)
    body = {
        "id": "A-1",
        "source": "ambulance",
        "kind": kind,
        "occurred_at": at(days),
        "recorded_at": at(days),
        "subjects": [{"person": {"label": key}} for key in subjects],
        "children": [{"label": key} for key in children],
    }
    accepted = AcceptedAlert.of(Alert.model_validate({**body, **stated}), at(days))
    return accepted.with_people(tuple((f"p-{key}",) for key in (*subjects, *children)))


def case(*involvements: Mapping[str, Any] | str, case_id: str = "case-1", **stated: Any) -> Case:
    """Mother, stepfather and child, all linked; an involvement may be the agency's name alone."""
    body = {
        "id": case_id,
        "people": [{"key": key, "person_ids": [f"p-{key}"]} for key in ("mother", "stepfather", "aunt", "child")],
        "children": ["child"],
        "links": [{"person": key, "relation": key} for key in ("mother", "stepfather", "child")],
        "involvements": [{"agency": i} if isinstance(i, str) else i for i in involvements],
    }
    return Case.model_validate({**body, **stated})


def for_adult(agency: str = "probation", adult: str = "stepfather", **stated: Any) -> dict[str, Any]:
    return {"agency": agency, "scope": "adult_linked", "adult": adult, **stated}


def in_plan(agency: str = "housing", **stated: Any) -> dict[str, Any]:
    return {"agency": agency, "scope": "plan_partner", **stated}


def told(said: AcceptedAlert, on: Case, withdrawn_at: datetime | None = None) -> dict[str, tuple[Ruling, datetime | None]]:
    return {d.agency: (d.ruling, d.since) for d in decide(said, on, POLICY, withdrawn_at) if d.told}


def not_told(said: AcceptedAlert, on: Case, withdrawn_at: datetime | None = None) -> dict[str, Ruling]:
    return {d.agency: d.ruling for d in decide(said, on, POLICY, withdrawn_at) if not d.told}


# Every ruling at least once.

RULINGS: dict[str, tuple[AcceptedAlert, Case, str, Ruling, bool]] = {
    "a doctor works with the children": (alert(), case("gp"), "gp", Ruling.WORKS_WITH_CHILDREN, True),
    "a landlord is in the plan": (alert("threat_to_staff"), case(in_plan()), "housing", Ruling.IN_THE_PLAN, True),
    "probation acts for whom it is about": (alert(), case(for_adult()), "probation", Ruling.ACTS_FOR_SUBJECT, True),
    "the hub is the front door": (alert("nspcc_concern"), case(), "mash", Ruling.FRONT_DOOR, True),
    "the midwife ended lately": (
        alert("conference_outcome"),
        case({"agency": "midwifery", "to": day(-30)}),
        "midwifery",
        Ruling.ENDED_LATELY,
        True,
    ),
    "another unit of the police said it": (alert(source="police.mash"), case("police"), "police", Ruling.OTHER_UNIT, True),
    "the ambulance said it": (alert(), case("ambulance"), "ambulance", Ruling.IS_THE_SOURCE, False),
    "the school was not there yet": (alert("other"), case({"agency": "school", "from": day(1)}), "school", Ruling.NOT_INVOLVED_THEN, False),
    "a meeting is not for a landlord": (alert("meeting"), case(in_plan()), "housing", Ruling.KIND_NOT_FOR_THEM, False),
    "a meeting is not for probation": (alert("meeting"), case(for_adult()), "probation", Ruling.KIND_NOT_FOR_THEM, False),
    "an unknown kind is for the case holder": (alert("never_heard_of"), case("gp"), "gp", Ruling.KIND_NOT_FOR_THEM, False),
    "probation acts for somebody else": (
        alert("ppn", "mother"),
        case(for_adult()),
        "probation",
        Ruling.ACTS_FOR_SOMEBODY_ELSE,
        False,
    ),
    "he must not learn of it": (
        alert("birth"),
        case(for_adult(), restrictions=[{"must_not_learn": "stepfather"}]),
        "probation",
        Ruling.MUST_NOT_LEARN,
        False,
    ),
    "it is history": (alert(history=True), case("gp"), "gp", Ruling.HISTORY, False),
    "it is history at the front door too": (alert("death", history=True), case(), "mash", Ruling.HISTORY, False),
    "nobody of it is linked": (alert("ppn", "aunt"), case("gp"), "gp", Ruling.NOBODY_LINKED, False),
}


@pytest.mark.parametrize(("said", "on", "agency", "ruling", "is_told"), RULINGS.values(), ids=RULINGS)
def test_an_agency_is_told_or_not_by_the_ruling_that_says_why(
    said: AcceptedAlert, on: Case, agency: str, ruling: Ruling, is_told: bool
) -> None:
    decisions = {d.agency: d for d in decide(said, on, POLICY)}

    assert set(decisions) == {agency}
    assert (decisions[agency].ruling, decisions[agency].told) == (ruling, is_told)
    assert (decisions[agency].since == said.at) if is_told else (decisions[agency].since is None)


def test_no_ruling_is_without_an_example() -> None:
    assert {ruling for _, _, _, ruling, _ in RULINGS.values()} == set(Ruling)


def test_every_agency_is_decided_about_once_in_the_order_of_their_names() -> None:
    on = case("school", "gp", "gp", in_plan("gp"), {"agency": "gp", "level": "worker", "worker": "W"}, "police")

    assert [d.agency for d in decide(alert(), on, POLICY)] == ["gp", "police", "school"]


def test_workers_and_managers_are_not_agencies() -> None:
    on = case({"agency": "gp", "level": "worker", "worker": "W"}, {"agency": "gp", "level": "manager", "worker": "M"})

    assert decide(alert(), on, POLICY) == []


# Links.


@pytest.mark.parametrize("in_household", [True, False, None], ids=["in the household", "not in the household", "not known"])
def test_lnk_01_the_household_makes_no_difference(in_household: bool | None) -> None:
    on = case("gp", "police", links=[{"person": "stepfather", "relation": "putative father", "in_household": in_household}])

    assert told(alert(), on) == dict.fromkeys(("gp", "police"), (Ruling.WORKS_WITH_CHILDREN, T0))


@pytest.mark.parametrize("certainty", ["confirmed", "putative", "reported"])
def test_lnk_06_how_sure_a_link_is_makes_no_difference_to_who_is_told(certainty: str) -> None:
    on = case("gp", links=[{"person": "stepfather", "relation": "father", "certainty": certainty}])

    assert set(told(alert(), on)) == {"gp"}


def test_int_01_an_alert_that_names_no_child_reaches_the_childrens_agencies() -> None:
    said = alert("drug_intelligence", "mother", children=())

    assert told(said, case("gp", "school", "childrens_social_care")).keys() == {"gp", "school", "childrens_social_care"}


def test_an_alert_that_names_only_a_child_reaches_them_too() -> None:
    said = alert("school_concern", children=("child",)).model_copy(update={"people": (("p-stranger",), ("p-child",))})

    assert told(said, case("gp")) == {"gp": (Ruling.WORKS_WITH_CHILDREN, T0)}


@pytest.mark.parametrize(
    ("link", "reached"),
    [
        pytest.param({"from": day(-10), "to": day(0)}, {"gp": at(0)}, id="ends that day: still reached"),
        pytest.param({"from": day(-10), "to": day(-1)}, {}, id="ended the day before"),
        pytest.param({"from": at(3)}, {"gp": at(3)}, id="begins later: then"),
        pytest.param({"from": day(-10), "known_at": at(4)}, {"gp": at(4)}, id="known later: then"),
        pytest.param({"from": at(28)}, {"gp": at(28)}, id="begins on the last day the alert waits"),
        pytest.param({"from": at(28.01)}, {}, id="begins after that"),
        pytest.param({"known_at": at(28.01)}, {}, id="known after that"),
    ],
)
def test_a_link_opens_the_case_while_it_holds_and_once_it_is_known(link: dict[str, Any], reached: dict[str, datetime]) -> None:
    on = case("gp", links=[{"person": "stepfather", "relation": "partner", **link}])

    assert {agency: since for agency, (_, since) in told(alert("ppn"), on).items()} == reached


def test_through_several_people_the_reason_is_the_first_whom_the_alert_names() -> None:
    said = alert("ppn", "aunt", "stepfather", "mother", children=("child",))

    (decision,) = decide(said, case("gp"), POLICY)

    assert decision.exposure is not None
    assert decision.exposure.link.person == "stepfather"


def test_through_several_people_the_earliest_counts() -> None:
    links = [{"person": "stepfather", "relation": "partner", "from": at(5)}, {"person": "mother", "relation": "mother", "from": at(2)}]

    assert told(alert("ppn", "stepfather", "mother"), case("gp", links=links)) == {"gp": (Ruling.WORKS_WITH_CHILDREN, at(2))}


def test_a_person_found_under_several_ids_is_met_under_any_of_them() -> None:
    said = alert().with_people((("p-unknown", "p-stepfather"),))

    assert set(told(said, case("gp"))) == {"gp"}


@pytest.mark.parametrize(("said", "on"), [("rehearsal", None), (None, "rehearsal"), ("rehearsal", "another")])
def test_an_exercise_and_what_is_real_never_meet(said: str | None, on: str | None) -> None:
    assert not_told(alert(exercise=said), case("gp", exercise=on)) == {"gp": Ruling.NOBODY_LINKED}
    assert set(told(alert(exercise=said), case("gp", exercise=said))) == {"gp"}


# Two families.


def test_lnk_12_not_17_two_families_are_each_told_once_and_apart() -> None:
    north, south = case("gp", "school", case_id="north"), case("gp", "police", case_id="south")
    said = alert("domestic_abuse_incident", "stepfather", "mother")

    owed = {on.id: [o for _, o in obligations(decide(said, on, POLICY), said, on, POLICY)] for on in (north, south)}

    assert {name: [(o.case_id, o.agency) for o in found] for name, found in owed.items()} == {
        "north": [("north", "gp"), ("north", "school")],
        "south": [("south", "gp"), ("south", "police")],
    }
    assert len({o.id for found in owed.values() for o in found}) == 4


def test_an_agency_of_one_family_hears_nothing_of_what_concerns_only_the_other() -> None:
    said = alert("ppn", "aunt")
    hers = case("gp", case_id="hers", links=[{"person": "aunt", "relation": "mother"}])

    assert set(told(said, hers)) == {"gp"}
    assert not_told(said, case("gp")) == {"gp": Ruling.NOBODY_LINKED}


# Agencies that act for an adult.


@pytest.mark.parametrize(
    ("said", "ruling"),
    [
        pytest.param(alert("ppn", "stepfather"), Ruling.ACTS_FOR_SUBJECT, id="he is a subject"),
        pytest.param(alert("ppn", "mother", "stepfather"), Ruling.ACTS_FOR_SUBJECT, id="one of several subjects"),
        pytest.param(alert("ppn", "mother"), Ruling.ACTS_FOR_SOMEBODY_ELSE, id="he is on the case, the alert is about her"),
        pytest.param(alert("ppn", "mother", children=("stepfather",)), Ruling.ACTS_FOR_SOMEBODY_ELSE, id="he is listed among the children"),
    ],
)
def test_an_adults_agency_is_told_only_of_what_he_is_a_subject_of(said: AcceptedAlert, ruling: Ruling) -> None:
    decisions = {d.agency: d.ruling for d in decide(said, case(for_adult(), "gp"), POLICY)}

    assert decisions == {"probation": ruling, "gp": Ruling.WORKS_WITH_CHILDREN}


def test_an_adults_agency_is_told_while_he_is_linked_and_not_afterwards() -> None:
    links = [{"person": "stepfather", "relation": "ex-partner", "to": day(-1)}, {"person": "mother", "relation": "mother"}]

    assert not_told(alert("ppn", "stepfather", "mother"), case(for_adult(), links=links)) == {"probation": Ruling.ACTS_FOR_SOMEBODY_ELSE}


@pytest.mark.parametrize("kind", ["birth", "death", "concealed_pregnancy_concern"])
def test_not_02_ano_02_who_must_not_learn_of_the_baby_is_not_told_by_his_officer(kind: str) -> None:
    routing = {"adult_linked_kinds": [kind]}  # even where an exercise would tell them
    on = case(for_adult(), for_adult("prison"), "gp", restrictions=[{"must_not_learn": "stepfather"}], exercise="x", routing=routing)

    assert not_told(alert(kind, exercise="x"), on) == dict.fromkeys(("prison", "probation"), Ruling.MUST_NOT_LEARN)
    assert set(told(alert(kind, exercise="x"), on)) == {"gp"}


def test_not_02_a_restriction_is_about_one_adult_and_some_kinds() -> None:
    restricted = [{"must_not_learn": "mother", "kinds": ["ppn"]}]

    assert set(told(alert("ppn"), case(for_adult(), restrictions=restricted))) == {"probation"}
    assert not_told(alert("ppn", "mother"), case(for_adult(adult="mother"), restrictions=restricted)) == {
        "probation": Ruling.MUST_NOT_LEARN
    }
    assert set(told(alert("drug_intelligence", "mother"), case(for_adult(adult="mother"), restrictions=restricted))) == {"probation"}


# Who said it, the hub, the case holder.


def test_lnk_04_who_said_it_is_not_told_and_where_a_unit_of_it_spoke_the_rest_of_it_is() -> None:
    on = case("police", "police_northants", "gp")

    assert not_told(alert(source="police"), on) == {"police": Ruling.IS_THE_SOURCE}
    assert {agency: ruling for agency, (ruling, _) in told(alert(source="police.response"), on).items()} == {
        "police": Ruling.OTHER_UNIT,
        "police_northants": Ruling.WORKS_WITH_CHILDREN,
        "gp": Ruling.WORKS_WITH_CHILDREN,
    }


@pytest.mark.parametrize(
    ("said", "on", "told_as"),
    [
        pytest.param(alert("meeting", source="housing.repairs"), case(in_plan()), {}, id="a kind that is not for it"),
        pytest.param(alert("ppn", "mother", source="probation.north"), case(for_adult()), {}, id="somebody it does not act for"),
        pytest.param(
            alert("birth", source="probation.north"),
            case(for_adult(), restrictions=[{"must_not_learn": "stepfather"}]),
            {},
            id="what he must not learn",
        ),
        pytest.param(alert("ppn", "aunt", source="police.north"), case("police"), {}, id="nobody on the case"),
        pytest.param(alert(source="police.north", history=True), case("police"), {}, id="history"),
        pytest.param(
            alert("conference_outcome", source="midwifery.north"),
            case({"agency": "midwifery", "to": day(-30)}),
            {"midwifery": Ruling.OTHER_UNIT},
            id="who left lately is still the same agency",
        ),
        pytest.param(alert("death", source="mash.duty"), case(), {"mash": Ruling.OTHER_UNIT}, id="the hub's own unit"),
    ],
)
def test_lnk_04_another_unit_hears_only_what_the_agency_would_hear_from_anybody(
    said: AcceptedAlert, on: Case, told_as: dict[str, Ruling]
) -> None:
    assert {agency: ruling for agency, (ruling, _) in told(said, on).items() if agency != "mash" or "mash" in told_as} == told_as


@pytest.mark.parametrize(
    ("source", "told_to"),
    [
        pytest.param(
            "school.123456.dsl",
            {"school.123456", "school.999", "school", "gp"},
            id="a lead of one school said it: the school is told as well",
        ),
        pytest.param("school.123456", {"school.999", "school", "gp"}, id="and so when no department is named"),
        pytest.param(
            "school.777.dsl", {"school.123456", "school.999", "school", "gp"}, id="a school that is not on the case is a unit of `school`"
        ),
        pytest.param("school.1234567", {"school.123456", "school.999", "school", "gp"}, id="a longer number is another school"),
        pytest.param("gp", {"school.123456", "school.999", "school"}, id="a doctor said it"),
    ],
)
def test_who_said_it_is_the_agency_on_the_case_whose_name_begins_the_source(source: str, told_to: set[str]) -> None:
    on = case("school.123456", "school.999", "school", "gp")

    found = told(alert(source=source), on)
    assert set(found) == told_to
    own = {agency for agency, (ruling, _) in found.items() if ruling is Ruling.OTHER_UNIT}
    assert own == {{"school.123456.dsl": "school.123456", "school.777.dsl": "school", "school.1234567": "school"}.get(source)} - {None}


def test_an_area_of_the_agency_that_holds_cases_is_told_of_an_unknown_kind() -> None:
    assert set(told(alert("never_heard_of"), case("childrens_social_care.north", "gp"))) == {"childrens_social_care.north"}


def test_the_front_door_needs_no_involvement_but_somebody_linked_and_is_told_once() -> None:
    assert told(alert("death"), case()) == {"mash": (Ruling.FRONT_DOOR, T0)}
    assert set(told(alert("death"), case("mash"))) == {"mash"}
    assert decide(alert("death", "aunt"), case(), POLICY) == []
    assert decide(alert("death", source="mash"), case(), POLICY) == []


def test_an_unknown_kind_goes_to_the_case_holder_and_to_nobody_else() -> None:
    on = case("childrens_social_care", "gp", "school", "police", in_plan(), for_adult())

    assert told(alert("never_heard_of"), on) == {"childrens_social_care": (Ruling.WORKS_WITH_CHILDREN, T0)}


# When an agency was there.


@pytest.mark.parametrize(
    ("days", "reached"),
    [
        pytest.param(-1, True, id="the day before her last"),
        pytest.param(0, True, id="her last day"),
        pytest.param(0.49, True, id="late on her last day"),
        pytest.param(0.51, False, id="after midnight"),
        pytest.param(1, False, id="the day after"),
    ],
)
def test_end_11_who_has_left_gets_nothing_from_the_day_after(days: float, reached: bool) -> None:
    on = case({"agency": "health_visiting", "from": day(-400), "to": day(0)})

    assert bool(told(alert("threat_to_staff", days=days), on)) is reached


def test_end_11_who_left_at_a_moment_gets_nothing_after_that_moment() -> None:
    on = case({"agency": "health_visiting", "to": at(0)})

    assert set(told(alert(), on)) == {"health_visiting"}
    assert told(alert(days=0.01), on) == {}


@pytest.mark.parametrize(
    ("ended", "stated", "reached"),
    [
        pytest.param(0, {"days": 1}, True, id="a day after"),
        pytest.param(0, {"days": 42}, True, id="on the last day of six weeks"),
        pytest.param(0, {"days": 43}, False, id="a day later"),
        pytest.param(0, {"days": 42.45}, True, id="late on that last day"),
    ],
)
def test_end_01_who_ended_lately_is_told_the_outcome_of_a_conference(ended: int, stated: dict[str, Any], reached: bool) -> None:
    on = case({"agency": "midwifery", "to": day(ended)})

    assert bool(told(alert("conference_outcome", **stated), on)) is reached


def test_end_01_an_invitation_makes_any_kind_one_for_who_ended_lately() -> None:
    on = case({"agency": "midwifery", "to": day(-30)}, in_plan(to=day(-30)), for_adult(to=day(-30)))

    assert told(alert("meeting", details={"conference_invite": True}), on) == {"midwifery": (Ruling.ENDED_LATELY, T0)}
    assert told(alert("meeting"), on) == {}


def test_end_01_who_is_back_is_told_as_who_works_there() -> None:
    on = case({"agency": "midwifery", "to": day(-30)}, {"agency": "midwifery", "from": day(-1)})

    assert told(alert("conference_outcome"), on) == {"midwifery": (Ruling.WORKS_WITH_CHILDREN, T0)}


# What stands.


@pytest.mark.parametrize(
    ("stated", "joins", "reached"),
    [
        pytest.param({"kind": "violent_person_flag"}, 3000, True, id="a flag: years later"),
        pytest.param({"kind": "violent_person_flag", "review_on": day(10)}, 10, True, id="a flag: on its review date"),
        pytest.param({"kind": "violent_person_flag", "review_on": day(10)}, 3000, True, id="not_23: a flag, years after its review date"),
        pytest.param({"kind": "ppn"}, 28, True, id="a PPN: on the 28th day"),
        pytest.param({"kind": "ppn"}, 29, False, id="a PPN: on the 29th"),
        pytest.param({"kind": "ppn", "review_on": day(100)}, 99, True, id="a PPN: its own review date counts"),
        pytest.param({"kind": "other"}, 1, False, id="other: not at all"),
        pytest.param({"kind": "other", "review_on": day(100)}, 1, False, id="other: not even with a review date"),
        pytest.param({"kind": "threat_to_staff", "review_on": day(10)}, 3000, True, id="not_23: a threat with a review date"),
        pytest.param({"kind": "violent_person_flag", "review_on": day(-5)}, 1, True, id="a flag: to be reviewed before it was sent"),
        pytest.param({"kind": "ppn", "review_on": day(10)}, 11, False, id="a PPN: the day after its review date"),
        pytest.param({"kind": "ppn", "review_on": day(-5)}, 1, False, id="a PPN: reviewed before it was sent"),
        pytest.param({"kind": "violent_person_flag", "review_on": date(9999, 12, 31)}, 3000, True, id="the day that stands for never"),
    ],
)
def test_vpf_11_a_newcomer_is_told_of_what_stands(stated: dict[str, Any], joins: int, reached: bool) -> None:
    said = alert(stated["kind"], review_on=stated.get("review_on"))

    assert told(said, case({"agency": "gp", "from": at(joins)})) == ({"gp": (Ruling.WORKS_WITH_CHILDREN, at(joins))} if reached else {})


def test_a_review_date_gone_by_still_tells_who_is_there() -> None:
    assert set(told(alert("violent_person_flag", review_on=day(-5)), case("gp"))) == {"gp"}


@pytest.mark.parametrize(
    ("agency", "since"),
    [
        pytest.param({"from": day(-100), "known_at": at(-1)}, at(0), id="known before the alert: at once"),
        pytest.param({"from": day(-100), "known_at": at(7)}, at(7), id="known after it: then"),
        pytest.param({"from": at(9), "known_at": at(7)}, at(9), id="known, beginning later: at the beginning"),
    ],
)
def test_an_involvement_counts_from_when_it_began_and_was_known(agency: dict[str, Any], since: datetime) -> None:
    assert told(alert("violent_person_flag"), case({"agency": "gp", **agency})) == {"gp": (Ruling.WORKS_WITH_CHILDREN, since)}


def test_what_was_over_when_the_bus_heard_of_it_tells_nobody() -> None:
    on = case({"agency": "gp", "from": day(-100), "to": day(3), "known_at": at(7)})

    assert not_told(alert("violent_person_flag"), on) == {"gp": Ruling.NOT_INVOLVED_THEN}


def test_a_flag_withdrawn_before_the_newcomer_comes_never_reaches_them() -> None:
    on = case("school", {"agency": "gp", "from": at(5)})

    assert set(told(alert("violent_person_flag"), on, withdrawn_at=at(5))) == {"school", "gp"}
    assert told(alert("violent_person_flag"), on, withdrawn_at=at(4)) == {"school": (Ruling.WORKS_WITH_CHILDREN, T0)}
    assert not_told(alert("violent_person_flag"), on, withdrawn_at=at(4)) == {"gp": Ruling.NOT_INVOLVED_THEN}


def test_a_flag_withdrawn_before_the_link_is_made_never_reaches_the_case() -> None:
    on = case("gp", links=[{"person": "stepfather", "relation": "new partner", "from": at(5)}])

    assert set(told(alert("violent_person_flag"), on)) == {"gp"}
    assert not_told(alert("violent_person_flag"), on, withdrawn_at=at(4)) == {"gp": Ruling.NOBODY_LINKED}


def test_int_10_history_tells_nobody_then_and_newcomers_later() -> None:
    on = case("school", {"agency": "gp", "from": at(5)}, {"agency": "police", "from": at(50)})
    said = alert("ppn", history=True)

    assert told(said, on) == {"gp": (Ruling.WORKS_WITH_CHILDREN, at(5))}
    assert not_told(said, on) == {"school": Ruling.HISTORY, "police": Ruling.NOT_INVOLVED_THEN}


def test_int_10_history_tells_everybody_on_a_case_that_is_linked_later() -> None:
    on = case("gp", links=[{"person": "stepfather", "relation": "new partner", "from": at(5)}])

    assert told(alert("violent_person_flag", history=True), on) == {"gp": (Ruling.WORKS_WITH_CHILDREN, at(5))}


def test_the_earliest_of_an_agencys_ways_counts() -> None:
    on = case(in_plan("housing", **{"from": at(2)}), {"agency": "housing", "from": at(5)})

    assert told(alert("threat_to_staff"), on) == {"housing": (Ruling.IN_THE_PLAN, at(2))}


def test_told_in_one_way_outweighs_not_told_in_another() -> None:
    on = case(for_adult("gp", "mother"), "gp")

    assert told(alert("ppn", "stepfather"), on) == {"gp": (Ruling.WORKS_WITH_CHILDREN, T0)}


def test_the_order_in_which_a_case_lists_things_changes_nothing() -> None:
    involved = ["gp", "school", in_plan(), for_adult(), {"agency": "gp", "from": at(3)}]
    linked = [{"person": key, "relation": key} for key in ("mother", "stepfather", "child")]
    said = alert("threat_to_staff", "mother", "stepfather")

    one, other = case(*involved, links=linked), case(*involved[::-1], links=linked[::-1])

    def plain(decisions: list[Decision]) -> list[tuple[Any, ...]]:
        return [(d.agency, d.told, d.ruling, d.since, d.exposure and d.exposure.link) for d in decisions]

    assert plain(decide(said, one, POLICY)) == plain(decide(said, other, POLICY))


# What is owed.


def owed(said: AcceptedAlert, on: Case) -> list[Obligation]:
    return [o for _, o in obligations(decide(said, on, POLICY), said, on, POLICY)]


def test_ppn_01_worker_and_manager_each_owe_an_answer() -> None:
    found = owed(alert("ppn"), case("childrens_social_care", "police"))

    assert [(o.agency, o.role) for o in found] == [
        ("childrens_social_care", "social_worker"),
        ("childrens_social_care", "team_manager"),
        ("police", "safeguarding_unit"),
    ]
    assert len({o.id for o in found}) == 3


def test_an_obligation_says_what_and_on_which_case_and_by_when() -> None:
    said = alert("ppn", source="ambulance.east", id="E-77", severity="high")

    (found,) = owed(said, case("gp"))

    assert found.model_dump(exclude={"id"}) == {
        "alert_id": said.alert_id,
        "case_id": "case-1",
        "agency": "gp",
        "role": "safeguarding_lead",
        "kind": "ppn",
        "severity": "high",
        "source": "ambulance.east",
        "source_id": "E-77",
        "since": T0,
        "due": datetime(2026, 3, 3, 23, 59, 59, tzinfo=UTC),
        "cause": Cause.ALERT,
        "exercise": None,
    }


def test_chr_12_an_amendment_is_the_same_obligation() -> None:
    amended = alert("ppn", days=3, id="A-2", action="amended", amends="A-1")

    assert [o.id for o in owed(amended, case("gp"))] == [o.id for o in owed(alert("ppn"), case("gp"))]
    assert [o.source_id for o in owed(amended, case("gp"))] == ["A-1"]


FRIDAY = 4


@pytest.mark.parametrize(
    ("kind", "due"),
    [
        pytest.param("threat_to_staff", datetime(2026, 3, 6, 13, tzinfo=UTC), id="1 hour: Friday afternoon"),
        pytest.param("nspcc_concern", datetime(2026, 3, 7, 12, tzinfo=UTC), id="24 hours: Saturday, they run over the weekend"),
        pytest.param("ppn", datetime(2026, 3, 9, 23, 59, 59, tzinfo=UTC), id="1 working day: the end of Monday"),
        pytest.param("case_status_change", datetime(2026, 3, 13, 23, 59, 59, tzinfo=UTC), id="5 working days: the Friday after"),
    ],
)
def test_vpf_01_ppn_02_an_answer_is_due_by_the_kinds_own_clock(kind: str, due: datetime) -> None:
    assert {o.due for o in owed(alert(kind, days=FRIDAY), case("gp"))} == {due}


def test_vpf_08_abusive_language_is_told_to_the_same_agencies_and_hurries_none_of_them() -> None:
    low, high = (owed(alert("threat_to_staff", days=FRIDAY, severity=severity), case("gp", "police")) for severity in ("low", "high"))

    assert [o.agency for o in low] == [o.agency for o in high]
    assert min(o.due for o in low if o.due) > max(o.due for o in high if o.due) + timedelta(days=1)


def test_the_hour_runs_through_the_night_before_sunday() -> None:
    saturday_night = alert("threat_to_staff", days=5.49)

    assert [o.due for o in owed(saturday_night, case("gp"))] == [saturday_night.at + timedelta(hours=1)]


@pytest.mark.parametrize(
    ("stated", "cause", "since"),
    [
        pytest.param({}, Cause.ALERT, 0, id="the alert came last"),
        pytest.param({"links": [{"person": "stepfather", "relation": "x", "from": at(3)}]}, Cause.LINK, 3, id="the link came last"),
        pytest.param({"involvements": [{"agency": "gp", "from": at(4)}]}, Cause.INVOLVEMENT, 4, id="the agency came last"),
    ],
)
def test_vpf_11_a_newcomers_clock_runs_from_when_they_are_told(stated: dict[str, Any], cause: Cause, since: int) -> None:
    (found,) = owed(alert("violent_person_flag"), case("gp", **stated))

    assert (found.cause, found.since, found.due) == (cause, at(since), at(since) + timedelta(hours=1))


def test_who_is_not_told_owes_nothing() -> None:
    assert owed(alert("meeting"), case(in_plan(), for_adult(), "ambulance")) == []


# A doubt about who somebody is.


@pytest.mark.parametrize("kind", sorted(POLICY.kinds))
def test_the_front_door_is_told_of_a_doubt_whatever_the_kind_and_must_decide_within_the_policys_limit(kind: str) -> None:
    doubt = case({"agency": "mash", "scope": "front_door"}, case_id="doubt-1")
    said = alert(kind)

    decisions = decide(said, doubt, POLICY)

    assert [(d.agency, d.told, d.since) for d in decisions if d.agency == "mash"] == [("mash", True, T0)]
    for _, obligation in obligations(decisions, said, doubt, POLICY):
        assert T0 < obligation.due <= T0 + POLICY.identity.limit
