"""A scenario folder becomes cases and alerts of one exercise; nothing in it that says who should be told is ever used to tell them."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

import alertbus.rehearsal.scenario
from alertbus.model.case import Certainty, Level, Scope
from alertbus.model.details import Contact, Details, unclassified
from alertbus.model.errors import InvalidInput
from alertbus.rehearsal.scenario import Event, Scenario, load_scenario

BUNDLED = Path(alertbus.rehearsal.scenario.__file__).parents[1] / "scenarios" / "child-bi"

PEOPLE: dict[str, Any] = {
    "_meta": {
        "scenario": "small",
        "routing": {"mash_kinds": ["death"], "recently_ended_days": 42, "formula": "words", "assumptions": "words"},
    },
    "people": [
        {"key": "mother", "label": "Mother", "role": "mother", "relations": {"kid_1": "mother", "kid_2": "mother"}},
        {"key": "kid_1", "label": "Sibling 1", "role": "child", "born": "2014-05-01"},
        {"key": "kid_2", "label": "Child Bi", "role": "child_subject", "died": "2021-10-01"},
        {"key": "ex", "label": "Ex-Partner", "role": "ex_partner", "relations": {"kid_1": "none stated", "kid_2": "putative father"}},
        {"key": "grandmother", "label": "Grandmother", "role": "relative", "relations": {"kid_1": "None stated in the review"}},
        {"key": "offender", "label": "Offender", "role": "risky_adult", "flags": ["do not disclose the birth to him"]},
    ],
    "involvements": [
        {"agency": "gp", "from": None, "to": None},
        {"agency": "school", "scope": "children_case", "from": "2020-01-01", "to": "2020-12-31"},
        {"agency": "probation", "scope": "adult_linked", "adult": "offender"},
        {"agency": "childrens_social_care", "level": "worker", "worker": "SW1", "role": "social worker"},
    ],
    "managers": [{"label": "TM1", "role": "team manager", "from": "2020-01-01", "to": "2020-06-30"}],
    "case_episodes": [{"type": "child_in_need", "children": ["kid_1"], "from": "2020-01-01"}],
}
EVENT: dict[str, Any] = {
    "id": "E-1",
    "date": "2020-11-18",
    "source_agency": "police",
    "kind": "threat_to_staff",
    "subjects": ["mother"],
    "children": ["kid_1"],
    "summary": "A threat.",
    "should_have_reached": ["school", "gp"],
    "notes": "",
}

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A folder with these people and these events (objects, or lines as they are)."""

    def written(people: Mapping[str, Any] | str = PEOPLE, events: Sequence[Mapping[str, Any] | str] = (EVENT,)) -> Path:
        folder = tmp_path / "small-folder"
        folder.mkdir(exist_ok=True)
        (folder / "people.json").write_text(people if isinstance(people, str) else json.dumps(people), encoding="utf-8")
        lines = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in events]
        (folder / "events.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return folder

    return written


def one_event(write: Write, **stated: Any) -> Event:
    (event,) = load_scenario(write(events=[{**EVENT, **stated}]), "x1").events
    return event


# One family.


def test_one_family_is_one_case_named_after_the_scenario_and_the_exercise(write: Write) -> None:
    scenario = load_scenario(write(), "x1")

    assert (scenario.name, scenario.exercise) == ("small", "x1")
    (case,) = scenario.cases
    assert (case.id, case.exercise, case.version, case.children) == ("small.x1", "x1", 0, ("kid_1", "kid_2"))


def test_a_scenario_without_a_name_is_called_after_its_folder(write: Write) -> None:
    for people in ({k: v for k, v in PEOPLE.items() if k != "_meta"}, {**PEOPLE, "_meta": None}, {**PEOPLE, "_meta": {"scenario": ""}}):
        scenario = load_scenario(write(people), "x1")

        assert (scenario.name, [case.id for case in scenario.cases], scenario.cases[0].routing) == (
            "small-folder",
            ["small-folder.x1"],
            None,
        )


def test_who_is_related_to_a_child_is_linked_and_who_is_said_to_be_none_is_not(write: Write) -> None:
    (case,) = load_scenario(write(), "x1").cases

    assert [(link.person, link.relation, link.certainty) for link in case.links] == [
        ("mother", "mother", Certainty.REPORTED),
        ("ex", "putative father", Certainty.PUTATIVE),
    ]
    assert [person.key for person in case.people] == ["mother", "kid_1", "kid_2", "ex", "offender"]  # the grandmother is not on the case


def test_people_keep_their_label_and_dates_and_nothing_else(write: Write) -> None:
    (case,) = load_scenario(write(), "x1").cases

    stated = {p.key: p.model_dump(exclude_defaults=True, exclude={"key"}) for p in case.people}
    assert stated["kid_1"] == {"label": "Sibling 1", "born": date(2014, 5, 1)}
    assert stated["kid_2"] == {"label": "Child Bi", "died": date(2021, 10, 1)}
    assert stated["mother"] == {"label": "Mother"}


def test_involvements_managers_episodes_and_restrictions_are_the_cases(write: Write) -> None:
    (case,) = load_scenario(write(), "x1").cases

    assert [(i.agency, i.level, i.scope, i.adult, i.worker, i.role, i.from_, i.to) for i in case.involvements] == [
        ("gp", Level.AGENCY, Scope.CHILDREN_CASE, None, None, None, None, None),
        ("school", Level.AGENCY, Scope.CHILDREN_CASE, None, None, None, date(2020, 1, 1), date(2020, 12, 31)),
        ("probation", Level.AGENCY, Scope.ADULT_LINKED, "offender", None, None, None, None),
        ("childrens_social_care", Level.WORKER, Scope.CHILDREN_CASE, None, "SW1", "social worker", None, None),
        ("childrens_social_care", Level.MANAGER, Scope.CHILDREN_CASE, None, "TM1", "team manager", date(2020, 1, 1), date(2020, 6, 30)),
    ]
    assert [(e.type, e.children, e.from_) for e in case.episodes] == [("child_in_need", ("kid_1",), date(2020, 1, 1))]
    assert [(r.must_not_learn, set(r.kinds)) for r in case.restrictions] == [
        ("offender", {"birth", "death", "concealed_pregnancy_concern"})
    ]


def test_of_the_scenarios_own_routing_only_kinds_and_days_are_taken(write: Write) -> None:
    (case,) = load_scenario(write(), "x1").cases

    assert case.routing is not None
    assert case.routing.model_dump(exclude_defaults=True) == {"mash_kinds": frozenset({"death"}), "recently_ended_days": 42}


# Several families.

FAMILIES: dict[str, Any] = {
    "_meta": {"scenario": "two"},
    "cases": [{"id": "north", "children": ["n_kid"]}, {"id": "south", "children": ["s_kid"]}],
    "people": [
        {"key": "n_kid", "role": "child"},
        {"key": "s_kid", "role": "child"},
        {"key": "n_mother", "relations": {"n_kid": "mother"}},
        {"key": "s_mother", "relations": {"s_kid": "mother", "n_kid": "none stated"}},
        {"key": "him", "relations": {"n_kid": "father", "s_kid": "mother's partner"}, "flags": ["do not disclose to him"]},
        {"key": "officer_only", "relations": {}},
        {"key": "nobody", "relations": None},
    ],
    "involvements": [
        {"agency": "gp", "case": "north"},
        {"agency": "school", "case": "south"},
        {"agency": "probation", "scope": "adult_linked", "adult": "officer_only", "case": "south"},
        {"agency": "gp", "case": "elsewhere"},
    ],
    "managers": [{"label": "TM north", "case": "north"}],
    "case_episodes": [{"type": "cp", "case": "south"}],
}


def test_several_families_are_several_cases_that_share_only_whom_they_share(write: Write) -> None:
    north, south = load_scenario(write(FAMILIES, [{**EVENT, "subjects": ["him"], "children": []}]), "x1").cases

    assert (north.id, north.children, [p.key for p in north.people]) == ("north.x1", ("n_kid",), ["n_kid", "n_mother", "him"])
    assert (south.id, south.children, [p.key for p in south.people]) == (
        "south.x1",
        ("s_kid",),
        ["s_kid", "s_mother", "him", "officer_only"],
    )
    assert [(link.person, link.relation) for link in north.links] == [("n_mother", "mother"), ("him", "father")]
    assert [(link.person, link.relation) for link in south.links] == [("s_mother", "mother"), ("him", "mother's partner")]


def test_lnk_12_each_family_has_its_own_agencies_managers_episodes_and_restrictions(write: Write) -> None:
    north, south = load_scenario(write(FAMILIES, [{**EVENT, "subjects": ["him"], "children": []}]), "x1").cases

    assert [(i.agency, i.level) for i in north.involvements] == [("gp", "agency"), ("childrens_social_care", "manager")]
    assert [(i.agency, i.level) for i in south.involvements] == [("school", "agency"), ("probation", "agency")]
    assert ([e.type for e in north.episodes], [e.type for e in south.episodes]) == ([], ["cp"])
    assert [r.must_not_learn for r in north.restrictions] == [r.must_not_learn for r in south.restrictions] == ["him"]


def test_a_list_of_one_case_is_one_family_whose_involvements_need_not_name_it(write: Write) -> None:
    (case,) = load_scenario(write({**PEOPLE, "cases": [{"id": "only", "children": ["kid_1"]}]}), "x1").cases

    assert (case.id, case.children) == ("only.x1", ("kid_1",))
    assert [i.agency for i in case.involvements] == ["gp", "school", "probation", "childrens_social_care", "childrens_social_care"]


# Events.


def test_an_event_is_an_alert_recorded_at_noon_of_its_day(write: Write) -> None:
    event = one_event(write)

    noon = datetime(2020, 11, 18, 12, tzinfo=UTC)
    assert (event.id, event.day, event.expected) == ("E-1", date(2020, 11, 18), ("gp", "school"))
    assert event.alert.model_dump(exclude_defaults=True, mode="json") == {
        "id": "E-1",
        "source": "police",
        "kind": "threat_to_staff",
        "occurred_at": "2020-11-18T12:00:00Z",
        "recorded_at": "2020-11-18T12:00:00Z",
        "subjects": [{"person": {"key": "mother"}}],
        "children": [{"role": "child", "person": {"key": "kid_1"}}],
        "narrative": [{"text": "A threat."}],
        "exercise": "x1",
    }
    assert event.alert.recorded_at == noon


def test_who_should_have_been_reached_changes_nothing_in_the_alert(write: Write) -> None:
    stated = [one_event(write, should_have_reached=reached).alert for reached in (["gp"], ["school", "police"], [], None)]
    without = {k: v for k, v in EVENT.items() if k != "should_have_reached"}
    (event,) = load_scenario(write(events=[without]), "x1").events

    assert [alert for alert in stated if alert != event.alert] == []


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        pytest.param({"should_have_reached": ["school", "gp", "gp"]}, ("gp", "gp", "school"), id="some"),
        pytest.param({"should_have_reached": []}, (), id="nobody"),
        pytest.param({"should_have_reached": None}, None, id="not said"),
    ],
)
def test_nobody_expected_is_not_the_same_as_nothing_said(write: Write, stated: dict[str, Any], expected: tuple[str, ...] | None) -> None:
    assert one_event(write, **stated).expected == expected


