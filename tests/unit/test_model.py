"""The words: every field is classed, no error repeats what it refuses, and an alert, a day and a case mean the same everywhere."""

import copy
import importlib
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import alertbus.model
from alertbus.model.alert import KINDS, LONGEST_NARRATIVE, AcceptedAlert, Alert
from alertbus.model.base import Word
from alertbus.model.case import UK, Case, Certainty, Link, Spell, begins, ends
from alertbus.model.details import unclassified
from alertbus.model.notice import Excerpt
from alertbus.model.person import Address, Name, Person
from alertbus.model.receipt import Intent, Receipt, Stage
from alertbus.model.sensitivity import Sensitivity, sensitivity_of

WITHOUT_MARKS = {
    "Identifier": "a system and a value: classed together, by the system, in policy.minimise.CLASS_OF_IDENTIFIER",
}
"""Records of the model whose fields carry no class of their own, and why."""


def records_of_the_model() -> list[type[BaseModel]]:
    for module in pkgutil.walk_packages(alertbus.model.__path__, "alertbus.model."):
        importlib.import_module(module.name)

    def below(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    return sorted({k for k in below(BaseModel) if k.__module__.startswith("alertbus.model.")}, key=lambda k: k.__qualname__)


RECORDS = [record for record in records_of_the_model() if record.__name__ not in WITHOUT_MARKS and record.model_fields]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_field_of_every_word_has_exactly_one_class(record: type[Word]) -> None:
    marks = {name: [m for m in field.metadata if isinstance(m, Sensitivity)] for name, field in record.model_fields.items()}

    assert {name: found for name, found in marks.items() if len(found) != 1} == {}
    assert {name: sensitivity_of(record, name) for name in marks} == {name: found[0] for name, found in marks.items()}


def test_the_words_that_were_examined_are_the_words_there_are() -> None:
    assert {"Alert", "Case", "CasePerson", "Notice", "NoticePerson", "Receipt", "Message", "Details", "Tick"} <= {
        r.__name__ for r in RECORDS
    }
    assert {r.__name__ for r in records_of_the_model()} >= set(WITHOUT_MARKS)
    assert all(issubclass(record, Word) for record in RECORDS)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_no_word_can_be_changed_and_only_details_takes_what_it_does_not_know(record: type[Word]) -> None:
    config = record.model_config

    assert (config.get("frozen"), config.get("hide_input_in_errors")) == (True, True)
    assert config.get("extra") == ("allow" if record.__name__ == "Details" else "forbid")


# Errors repeat nothing.

CANARY = "Kanarienvogel"
BIRTH = "1931-02-03"
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)

