"""Identifiers: every published vector, one canonical form, and no refused value in any error."""

import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from alertbus.model.identifiers import (
    IDENTIFIES_ALONE,
    Identifier,
    IdentifierSystem,
    InvalidIdentifier,
    UnknownIdentifierSystem,
    canonical,
    in_test_range,
    never_issued,
)

VECTORS = json.loads((Path(__file__).parents[1] / "data/identifiers/test-vectors.json").read_text())
SYSTEM_OF = {"nhsNumber": "nhs_number", "prisonNumber": "prison_number"}
SCHEMES = [name for name in VECTORS if name not in {"_note", "workingDays"}]


def _vectors(*lists: str) -> list[Any]:
    return [
        pytest.param(SYSTEM_OF.get(scheme, scheme), value, id=f"{scheme} {kind} {value}")
        for scheme in SCHEMES
        for kind in lists
        for value in VECTORS[scheme].get(kind, ())
    ]


@pytest.mark.parametrize(("system", "value"), _vectors("valid", "validTemporary", "synthetic"))
def test_valid_vector_is_already_in_its_canonical_form(system: str, value: str) -> None:
    assert canonical(system, value, this_year=2026) == (IdentifierSystem(system), value)


@pytest.mark.parametrize(("system", "value"), _vectors("invalid"))
def test_invalid_vector_is_refused_by_its_shape_and_never_repeated(system: str, value: str) -> None:
    with pytest.raises(InvalidIdentifier) as refused:
        canonical(system, value)

    assert refused.value.expected.startswith(IdentifierSystem(system).expected)
    assert value not in str(refused.value)


@pytest.mark.parametrize(
    ("system", "value", "stored"),
    [
        pytest.param(scheme, given_, stored, id=f"{scheme} {given_} is stored as {stored}")
        for scheme in SCHEMES
        for given_, stored in VECTORS[scheme].get("canonicalises", {}).items()
    ]
    + [
        pytest.param("nhs_number", "943 476 5919", "9434765919", id="NHS number with spaces"),
        pytest.param("nhs_number", " 943-476-5919\n", "9434765919", id="NHS number with hyphens"),
        pytest.param("upn", "b801200005001", "B801200005001", id="UPN in lower case"),
        pytest.param("cro", "SF83/050058Z", "SF83/50058Z", id="short-file CRO number with a padded serial"),
        pytest.param("prison_number", "a1234bc", "A1234BC", id="prison number in lower case"),
        pytest.param("uprn", "000015578000", "15578000", id="UPRN with leading zeros"),
        pytest.param("la_child_id", "ab12", "AB12", id="child id in lower case"),
    ],
)
def test_every_form_agencies_send_becomes_the_one_stored(system: str, value: str, stored: str) -> None:
    assert canonical(system, value, this_year=2026) == (IdentifierSystem(system), stored)


@pytest.mark.parametrize(
    ("this_year", "stored"),
    [
        pytest.param(2026, "1981/0000034U", id="81 lies ahead of 2026: last century"),
        pytest.param(2081, "2081/0000034U", id="81 is the year itself: this century"),
        pytest.param(2099, "2081/0000034U", id="81 lies behind 2099: this century"),
    ],
)
def test_two_digit_pnc_year_is_read_by_the_year_given(this_year: int, stored: str) -> None:
    assert canonical("pnc", "81/34U", this_year=this_year)[1] == stored
    read = Identifier.model_validate({"system": "pnc", "value": "81/34U"}, context={"this_year": this_year})
    assert read.value == stored


@pytest.mark.parametrize("authority", ["838", "839", "940", "941", "942", "943"])
def test_upn_of_an_authority_made_after_2011_is_accepted(authority: str) -> None:
    rest = f"{authority}200005001"
    letters = "ABCDEFGHJKLMNPQRTUVWXYZ"

    accepted = [letter for letter in letters if _accepts("upn", letter + rest)]

    assert len(accepted) == 1


