"""Kinds, items and patterns of plugins: refused or merged at the start, read at the door, shown by class, and nothing of them assumed."""

import datetime as dt
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, field_validator

from alertbus.intake import kinds_at_the_door
from alertbus.intake.kinds_at_the_door import KindsAtTheDoor
from alertbus.model.alert import AcceptedAlert, Action, Alert
from alertbus.model.details import Details
from alertbus.model.errors import PluginFault, PolicyFault
from alertbus.plugin import AlertKind, CaseItem, CasePattern, DetailsSection, Sensitivity
from alertbus.plugin.kit.samples import CANARIES
from alertbus.plugin.manager import Plugins, offer
from alertbus.policy.load import load_policy, parse_policy
from alertbus.policy.minimise import Bodies
from alertbus.policy.recipient import recipient_of
from alertbus.reach.sameness import tells_the_same
from alertbus.reconcile.bare import bare_statement, says_the_same
from tests.items_played import START, a_family, a_statement

RULE: Mapping[str, Any] = {
    "title": "Smoke alarm was missing",
    "audience": ["case_agencies"],
    "respond_within": {"working_days": 1},
    "summary": "Fire and rescue found no working smoke alarm.",
    "cite": ["ours"],
}
ITEM: Mapping[str, Any] = {"title": "Fit an alarm", "opens": [{"kinds": ["fire_visit"]}], "within": {"days": 7}, "cite": ["ours"]}


class FireVisit(DetailsSection):
    risk: Annotated[Literal["low", "high"], Sensitivity.OBSERVATION]
    alarms: Annotated[int | None, Sensitivity.OBSERVATION] = None
    uprn: Annotated[str | None, Sensitivity.ADDRESS] = Field(None, pattern=r"^\d{1,12}$")
    again_on: Annotated[dt.date | None, Sensitivity.PLAN] = None


def a_kind(**changes: Any) -> AlertKind:
    return AlertKind(**{"name": "fire_visit", "rule": RULE, "section": "fire", "details": FireVisit, "may_state": ("housing",), **changes})


def fault_of(**offered: Any) -> str:
    with pytest.raises(PluginFault) as fault:
        load_policy(additions=Plugins({"northfield-fire": offer(**offered)}, packages={"northfield-fire": "northfield 2.0"}).additions)
    return str(fault.value)


FIRE = Plugins({"fire": offer(kinds=[a_kind()])})
POLICY = load_policy(additions=FIRE.additions)


# At the start


class Unclassified(DetailsSection):
    risk: str = Field(pattern="^[a-z]+$")


class Sealed(DetailsSection):
    risk: Annotated[str, Sensitivity.REFERRER] = Field(pattern="^[a-z]+$")


class Wordy(DetailsSection):
    said: Annotated[str, Sensitivity.OBSERVATION]


class Nested(DetailsSection):
    visit: Annotated[FireVisit, Sensitivity.OBSERVATION]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"details": Unclassified}, "`details.risk` has no class that a policy can decide about"),
        ({"details": Sealed}, "`details.risk` has no class that a policy can decide about"),
        ({"details": Wordy}, "`details.said` takes any text"),
        ({"details": Nested}, "`details.visit` is a record"),
        ({"details": dict}, "`details` is no model of details"),
        ({"section": ""}, "`section` and `details` belong together"),
        ({"section": "release"}, "`section` is no lower-case word, or one of the bus's own sections"),
        ({"name": "Fire Visit"}, "`name` is no lower-case word"),
        ({"rule": {**RULE, "details": {}}}, "`rule` has `details`"),
        ({"rule": {**RULE, "audience": ["everybody"]}}, "`rule` is not as the policy file has it. audience"),
        ({"rule": {**RULE, "colour": "red"}}, "`rule` is not as the policy file has it. colour"),
        ({"rule": "tell everybody"}, "`rule` is not as the policy file has it"),
    ],
)
def test_a_kind_is_refused_in_words_that_say_what_to_do(changes: dict[str, Any], said: str) -> None:
    fault = fault_of(kinds=[a_kind(**changes)])

    assert fault.startswith("agency plugin 'northfield-fire', hook 'alertbus_kinds', ")
    assert said in fault


@pytest.mark.parametrize(
    ("offered", "hook", "said"),
    [
        ({"kinds": [object()]}, "alertbus_kinds", "no AlertKind (expected: alertbus.plugin.AlertKind)"),
        ({"items": [a_kind()]}, "alertbus_items", "no CaseItem"),
        ({"items": [CaseItem("alarm", {**ITEM, "opens": []} | {"within": {"weeks": "some"}})]}, "alertbus_items", "`rule` is not as"),
        ({"patterns": [CasePattern("p", {"kinds": ["ppn"]}, 1, 7, ITEM)]}, "alertbus_patterns", "says within what span several happen"),
    ],
)
def test_items_and_patterns_are_refused_alike(offered: dict[str, Any], hook: str, said: str) -> None:
    fault = fault_of(**offered)

    assert fault.startswith(f"agency plugin 'northfield-fire', hook '{hook}', ")
    assert said in fault