def test_an_event_that_does_not_say_who_is_played_all_the_same(write: Write) -> None:
    without = {k: v for k, v in EVENT.items() if k != "should_have_reached"}
    (event,) = load_scenario(write(events=[without]), "x1").events

    assert (event.expected, event.alert.id) == (None, "E-1")


@pytest.mark.parametrize(
    ("stated", "history", "invite", "children"),
    [
        pytest.param({"notes": ""}, False, False, ["kid_1"], id="no tag"),
        pytest.param({"notes": None}, False, False, ["kid_1"], id="no notes"),
        pytest.param({"notes": "[history] from before"}, True, False, ["kid_1"], id="history"),
        pytest.param({"notes": "[conference-invite]"}, False, True, ["kid_1"], id="invitation"),
        pytest.param({"notes": "see [children-not-linked-at-source]."}, False, False, [], id="children not linked"),
        pytest.param({"notes": "[history] [conference-invite] [R1]"}, True, True, ["kid_1"], id="several"),
    ],
)
def test_a_tag_in_the_notes_does_what_it_says(
    write: Write, stated: dict[str, Any], history: bool, invite: bool, children: list[str]
) -> None:
    alert = one_event(write, **stated).alert

    assert (alert.history, alert.details.conference_invite) == (history, invite)
    assert [child.person.key for child in alert.children] == children