@pytest.mark.parametrize(
    ("name", "system"),
    [
        ("NOMS", "prison_number"),
        ("noms", "prison_number"),
        ("nhs", "nhs_number"),
        ("NHS Number", "nhs_number"),
        ("nhs-number", "nhs_number"),
        ("CRN", "crn"),
        ("Pnc", "pnc"),
        ("LAchildID", "la_child_id"),
    ],
)
def test_system_is_known_by_the_names_agencies_use(name: str, system: str) -> None:
    valid = {"prison_number": "A1234BC", "nhs_number": "9434765919", "crn": "X123456", "pnc": "1981/0000034U"}

    assert canonical(name, valid.get(system, "AB12"))[0] is IdentifierSystem(system)


def test_unknown_system_lists_those_known_and_does_not_repeat_what_came() -> None:
    with pytest.raises(UnknownIdentifierSystem) as refused:
        canonical("9434765919", "nhs_number")

    assert str(refused.value) == ("expected one of the systems nhs_number, upn, uln, pnc, cro, prison_number, crn, uprn, la_child_id")


def test_uln_and_nhs_number_in_each_others_field_are_recognised() -> None:
    with pytest.raises(InvalidIdentifier, match="this is a ULN, was it put in the wrong field"):
        canonical("nhs_number", "9276308686")
    with pytest.raises(InvalidIdentifier, match="this is an NHS number, was it put in the wrong field"):
        canonical("uln", "9434765919")


@pytest.mark.parametrize(
    ("system", "value"),
    [
        pytest.param("uprn", "0000", id="UPRN of zeros"),
        pytest.param("uprn", "1234567890123", id="UPRN of 13 digits"),
        pytest.param("nhs_number", "943476591\N{FULLWIDTH DIGIT NINE}", id="a full-width digit"),
        pytest.param("pnc", "2002073319Z", id="long PNC id without slash needs seven digits"),
        pytest.param("la_child_id", "A" * 21, id="child id of 21"),
        pytest.param("la_child_id", "AB/12", id="child id with a slash"),
        pytest.param("upn", "E000200005001", id="UPN of no authority"),
        pytest.param("crn", "", id="empty"),
    ],
)
def test_near_miss_is_refused(system: str, value: str) -> None:
    assert not _accepts(system, value)


def test_every_system_identifies_a_person_alone_but_a_households_and_one_that_two_authorities_may_both_use() -> None:
    assert set(IdentifierSystem) - IDENTIFIES_ALONE == {IdentifierSystem.UPRN, IdentifierSystem.LA_CHILD_ID}


def test_every_system_says_what_it_is_and_what_it_expects() -> None:
    assert all(system.label and system.expected for system in IdentifierSystem)