PERSON: dict[str, Any] = {
    "key": "mother",
    "label": "Mother",
    "identifiers": [{"system": "nhs_number", "value": "9434765919"}],
    "name": {"given": "Anna", "family": "Muster"},
    "born": BIRTH,
    "addresses": [{"uprn": "15578000", "lines": ["1 High Street"], "postcode": "NN1 1AA"}],
}
ALERT: dict[str, Any] = {
    "id": "A-1",
    "source": "police.northants",
    "kind": "ppn",
    "action": "raised",
    "occurred_at": "2026-03-02T08:00:00Z",
    "recorded_at": "2026-03-02T09:00:00Z",
    "subjects": [{"role": "subject", "person": PERSON}],
    "children": [{"role": "child", "person": PERSON}],
    "narrative": [{"text": "Seen at home.", "said_by": "public", "observed_first_hand": False}],
    "severity": "high",
    "review_on": "2026-09-02",
    "details": {
        "release": {"date": "2026-03-09", "conditions": ["no contact"], "restraining_order": True, "confirmed": False},
        "flag": {"precautions": ["visit jointly"], "grade": "threat"},
        "incident": {
            "reference": "R-1",
            "grade": "red",
            "children_present": True,
            "welfare_check": False,
            "home_conditions": "cold",
            "officer": "PC 1",
            "dash": 3,
        },
        "status": "child_in_need",
        "conference_invite": False,
    },
    "referrer": {"anonymous": False, "reference": "NSPCC-77"},
    "family_informed": False,
    "lawful_basis": "UK GDPR Art 6(1)(e)",
    "amends": "A-0",
    "history": False,
    "exercise": "rehearsal",
}
CASE: dict[str, Any] = {
    "id": "case-1",
    "version": 1,
    "status": "child_in_need",
    "people": [{**PERSON, "key": "mother"}, {**PERSON, "key": "child", "died": "2026-03-01", "person_ids": ["p-1"]}],
    "children": ["child"],
    "links": [{"person": "mother", "relation": "mother", "certainty": "confirmed", "source": "social care", "from": "2020-01-01"}],
    "involvements": [
        {
            "agency": "probation",
            "level": "agency",
            "scope": "adult_linked",
            "adult": "mother",
            "worker": "W",
            "role": "officer",
            "team": "North",
            "to": "2026-05-01",
        }
    ],
    "episodes": [{"type": "child_in_need", "children": ["child"], "from": "2020-01-01"}],
    "restrictions": [{"must_not_learn": "mother", "kinds": ["birth"]}],
    "contact": "01604 000000",
    "exercise": "rehearsal",
    "routing": {"mash_kinds": ["death"], "recently_ended_days": 42},
    "known_at": "2026-03-02T09:00:00Z",
}
REFUSED = {
    "words where a code or a date belongs": f"{CANARY} \u00fc!",
    "far too many words": f"{CANARY} " * 10_000,
    "an object": {CANARY.lower(): CANARY},
    "a list": [CANARY],
    "a birth date that is none": f"{BIRTH}T25",
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, key)
            yield from places(inner, (*path, key))