def test_a_clash_names_both_whether_with_another_plugin_or_with_the_bus_itself() -> None:
    assert fault_of(kinds=[a_kind(name="ppn")]) == (
        "the bus's own policy and the agency plugin 'northfield-fire' (package northfield 2.0) both offer a kind named 'ppn'. "
        "Rename what the plugin offers, or uninstall it; your policy file may say otherwise of the bus's own."
    )
    assert "both offer an item or pattern named 'missed_meetings'" in fault_of(items=[CaseItem("missed_meetings", ITEM)])
    with pytest.raises(PluginFault, match="agency plugins 'a' and 'b' both offer a kind named 'fire_visit'"):
        _ = Plugins({"a": offer(kinds=[a_kind()]), "b": offer(kinds=[a_kind()])}).additions
    pattern = CasePattern("alarm", {"kinds": ["ppn"]}, 2, 7, {"title": "t", "within": {"days": 1}, "cite": ["ours"]})
    with pytest.raises(PluginFault, match="'a' and 'b' both offer an item or pattern named 'alarm'"):
        _ = Plugins({"a": offer(items=[CaseItem("alarm", ITEM)]), "b": offer(patterns=[pattern])}).additions


def test_what_a_kind_names_that_this_county_does_not_have_is_a_fault_of_the_policy_that_names_the_plugin() -> None:
    plugins = Plugins({"fire": offer(kinds=[a_kind(rule={**RULE, "roles": {"fire_brigade": ["officer"]}})])})
    with pytest.raises(PolicyFault, match=r"kinds\.fire_visit\.roles: `fire_brigade` is no entry"):
        load_policy(additions=plugins.additions)
    lacking = Plugins({"fire": offer(items=[CaseItem("alarm", {**ITEM, "role": "fitter"})])})
    with pytest.raises(PolicyFault, match=r"items\.alarm: no agency, kind or chain has the role `fitter`"):
        load_policy(additions=lacking.additions)


def test_the_policy_takes_it_over_and_an_operators_file_has_the_last_word_but_for_the_classes(tmp_path: Path) -> None:
    assert (POLICY.kind_rule("fire_visit").title, POLICY.lets_state("housing", "fire_visit")) == ("Smoke alarm was missing", True)
    assert not POLICY.lets_state("school", "fire_visit")
    from importlib.resources import files

    shipped = (files("alertbus.policy") / "default.yaml").read_text()
    own = "\nkinds:\n  fire_visit: {title: Our own words, details: {fire: {uprn: routing}}}\n"
    county = parse_policy(shipped.replace("\nkinds:\n", own), "county", FIRE.additions)

    assert county.kind_rule("fire_visit").title == "Our own words"
    assert county.kind_rule("fire_visit").summary == RULE["summary"]
    assert county.kind_rule("fire_visit").details == POLICY.kind_rule("fire_visit").details
    assert load_policy().kinds.keys() == POLICY.kinds.keys() - {"fire_visit"}, "without the plugin the policy is as it was"


# At the door


def an_alert(kind: str = "fire_visit", **details: Any) -> Alert:
    body = {
        "id": "F-1", "source": "housing", "kind": kind, "occurred_at": START, "recorded_at": START,
        "subjects": [{"person": {"label": "mother"}}], "details": details,
    }  # fmt: skip
    return Alert.model_validate(body)


def door(**changes: Any) -> KindsAtTheDoor:
    return KindsAtTheDoor(Plugins({"fire": offer(kinds=[a_kind(**changes)])}).kinds)


async def test_what_the_model_reads_stands_as_codes_and_what_nobody_classified_stays_beside_it() -> None:
    given = an_alert(fire={"risk": "high", "uprn": "100", "again_on": "2026-02-01"}, mood="tense")

    (read,), faults = await door().read([given], several=False)

    assert faults == []
    assert read.details.by_plugin == {"fire": {"risk": "high", "uprn": "100", "again_on": "2026-02-01"}}
    assert read.details.__pydantic_extra__ == {"mood": "tense"}
    assert Alert.model_validate_json(read.model_dump_json(exclude_defaults=True)) == read


@pytest.mark.parametrize(
    ("details", "paths"),
    [
        ({}, ["details.fire.risk"]),
        ({"fire": {"risk": "middling"}}, ["details.fire.risk"]),
        ({"fire": {"risk": "high", "colour": "red"}}, ["details.fire.colour"]),
        ({"fire": "burning"}, ["details.fire"]),
        ({"fire": {"risk": "high", "uprn": "at the corner", "again_on": "soon"}}, ["details.fire.uprn", "details.fire.again_on"]),
        ({"by_plugin": {"fire": {"risk": "high"}}}, ["details.by_plugin"]),
    ],
)
async def test_every_fault_is_told_with_its_path_and_never_the_value(details: dict[str, Any], paths: list[str]) -> None:
    _, faults = await door().read([an_alert(**details)], several=True)

    assert sorted(fault.path for fault in faults) == sorted(f"alerts[0].{path}" for path in paths)
    assert not any(word in fault.expected for fault in faults for word in ("middling", "corner", "soon", "burning"))