def test_int_01_what_the_source_did_not_link_is_not_sent(write: Write) -> None:
    alert = one_event(write, notes="[children-not-linked-at-source]", children=["kid_1", "kid_2"]).alert

    assert "kid" not in alert.model_dump_json()


def test_somebody_on_no_case_is_sent_as_somebody_not_named(write: Write) -> None:
    alert = one_event(write, subjects=["mother", "grandmother", "unknown_man"]).alert

    assert [(s.person.key, s.person.label) for s in alert.subjects] == [("mother", None), (None, "Grandmother"), (None, "Unknown man")]


def test_voi_02_not_11_no_word_of_the_review_is_given_to_a_speaker_whom_the_review_does_not_name() -> None:
    said = {event.id: event.alert for event in load_scenario(BUNDLED, "drill").events}

    assert said["CB-045"].referrer is not None
    assert said["CB-045"].referrer.anonymous
    assert {(piece.said_by, piece.observed_first_hand) for alert in said.values() for piece in alert.narrative} == {(None, None)}


def test_con_01_a_call_to_the_nspcc_is_anonymous(write: Write) -> None:
    anonymous = one_event(write, kind="nspcc_concern", source_agency="nspcc").alert.referrer

    assert anonymous is not None
    assert (anonymous.anonymous, anonymous.reference) == (True, None)
    assert one_event(write).alert.referrer is None