def test_identifier_is_canonical_frozen_and_equal_by_meaning() -> None:
    one = Identifier.model_validate({"system": "NHS", "value": "943 476 5919"})

    assert one == Identifier(system=IdentifierSystem.NHS_NUMBER, value="9434765919")
    assert one.model_dump(mode="json") == {"system": "nhs_number", "value": "9434765919"}
    assert Identifier.model_validate_json(one.model_dump_json()) == one
    with pytest.raises(ValidationError, match="frozen"):
        one.value = "9449306753"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given_", "where", "kind"),
    [
        ({"system": "nhs_number", "value": "9434765918"}, ("value",), "identifier_invalid"),
        ({"system": "9434765918", "value": "9434765918"}, ("system",), "identifier_system_unknown"),
        ({"system": "nhs_number", "value": 9434765918}, ("value",), "string_type"),
        ({"system": 9434765918, "value": "x"}, ("system",), "enum"),
    ],
)
def test_fault_has_its_path_and_code_and_its_text_never_holds_the_value(
    given_: dict[str, object], where: tuple[str, ...], kind: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Identifier.model_validate(given_)

    assert [(e["loc"], e["type"]) for e in refused.value.errors()] == [(where, kind)]
    assert "9434765918" not in str(refused.value)
    assert "9434765918" not in json.dumps(refused.value.errors(include_input=False))


def test_identifier_within_another_model_keeps_its_path() -> None:
    class Person(BaseModel, hide_input_in_errors=True):
        identifiers: tuple[Identifier, ...]

    with pytest.raises(ValidationError) as refused:
        Person.model_validate({"identifiers": [{"system": "crn", "value": v} for v in ("X123456", "ZYX99")]})

    assert [e["loc"] for e in refused.value.errors()] == [("identifiers", 1, "value")]
    assert "ZYX99" not in str(refused.value)


def test_json_schema_of_an_identifier_names_every_system() -> None:
    schema = Identifier.model_json_schema()

    assert schema["$defs"]["IdentifierSystem"]["enum"] == list(IdentifierSystem)


def _accepts(system: str, value: str) -> bool:
    try:
        canonical(system, value)
    except InvalidIdentifier:
        return False
    return True


ANYTHING = st.text(alphabet=string.ascii_letters + string.digits + "/ -", max_size=14)
POLICE_LIKE = st.from_regex(r"[0-9]{2,4}/?[0-9]{1,7}[A-Z]", fullmatch=True)
VALID = st.sampled_from([p.values for p in _vectors("valid", "validTemporary", "synthetic")])


@given(system=st.sampled_from(list(IdentifierSystem)), value=ANYTHING | POLICE_LIKE | VALID.map(lambda v: v[1]))
def test_canonicalising_twice_changes_nothing(system: str, value: str) -> None:
    try:
        once = canonical(system, value, this_year=2026)
    except InvalidIdentifier:
        return

    assert canonical(*once, this_year=1950) == once


@given(
    number=st.sampled_from(VECTORS["nhsNumber"]["valid"] + VECTORS["nhsNumber"]["synthetic"]),
    at=st.integers(0, 9),
    by=st.integers(1, 9),
)
def test_any_one_digit_changed_makes_an_nhs_number_invalid(number: str, at: int, by: int) -> None:
    changed = number[:at] + str((int(number[at]) + by) % 10) + number[at + 1 :]

    assert not _accepts("nhs_number", changed)


@given(
    system=st.sampled_from(list(IdentifierSystem)) | st.text(max_size=20),
    value=st.text(alphabet=string.ascii_letters + string.digits, min_size=6, max_size=24),
)
def test_no_error_repeats_the_value(system: str, value: str) -> None:
    with pytest.raises(InvalidIdentifier) as refused:
        canonical(system, f"~{value}")  # a tilde belongs to no identifier

    assert f"~{value}" not in str(refused.value)
    assert f"~{value}" not in repr(refused.value)
    assert refused.value.__cause__ is None


# Numbers that nobody was issued.


@pytest.mark.parametrize(
    ("system", "value"),
    [
        *(("nhs_number", digit * 10) for digit in string.digits if digit != "2"),  # its check digit is right, its day of birth is not
        ("crn", "X000000"),
        ("prison_number", "A0000AA"),
        ("pnc", "1981/0000000G"),
        ("pnc", "81/0G"),
        ("cro", "000000/81C"),
        ("upn", "M801200005000"),
    ],
)
def test_a_number_written_for_want_of_one_was_never_issued(system: str, value: str) -> None:
    assert never_issued(*canonical(system, value, this_year=2026))


@pytest.mark.parametrize(("system", "value"), _vectors("valid", "validTemporary", "synthetic"))
def test_a_vector_may_have_been_issued(system: str, value: str) -> None:
    assert never_issued(IdentifierSystem(system), value) is (value == "9999999999")


@pytest.mark.parametrize(("value", "test"), [("9434765919", True), ("9999999999", True), ("4010232137", False)])
def test_nhs_numbers_from_nine_hundred_million_are_for_tests(value: str, *, test: bool) -> None:
    assert in_test_range(IdentifierSystem.NHS_NUMBER, value) is test