def put(body: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    inside: Any = changed
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    return changed


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize(
    ("word", "path"),
    [
        pytest.param(word, path, id=f"{word.__name__} {'.'.join(map(str, path))}")
        for word, body in ((Alert, ALERT), (Case, CASE))
        for path in places(body)
    ],
)
def test_no_error_repeats_what_was_put_into_a_field(word: type[Word], path: tuple[Any, ...], refused: Any) -> None:
    stated = put(ALERT if word is Alert else CASE, path, refused)

    for read in (lambda: word.model_validate(stated), lambda: word.model_validate_json(json.dumps(stated))):
        try:
            read()
        except ValidationError as error:
            told = f"{error} {error!r} {error.errors(include_input=False)!r}"
            told = told.replace(CANARY.lower(), "")  # an unknown field's own name is the path of the fault, not its value
            assert CANARY not in told
            assert BIRTH not in told


@pytest.mark.parametrize(("word", "body"), [(Alert, ALERT), (Case, CASE)], ids=["alert", "case"])
def test_every_field_with_a_shape_refuses_what_has_not_that_shape(word: type[Word], body: dict[str, Any]) -> None:
    free = {"label", "given", "family", "lines", "postcode", "text", "conditions", "precautions", "reference", "home_conditions", "officer"}
    free |= {
        "status",
        "lawful_basis",
        "relation",
        "source",
        "worker",
        "role",
        "team",
        "type",
        "contact",
        "person_ids",
        "kinds",
        "mash_kinds",
    }
    free |= {"id", "amends", "episodes"}
    for path in places(body):
        if not {step for step in path if isinstance(step, str)} & free:
            with pytest.raises(ValidationError):
                word.model_validate(put(body, path, REFUSED["words where a code or a date belongs"]))


@pytest.mark.parametrize("refused", ["{", f'{{"id": {CANARY}', f"[{CANARY}"], ids=["cut off", "no string", "no object"])
def test_text_that_is_no_json_is_not_repeated(refused: str) -> None:
    with pytest.raises(ValidationError) as error:
        Alert.model_validate_json(refused)

    assert CANARY not in f"{error.value}{error.value.errors(include_input=False)}"


# An alert.


def alert(**stated: Any) -> Alert:
    body = {"id": "A-1", "source": "police.northants", "kind": "other", "occurred_at": T0, "recorded_at": T0}
    return Alert.model_validate({**body, "subjects": [{"person": {"label": "Somebody"}}], **stated})


@pytest.mark.parametrize(
    "stated",
    [
        pytest.param({"kind": "ppn"}, id="another kind"),
        pytest.param({"recorded_at": T0 + timedelta(days=3)}, id="recorded later"),
        pytest.param({"narrative": [{"text": "More."}]}, id="more said"),
        pytest.param({"subjects": [{"person": {"label": "Somebody else"}}]}, id="somebody else"),
        pytest.param({"action": "amended"}, id="an amendment of the same id"),
        pytest.param({"action": "withdrawn"}, id="a withdrawal of the same id"),
        pytest.param({"action": "amended", "id": "A-2", "amends": "A-1"}, id="an amendment with an id of its own"),
        pytest.param({"action": "withdrawn", "id": "A-3", "amends": "A-1"}, id="a withdrawal with an id of its own"),
    ],
)
def test_the_same_source_and_id_are_the_same_matter_whatever_is_said(stated: dict[str, Any]) -> None:
    assert alert(**stated).alert_id == alert().alert_id


@pytest.mark.parametrize(
    "stated",
    [
        pytest.param({"id": "A-2"}, id="another id"),
        pytest.param({"source": "police"}, id="another source of the same agency"),
        pytest.param({"source": "school"}, id="another agency"),
        pytest.param({"exercise": "rehearsal"}, id="an exercise"),
        pytest.param({"amends": "A-0"}, id="about another matter"),
    ],
)
def test_another_source_another_id_and_an_exercise_are_another_matter(stated: dict[str, Any]) -> None:
    assert alert(**stated).alert_id != alert().alert_id


def test_two_exercises_never_share_a_matter() -> None:
    assert alert(exercise="first").alert_id != alert(exercise="second").alert_id


@given(left=st.tuples(st.text(max_size=6), st.text(max_size=6)), right=st.tuples(st.text(max_size=6), st.text(max_size=6)))
def test_source_and_id_are_never_run_together(left: tuple[str, str], right: tuple[str, str]) -> None:
    from alertbus.model.ids import alert_id

    separator = "\x1f"
    if separator not in "".join((*left, *right)):
        assert (alert_id(None, *left) == alert_id(None, *right)) == (left == right)


def test_ids_are_the_same_on_every_machine_and_for_ever() -> None:
    assert alert().alert_id == "80ce06e1-5d8c-513a-a76d-e3d320402671"
    assert alert().statement_id == alert(kind="ppn").statement_id == alert().model_copy().statement_id


def test_chr_12_an_amendment_with_other_content_is_another_statement() -> None:
    first, same, other = (alert(action="amended", narrative=[{"text": text}]) for text in ("A fracture.", "A fracture.", "A suture."))

    assert first.statement_id == same.statement_id
    assert len({alert().statement_id, first.statement_id, other.statement_id, alert(action="withdrawn").statement_id}) == 4


def test_an_amendment_read_back_is_the_same_statement() -> None:
    stated = alert(
        action="amended", narrative=[{"text": "A suture."}], details={"release": {"restraining_order": False}, "odd": {"b": 1, "a": 2}}
    )
    travelled = Alert.model_validate_json(stated.model_dump_json(by_alias=True, exclude_defaults=True))

    assert travelled == stated
    assert travelled.statement_id == stated.statement_id


@pytest.mark.parametrize("kind", [*sorted(KINDS), "never_heard_of"])
def test_every_kind_shipped_and_any_other_of_the_form_is_accepted(kind: str) -> None:
    assert alert(kind=kind).kind == kind


@pytest.mark.parametrize(
    ("listed", "role"),
    [
        pytest.param({"label": "Sibling 1"}, "subject", id="bare"),
        pytest.param({"person": {"label": "Sibling 1"}}, "subject", id="as a person without a role"),
        pytest.param({"role": "victim", "person": {"label": "Sibling 1"}}, "victim", id="with a role"),
    ],
)
def test_children_are_listed_bare_or_with_a_role(listed: dict[str, Any], role: str) -> None:
    stated = alert(children=[listed])

    assert [(entry.role, entry.person.label) for entry in stated.children] == [(role, "Sibling 1")]


def test_int_01_children_may_be_empty_but_somebody_must_be_named() -> None:
    assert alert(children=[]).children == ()
    assert alert(subjects=[], children=[{"label": "A child"}]).subjects == ()
    with pytest.raises(ValidationError, match="about at least one person"):
        alert(subjects=[], children=[])


def test_a_narrative_is_as_long_as_it_may_be_and_no_longer() -> None:
    longest = "\u00fc" * LONGEST_NARRATIVE

    assert alert(narrative=[{"text": longest}] * 4).narrative[3].text == longest
    with pytest.raises(ValidationError):
        alert(narrative=[{"text": longest + "."}])
    with pytest.raises(ValidationError, match="at most 262144 characters in all"):
        alert(narrative=[{"text": longest}] * 4 + [{"text": "."}])
    with pytest.raises(ValidationError):
        alert(narrative=[{"text": ""}])


@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_voi_01_narrative_travels_as_it_was_said(text: str) -> None:
    travelled = Alert.model_validate_json(alert(narrative=[{"text": text}]).model_dump_json(exclude_defaults=True))

    assert travelled.narrative[0].text == text


def test_half_a_character_is_refused_on_the_way_in() -> None:
    with pytest.raises(ValidationError):
        alert(narrative=[{"text": "\ud800"}])


def test_sections_nobody_has_classed_are_kept_and_named() -> None:
    stated = alert(details={"odd": {"x": 1}, "also_odd": 2, "status": "child_in_need"})

    assert unclassified(stated.details) == ("also_odd", "odd")
    assert Alert.model_validate_json(stated.model_dump_json(exclude_defaults=True)).details == stated.details


@pytest.mark.parametrize(
    ("stated", "at"),
    [
        pytest.param({}, T0 + timedelta(hours=1), id="real: when the bus accepted it"),
        pytest.param({"exercise": "rehearsal"}, T0, id="exercise: when it was recorded"),
    ],
)
def test_an_alert_counts_from_when_it_was_accepted_or_in_an_exercise_recorded(stated: dict[str, Any], at: datetime) -> None:
    accepted = AcceptedAlert.of(alert(**stated), T0 + timedelta(hours=1))

    assert (accepted.at, accepted.accepted_at) == (at, T0 + timedelta(hours=1))


@pytest.mark.parametrize("moment", ["2026-03-02T09:00:00", "2026-03-02"], ids=["no zone", "no time"])
def test_a_moment_without_its_zone_is_refused(moment: str) -> None:
    with pytest.raises(ValidationError):
        alert(occurred_at=moment)


# A day.


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        pytest.param("2026-01-15", "2026-01-15T00:00:00Z", "2026-01-15T23:59:59.999999Z", id="winter"),
        pytest.param("2026-07-15", "2026-07-14T23:00:00Z", "2026-07-15T22:59:59.999999Z", id="summer time begins a day at 23:00 UTC"),
        pytest.param("2026-03-29", "2026-03-29T00:00:00Z", "2026-03-29T22:59:59.999999Z", id="the day of 23 hours"),
        pytest.param("2026-10-25", "2026-10-24T23:00:00Z", "2026-10-25T23:59:59.999999Z", id="the day of 25 hours"),
        pytest.param("9999-12-31", "9999-12-31T00:00:00Z", "9999-12-31T23:59:59.999999Z", id="the day that stands for never"),
    ],
)
def test_a_bare_day_is_that_whole_day_in_the_united_kingdom(day: str, first: str, last: str) -> None:
    bare = date.fromisoformat(day)

    assert begins(bare) == datetime.fromisoformat(first)
    assert ends(bare) == datetime.fromisoformat(last)