@pytest.mark.parametrize("summary", ["One\u2028two\u2029three\x85four.", " spaces around \t ", "Rene\u0301e \U0001f62d"], ids=ascii)
def test_voi_01_a_summary_is_carried_as_it_stands_in_the_file(write: Write, summary: str) -> None:
    assert [piece.text for piece in one_event(write, summary=summary).alert.narrative] == [summary]


def test_what_an_event_states_in_fields_is_the_alerts(write: Write) -> None:
    stated = {"contact": {"mode": "visit", "with": ["mother"], "seen": ["kid_1"], "seen_alone": []}, "of_its_own": 1}
    events = [EVENT | {"details": stated, "notes": "[conference-invite]"}, EVENT | {"id": "E-2"}]

    first, second = (event.alert.details for event in load_scenario(write(events=events), "x").events)

    assert first.contact == Contact(mode="visit", with_=("mother",), seen=("kid_1",), seen_alone=())
    assert (first.conference_invite, unclassified(first)) == (True, ("of_its_own",))
    assert second == Details(conference_invite=False)


def test_a_section_in_another_form_is_a_fault_with_its_line(write: Write) -> None:
    with pytest.raises(InvalidInput) as refused:
        load_scenario(write(events=[EVENT, EVENT | {"details": {"contact": {"mode": "by owl"}}}]), "x")

    assert [fault.path for fault in refused.value.faults] == ["events.jsonl:2"]


