"""Pydantic's errors in our own words: every fault with its path, no value found, and one place that does it."""

import json
import re
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from alertbus.gateway.bodies import DEEPEST, read, read_data
from alertbus.model.alert import Alert
from alertbus.model.errors import Fault, InvalidInput
from alertbus.model.validation import faults_of, join, path_of
from alertbus.plugin.testing import sample_alert

ROOT = Path(__file__).parents[2]
CANARY = "Zebulon-Quagmire-1987"


class Colour(StrEnum):
    RED = "red"


class Leaf(BaseModel):
    model_config = ConfigDict(extra="forbid")

    colour: Colour = Colour.RED
    when: date | datetime | None = None
    size: int = Field(1, le=9)

    @model_validator(mode="after")
    def _rule(self) -> "Leaf":
        if self.size == 7:
            raise ValueError("colour, size: not seven\nwhen: not then\nno place at all")
        return self


class Tree(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    leaves: list[Leaf] = []
    by_name: dict[str, Leaf] = {}


def found_in(data: Any, **options: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(ValidationError) as error:
        Tree.model_validate_json(json.dumps(data))
    return [(f.path, f.expected, f.code) for f in faults_of(error.value, data, **options)]


def test_every_fault_has_its_path_and_what_was_expected_there() -> None:
    assert found_in({"leaves": [{}, {"colour": CANARY, "size": 10}], "zed": 1}) == [
        ("name", "a value: this field is required", "missing"),
        ("leaves[1].colour", "'red'", "enum"),
        ("leaves[1].size", "less than or equal to 9", "less_than_equal"),
        ("zed", "no field of this name", "extra_forbidden"),
    ]


def test_two_branches_of_one_field_are_one_fault() -> None:
    assert found_in({"name": "", "leaves": [{"when": CANARY}]}) == [
        ("leaves[0].when", "a date (YYYY-MM-DD), or a moment with its offset", "date_or_datetime")
    ]


def test_a_rule_of_ours_names_its_places_and_may_say_several_things() -> None:
    assert found_in({"name": "", "leaves": [{"size": 7}]}) == [
        ("leaves[0].colour", "not seven", "inconsistent"),
        ("leaves[0].size", "not seven", "inconsistent"),
        ("leaves[0].when", "not then", "inconsistent"),
        ("leaves[0]", "no place at all", "inconsistent"),
    ]


def test_a_name_that_may_be_a_persons_is_repeated_only_from_a_file_of_our_own() -> None:
    wrong = {"name": "", "by_name": {CANARY: {"size": 10}}}

    assert [path for path, _, _ in found_in(wrong)] == ["by_name.?.size"]
    assert [path for path, _, _ in found_in(wrong, trusted=True)] == [f"by_name.{CANARY}.size"]


def test_a_prefix_goes_before_every_path() -> None:
    assert [path for path, _, _ in found_in({"leaves": [1]}, prefix="[3]")] == ["[3].name", "[3].leaves[0]"]
    assert (join("", "a"), join("a", ""), join("a", "[0]"), join("a", "b")) == ("a", "a", "a[0]", "a.b")
    assert path_of(("a", 0, "A1234BC")) == "a[0].?"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.just(CANARY),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just(CANARY), inner, max_size=2),
    max_leaves=4,
)


def refusal(data: Any) -> InvalidInput | None:
    try:
        read(Alert, json.dumps(data).encode())
    except InvalidInput as refused:
        return refused
    return None


@given(st.sampled_from(sorted(Alert.model_fields)), json_values)
def test_no_fault_of_an_alert_repeats_what_was_found(field: str, value: Any) -> None:
    data = json.loads(sample_alert().model_dump_json()) | {field: value}

    refused = refusal(data)

    assert CANARY not in str(refused) + repr(refused and refused.faults)
    assert refused is None or all(fault.expected for fault in refused.faults)


def test_what_no_schema_sees_is_found_with_its_path() -> None:
    class Free(BaseModel):
        model_config = ConfigDict(extra="allow")

    def wrong(data: Any) -> list[Fault]:
        with pytest.raises(InvalidInput) as refused:
            read_data(Free, data, prefix="data")
        return list(refused.value.faults)

    moment = ("a date or moment as text, such as 2020-11-18T15:00:00Z", "datetime_type")
    text = ("text without the character U+0000", "control_character")
    assert wrong({"a": [{"born": 5}, {"born": "19800101"}], "x": ["\0"]}) == [
        Fault("data.a[0].born", *moment),
        Fault("data.a[1].born", *moment),
        Fault("data.x[0]", *text),
    ]
    assert wrong({"b": {"\0": 1}}) == [Fault("data.b", "names without the character U+0000", "control_character")]
    assert wrong({"details": {"release": {"date": 5}, "at": 5}}) == [Fault("data.details.release.date", *moment)]


names = st.sampled_from(["born", "at", "details", "x", "\0"])
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["1980", "-1.5", "2020-01-01", "\0", "x"])
)
anything = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=12)


def codes_of(data: Any, name: str = "", depth: int = 0) -> set[str]:
    """What is wrong in the data whatever its schema says, told in the plainest way."""
    if isinstance(data, dict | list) and depth == DEEPEST:
        return {"nested_too_deeply"}
    if isinstance(data, dict):
        inside = [codes_of(value, key, depth + 1) for key, value in data.items()]
        return {"control_character" for key in data if "\0" in key}.union(*inside)
    if isinstance(data, list):
        return set().union(*(codes_of(value, "", depth + 1) for value in data))
    if name in {"born", "at"} and (isinstance(data, int | float) or data in {"1980", "-1.5"}):
        return {"datetime_type"}
    if isinstance(data, int | float):
        return set() if -(2**63) <= data <= 2**64 - 1 else {"number_too_large"}
    return {"control_character"} if data == "\0" else set()


@given(anything, st.integers(0, DEEPEST + 2))
def test_whatever_is_stated_what_no_schema_sees_is_found(data: Any, around: int) -> None:
    class Free(BaseModel):
        model_config = ConfigDict(extra="allow")

    for _ in range(around):
        data = [data]
    body = json.dumps({"inside": data}).encode()
    found = set()
    try:
        read(Free, body)
    except InvalidInput as refused:
        found = {fault.code for fault in refused.faults}

    assert found == codes_of({"inside": data})


def test_one_module_puts_pydantics_errors_into_words() -> None:
    asking = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "alertbus").rglob("*.py")
        if re.search(r"\.errors\(", path.read_text(encoding="utf-8"))
    }

    assert asking == {
        "alertbus/model/validation.py",
        "alertbus/gateway/problems.py",  # hands FastAPI's on to it
        "alertbus/settings.py",  # speaks in the words of each setting's description
        "alertbus/plugin/transport_checks.py",  # so does this, of the settings of a plugin's channel
    }