async def test_a_code_with_room_for_a_sentence_is_refused_whatever_the_plugins_pattern_lets_through() -> None:
    class Loose(DetailsSection):
        place: Annotated[str, Sensitivity.OBSERVATION] = Field(pattern="^.*$")
        rooms: Annotated[tuple[Annotated[str, Field(pattern="^.*$")], ...], Sensitivity.OBSERVATION] = ()

    _, faults = await door(details=Loose).read([an_alert(fire={"place": "at the corner", "rooms": ["a", "b c"]})], several=False)

    assert [(fault.path, fault.code) for fault in faults] == [("details.fire.place", "not_a_code"), ("details.fire.rooms", "not_a_code")]


async def test_an_alert_of_another_kind_is_left_as_it_is_and_so_is_a_withdrawal_that_says_nothing() -> None:
    other = an_alert(kind="ppn", fire={"risk": "high"})
    back = an_alert().model_copy(update={"action": Action.WITHDRAWN})

    assert (await door().read([other, back], several=True)) == ([other, back], [])


async def test_a_model_that_breaks_or_hangs_is_the_plugins_fault_and_says_nothing_of_the_family(monkeypatch: pytest.MonkeyPatch) -> None:
    free = threading.Event()

    class Broken(FireVisit):
        @field_validator("uprn")
        @classmethod
        def _breaks(cls, given: str | None) -> str | None:
            if given == "1":
                raise SystemExit(CANARIES[0])
            free.wait()
            return given

    monkeypatch.setattr(kinds_at_the_door, "_LIMIT_S", 0.05)
    broken = door(details=Broken)
    with pytest.raises(PluginFault, match="the model of kind 'fire_visit' raised SystemExit") as fault:
        await broken.read([an_alert(fire={"risk": "low", "uprn": "1"})], several=False)
    assert (CANARIES[0] in str(fault.value), fault.value.__context__) == (False, None)
    for _ in range(4):
        with pytest.raises(PluginFault, match="took too long"):
            await broken.read([an_alert(fire={"risk": "low", "uprn": "2"})], several=False)
    with pytest.raises(PluginFault, match="is not asked any more"):
        await broken.read([an_alert(fire={"risk": "low"})], several=False)
    assert (await broken.read([an_alert(kind="ppn")], several=False))[1] == [], "another kind is not kept waiting"
    free.set()


# What an agency sees


def seen_by(agency: str, **fields: Any) -> dict[str, Any]:
    case, base = a_family(), a_statement("F-1", START, "fire_visit", source="housing")
    details = Details(by_plugin={"fire": {"risk": "high", "uprn": "100", "again_on": "2026-02-01", **fields}})
    statement = base.model_copy(update={"alert": base.alert.model_copy(update={"details": details})})
    body, _ = Bodies(statement, case, POLICY).for_recipient(recipient_of(agency, case, POLICY, START, source="housing"))
    return dict(body.details) | {"withheld": body.withheld}


def test_each_agency_sees_what_its_sector_may_see_field_by_field() -> None:
    assert seen_by("childrens_social_care")["fire"] == {"risk": "high", "uprn": "100", "again_on": "2026-02-01"}
    probation = seen_by("probation")
    assert "uprn" not in probation.get("fire", {})
    assert {"address", "plan"} & set(probation["withheld"])


def test_a_field_that_no_class_is_known_of_any_more_is_shown_to_nobody() -> None:
    """The plugin's next version has dropped it: what stands on the topic is kept, and fails closed."""
    seen = seen_by("childrens_social_care", colour="red")

    assert "colour" not in seen["fire"]
    assert "unclassified" in seen["withheld"]


def test_an_amendment_of_it_is_news_for_the_reducers_and_for_the_reconciler_alike() -> None:
    def said(risk: str) -> AcceptedAlert:
        base = a_statement("F-1", START, "fire_visit", source="housing")
        details = Details(by_plugin={"fire": {"risk": risk}})
        return base.model_copy(update={"alert": base.alert.model_copy(update={"details": details})})

    assert not tells_the_same(said("low"), said("high"))
    assert not says_the_same(bare_statement(said("low")), bare_statement(said("high")))
    assert tells_the_same(said("low"), said("low"))


def test_an_item_of_a_plugin_is_a_rule_like_any_other() -> None:
    plugins = Plugins({"fire": offer(kinds=[a_kind()], items=[CaseItem("alarm", ITEM)])})

    assert load_policy(additions=plugins.additions).items["alarm"].title == "Fit an alarm"