def test_every_event_of_the_review_with_fields_says_the_same_in_the_alert(child_bi: Scenario) -> None:
    lines = [json.loads(line) for line in (BUNDLED / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    stated = {line["id"]: line["details"] for line in lines if "details" in line}
    found = {event.id: event.alert.details for event in child_bi.events}

    assert len(stated) > 20
    assert {name: found[name].model_dump(mode="json", by_alias=True, exclude_unset=True) for name in stated} == {
        name: {**sections, "conference_invite": found[name].conference_invite} for name, sections in stated.items()
    }


def test_an_event_without_a_summary_says_nothing(write: Write) -> None:
    assert one_event(write, summary=None).alert.narrative == ()


def test_empty_lines_are_passed_over_and_the_order_of_the_file_is_kept(write: Write) -> None:
    folder = write(events=["", {**EVENT, "id": "b", "date": "2021-01-01"}, "   ", {**EVENT, "id": "a"}, ""])

    assert [event.id for event in load_scenario(folder, "x1").events] == ["b", "a"]


# What is wrong.


def test_every_event_that_cannot_be_read_is_named_with_its_line(write: Write) -> None:
    canary = "Kanarienvogel"
    wrong: list[dict[str, Any] | str] = [
        EVENT,
        f'{{"id": "{canary}',
        {k: v for k, v in EVENT.items() if k != "kind"},
        "",
        {**EVENT, "date": f"{canary}-11-18"},
        {**EVENT, "kind": f"Not A Kind {canary}"},
        {**EVENT, "subjects": [], "children": []},
        f'["{canary}"]',
        {**EVENT, "subjects": [7]},
        {**EVENT, "notes": 7},
        "null",
    ]

    with pytest.raises(InvalidInput) as refused:
        load_scenario(write(events=wrong), "x1")

    assert [fault.path for fault in refused.value.faults] == [f"events.jsonl:{number}" for number in (2, 3, 5, 6, 7, 8, 9, 10, 11)]
    assert canary not in str(refused.value)


@pytest.mark.parametrize(
    "people",
    [
        pytest.param("{", id="no JSON"),
        pytest.param("[]", id="a list"),
        pytest.param({"people": {}}, id="people are no list"),
        pytest.param({"people": ["mother"]}, id="people without keys"),
        pytest.param({"people": [{"label": "Kanarienvogel"}]}, id="somebody without a key"),
        pytest.param({**PEOPLE, "people": [*PEOPLE["people"], PEOPLE["people"][0]]}, id="one key for two"),
        pytest.param({**PEOPLE, "involvements": [{"worker": "Kanarienvogel"}]}, id="an involvement of no agency"),
        pytest.param({**PEOPLE, "involvements": [{"agency": "gp", "from": "Kanarienvogel"}]}, id="a day that is none"),
        pytest.param({**PEOPLE, "cases": [{"children": []}]}, id="a case without an id"),
        pytest.param({**PEOPLE, "_meta": "Kanarienvogel"}, id="no meta"),
        pytest.param({**PEOPLE, "_meta": {"scenario": "two words"}}, id="a name that cannot be a case id"),
    ],
)
def test_people_that_cannot_be_read_are_a_fault_that_names_the_file_and_nobody(write: Write, people: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        load_scenario(write(people), "x1")

    assert [fault.path for fault in refused.value.faults] == ["people.json"]
    assert "Kanarienvogel" not in str(refused.value)


@pytest.mark.parametrize("gone", ["people.json", "events.jsonl"])
def test_a_file_that_is_not_there_or_is_not_text_is_named(write: Write, gone: str) -> None:
    folder = write()
    for spoil in (lambda: (folder / gone).write_bytes(b"\xff\xfe"), (folder / gone).unlink):
        spoil()
        with pytest.raises(InvalidInput) as refused:
            load_scenario(folder, "x1")
        assert [fault.path for fault in refused.value.faults] == [gone]


# The bundled one.


@pytest.fixture(scope="module")
def child_bi() -> Scenario:
    return load_scenario(BUNDLED, "demo")


def test_the_reviews_timeline_is_read_whole(child_bi: Scenario) -> None:
    lines = (BUNDLED / "events.jsonl").read_text(encoding="utf-8").splitlines()
    counted = [event for event in child_bi.events if not event.alert.history]

    assert (child_bi.name, len(child_bi.events)) == ("child-bi", len(lines))
    assert sum(len(event.expected or ()) for event in counted) == 302
    assert [case.id for case in child_bi.cases] == ["child-bi.demo"]


def test_the_same_folder_read_twice_is_the_same(child_bi: Scenario) -> None:
    assert load_scenario(BUNDLED, "demo") == child_bi


def test_two_exercises_of_one_folder_share_no_case_and_no_alert(child_bi: Scenario) -> None:
    other = load_scenario(BUNDLED, "other")

    assert {case.id for case in other.cases}.isdisjoint(case.id for case in child_bi.cases)
    assert {event.alert.alert_id for event in other.events}.isdisjoint(event.alert.alert_id for event in child_bi.events)