@given(day=st.dates(date(1971, 1, 1), date(2100, 1, 1)))
def test_days_follow_each_other_without_gap_or_overlap(day: date) -> None:
    gap = begins(day + timedelta(days=1)).astimezone(UTC) - ends(day).astimezone(UTC)

    assert gap == timedelta(microseconds=1)
    assert ends(day).astimezone(UK).date() == begins(day).astimezone(UK).date() == day


@given(moment=st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_moment_is_itself(moment: datetime) -> None:
    assert begins(moment) == ends(moment) == moment


@pytest.mark.parametrize("as_json", [False, True], ids=["as data", "as JSON"])
@pytest.mark.parametrize(
    ("stated", "read"),
    [
        pytest.param("2026-07-01", date(2026, 7, 1), id="a day"),
        pytest.param("2026-07-01T00:00:00Z", datetime(2026, 7, 1, tzinfo=UTC), id="midnight is a moment, not a day"),
        pytest.param("2026-07-01 00:00:00z", datetime(2026, 7, 1, tzinfo=UTC), id="midnight as some databases write it"),
        pytest.param("2026-07-01T09:30:00Z", datetime(2026, 7, 1, 9, 30, tzinfo=UTC), id="a moment"),
    ],
)
def test_end_11_what_is_stated_to_the_moment_ends_at_that_moment(stated: str, read: date, as_json: bool) -> None:
    body = {"to": stated}
    spell = Spell.model_validate_json(json.dumps(body)) if as_json else Spell.model_validate(body)

    assert (spell.to, type(spell.to)) == (read, type(read))
    assert Spell.model_validate(spell.model_dump(mode="json", by_alias=True)) == spell


@pytest.mark.parametrize(
    ("spell", "fits"),
    [
        pytest.param({"from": "2026-03-02", "to": "2026-03-02"}, True, id="one day"),
        pytest.param({"from": "2026-03-02", "to": "2026-03-01"}, False, id="to the day before from"),
        pytest.param({"from": "2026-03-02T10:00:00Z", "to": "2026-03-02"}, True, id="from a moment, to that day"),
        pytest.param({"from": "2026-03-02T10:00:00Z", "to": "2026-03-02T09:00:00Z"}, False, id="to an hour before from"),
        pytest.param({"to": "2026-03-02"}, True, id="no beginning"),
        pytest.param({"from": "2026-03-02"}, True, id="no end"),
        pytest.param({"from": "2026-03-02", "to": "9999-12-31"}, True, id="to the day that stands for never"),
    ],
)
def test_what_ends_before_it_begins_is_refused(spell: dict[str, str], fits: bool) -> None:
    if fits:
        Spell.model_validate(spell)
    else:
        with pytest.raises(ValidationError, match="`to` lies before `from`"):
            Spell.model_validate(spell)


def test_a_spell_causes_nothing_before_it_has_begun_and_is_known() -> None:
    begun, known = date(2026, 3, 2), datetime(2026, 3, 9, 12, tzinfo=UTC)

    assert Spell.model_validate({"from": begun}).since == begins(begun)
    assert Spell.model_validate({"known_at": known}).since == known
    assert Spell.model_validate({"from": begun, "known_at": known}).since == known
    assert Spell.model_validate({"from": date(2026, 4, 1), "known_at": known}).since == begins(date(2026, 4, 1))
    assert Spell().since is None


# A case.


def case(**stated: Any) -> Case:
    return Case.model_validate({"id": "case-1", "people": [{"key": "mother"}, {"key": "child"}, {"key": "stepfather"}], **stated})


@pytest.mark.parametrize(
    ("stated", "fault"),
    [
        pytest.param({"children": ["child", "nobody"]}, r"children\[1\]: no such key in `people`", id="child"),
        pytest.param({"links": [{"person": "nobody", "relation": "aunt"}]}, r"links\[0\]\.person: no such key", id="link"),
        pytest.param(
            {"involvements": [{"agency": "probation", "scope": "adult_linked", "adult": "nobody"}]},
            r"involvements\[0\]\.adult: no such key",
            id="adult of an agency",
        ),
        pytest.param(
            {"children": ["nobody"], "links": [{"person": "no_one", "relation": "aunt"}]},
            r"children\[0\], links\[0\]\.person: no such key",
            id="several at once",
        ),
        pytest.param({"people": [{"key": "a"}, {"key": "a"}]}, "a key is used twice", id="one key for two"),
        pytest.param({"involvements": [{"agency": "probation", "scope": "adult_linked"}]}, "names its `adult`", id="adult not named"),
        pytest.param({"routing": {"mash_kinds": ["death"]}}, "only an exercise may carry", id="routing of a real case"),
    ],
)
def test_a_case_that_does_not_hold_together_is_refused_with_its_place(stated: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        case(**stated)


def test_an_exercise_may_carry_its_own_routing() -> None:
    routed = case(exercise="rehearsal", routing={"mash_kinds": ["death"], "recently_ended_days": 42}).routing

    assert routed is not None
    assert (routed.mash_kinds, routed.recently_ended_days) == (frozenset({"death"}), 42)


def test_a_case_is_written_in_the_same_bytes_by_every_process() -> None:
    routing = {"mash_kinds": sorted(KINDS), "adult_linked_kinds": ["ppn", "death", "birth", "meeting"]}
    stated = json.dumps({"id": "case-1", "exercise": "rehearsal", "routing": routing})
    script = "import sys; from alertbus.model.case import Case; print(Case.model_validate_json(sys.argv[1]).model_dump_json())"

    written = {
        subprocess.run(
            [sys.executable, "-c", script, stated], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2")
    }

    assert len(written) == 1
    assert Case.model_validate_json(written.pop()) == Case.model_validate_json(stated)


@pytest.mark.parametrize(
    "case_id", ["", "Anna Muster", "a/b", "-a", "x" * 81], ids=["empty", "a name", "a slash", "a hyphen first", "too long"]
)
def test_a_case_id_is_a_handle_and_nothing_else(case_id: str) -> None:
    with pytest.raises(ValidationError):
        case(id=case_id)


def test_a_copy_with_other_people_knows_the_others() -> None:
    asked = case()
    assert asked.person("mother").person_ids == ()

    found = asked.model_copy(update={"people": (asked.people[0].model_copy(update={"person_ids": ("p-1",)}),)})

    assert found.person("mother").person_ids == ("p-1",)


def test_not_16_of_an_adult_an_agency_acts_for_no_relation_is_invented() -> None:
    whole = case(
        children=["child"],
        links=[{"person": "mother", "relation": "mother"}],
        involvements=[
            {"agency": "probation", "scope": "adult_linked", "adult": "stepfather"},
            {"agency": "prison", "scope": "adult_linked", "adult": "stepfather"},
            {"agency": "gp", "scope": "adult_linked", "adult": "mother"},
        ],
    ).with_implied_links()

    assert {(link.person, link.relation, link.certainty) for link in whole.links} == {
        ("mother", "mother", Certainty.REPORTED),
        ("child", "child", Certainty.CONFIRMED),
        ("stepfather", "not stated", Certainty.REPORTED),
    }
    assert len(whole.links) == 3
    assert whole.with_implied_links() == whole


def test_a_link_that_the_bus_once_put_in_its_own_words_keeps_the_day_from_which_it_is_known() -> None:
    monday, friday = T0, T0 + timedelta(days=4)
    stated = {"involvements": [{"agency": "probation", "scope": "adult_linked", "adult": "stepfather"}]}
    of_old = case(links=[{"person": "stepfather", "relation": "known to probation", "certainty": "confirmed"}], **stated).learned(
        None, monday
    )

    sent_again = case(**stated).with_implied_links().learned(of_old, friday)

    assert [(link.relation, link.known_at) for link in sent_again.links] == [("not stated", monday)]


def test_what_was_known_keeps_its_day_and_what_is_new_gets_this_one() -> None:
    monday, friday = T0, T0 + timedelta(days=4)
    mother, aunt = {"person": "mother", "relation": "mother"}, {"person": "stepfather", "relation": "uncle"}
    first = case(links=[mother], involvements=[{"agency": "gp"}]).learned(None, monday)

    second = case(links=[mother, aunt], involvements=[{"agency": "gp"}, {"agency": "school", "from": "2020-01-01"}]).learned(first, friday)

    assert (first.version, second.version, second.known_at) == (1, 2, friday)
    assert {link.relation: link.known_at for link in second.links} == {"mother": monday, "uncle": friday}
    assert {i.agency: i.known_at for i in second.involvements} == {"gp": monday, "school": friday}


def test_a_later_version_is_known_later_though_the_clock_was_set_back() -> None:
    first = case(involvements=[{"agency": "gp"}]).learned(None, T0)

    second = case(involvements=[{"agency": "gp"}, {"agency": "school"}]).learned(first, T0 - timedelta(minutes=4))

    assert second.known_at is not None
    assert second.known_at > T0
    assert {i.agency: i.known_at for i in second.involvements} == {"gp": T0, "school": second.known_at}


def test_an_end_or_a_certainty_is_no_news_and_another_relation_is() -> None:
    monday, friday = T0, T0 + timedelta(days=4)
    first = case(links=[{"person": "mother", "relation": "mother", "certainty": "reported"}]).learned(None, monday)

    ended = case(links=[{"person": "mother", "relation": "mother", "certainty": "confirmed", "to": "2026-03-05"}]).learned(first, friday)
    other = case(links=[{"person": "mother", "relation": "aunt"}]).learned(first, friday)

    assert [link.known_at for link in ended.links] == [monday]
    assert [link.known_at for link in other.links] == [friday]


def test_what_was_taken_off_and_comes_back_is_new() -> None:
    stated = case(links=[{"person": "mother", "relation": "mother"}])
    first = stated.learned(None, T0)
    without = case().learned(first, T0 + timedelta(days=1))

    again = stated.learned(without, T0 + timedelta(days=2))

    assert [link.known_at for link in again.links] == [T0 + timedelta(days=2)]


def test_a_sender_cannot_say_since_when_the_bus_has_known() -> None:
    stated = case(links=[{"person": "mother", "relation": "mother", "known_at": "1990-01-01T00:00:00Z"}])

    assert [link.known_at for link in stated.learned(None, T0).links] == [T0]


def test_an_exercise_is_known_from_its_start() -> None:
    rehearsed = case(exercise="rehearsal", links=[{"person": "mother", "relation": "mother"}])
    first = rehearsed.learned(None, T0)

    assert (first.version, first.known_at, first.links[0].known_at) == (1, None, None)
    assert rehearsed.learned(first, T0).version == 2


# A person, a receipt.


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        pytest.param(("Anna", "Muster"), ("ANNA", "muster"), True, id="capitals"),
        pytest.param(("Anna  Maria", "Muster"), (" Anna Maria ", "Muster."), True, id="spaces and punctuation"),
        pytest.param(("Anna Maria", "Muster"), ("Anna-Maria", "Muster"), False, id="a hyphen is no blank"),
        pytest.param(("Ren\u00e9e", "Muster"), ("Rene\u0301e", "Muster"), True, id="an accent written in two ways"),
        pytest.param(("Wei\u00df", "Muster"), ("Weiss", "Muster"), True, id="sharp s"),
        pytest.param(("Anna", "Muster"), ("Anne", "Muster"), False, id="another name"),
        pytest.param(("Ren\u00e9e", "Muster"), ("Renee", "Muster"), False, id="an accent left out"),
    ],
)
def test_names_are_compared_as_people_read_them(left: tuple[str, str], right: tuple[str, str], same: bool) -> None:
    first, second = (Name(given=given_, family=family) for given_, family in (left, right))

    assert (first.normal == second.normal) is same


@pytest.mark.parametrize(
    ("address", "normal"),
    [
        pytest.param({"uprn": "0015578000", "postcode": "NN1 1AA"}, "uprn:15578000", id="UPRN first, without zeros"),
        pytest.param({"postcode": "nn1  1aa"}, "postcode:NN11AA", id="postcode without spaces"),
        pytest.param({"lines": ["1 High Street"]}, None, id="lines alone compare with nothing"),
    ],
)
def test_addresses_are_compared_by_uprn_or_postcode(address: dict[str, Any], normal: str | None) -> None:
    assert Address.model_validate(address).normal == normal


@pytest.mark.parametrize(
    ("person", "shown"),
    [
        pytest.param({"label": "Ex-partner 2", "name": {"given": "A", "family": "B"}}, "Ex-partner 2", id="label first"),
        pytest.param({"name": {"family": "B"}}, "B", id="what is known of the name"),
        pytest.param({"key": "mother"}, "a person not named", id="never the key"),
    ],
)
def test_somebody_is_called_by_label_or_name(person: dict[str, Any], shown: str) -> None:
    assert Person.model_validate(person).shown == shown


def test_an_excerpt_altered_on_the_way_is_refused_and_not_repeated() -> None:
    body = alert(narrative=[{"text": "She said no."}])
    excerpt = Excerpt.of(body.narrative[0].text, body.narrative[0].said_by, observed_first_hand=True)

    with pytest.raises(ValidationError, match="altered on the way") as error:
        Excerpt.model_validate({**excerpt.model_dump(), "text": f"She said {CANARY}."})

    assert CANARY not in f"{error.value}{error.value.errors(include_input=False)}"


@pytest.mark.parametrize(
    ("stated", "fits"),
    [
        pytest.param({"stage": Stage.SENT}, True, id="sent needs nobody"),
        pytest.param({"stage": Stage.ACKNOWLEDGED, "by": "A. Nurse", "intent": Intent.ACTING}, True, id="acknowledged by somebody"),
        pytest.param({"stage": Stage.ACKNOWLEDGED, "intent": Intent.ACTING}, False, id="acknowledged by nobody"),
        pytest.param({"stage": Stage.ACKNOWLEDGED, "by": "A. Nurse"}, False, id="acknowledged without saying what follows"),
        pytest.param({"stage": Stage.ACKNOWLEDGED, "by": "A. Nurse", "intent": Intent.NOT_OURS}, False, id="not ours, no reason"),
        pytest.param(
            {"stage": Stage.ACKNOWLEDGED, "by": "A. Nurse", "intent": Intent.NOT_OURS, "note": "Moved."}, True, id="not ours: moved"
        ),
    ],
)
def test_an_acknowledgement_is_by_a_named_person_with_a_reason_to_refuse(stated: dict[str, Any], fits: bool) -> None:
    body = dict.fromkeys(("id", "notice_id", "obligation_id", "alert_id", "case_id", "agency"), "x") | {"at": T0} | stated

    if fits:
        Receipt.model_validate(body)
    else:
        with pytest.raises(ValidationError):
            Receipt.model_validate(body)


def test_lnk_06_a_putative_link_stays_putative() -> None:
    link = Link.model_validate({"person": "father", "relation": "father", "certainty": "putative"})

    assert Link.model_validate_json(link.model_dump_json(by_alias=True)).certainty is Certainty.PUTATIVE
