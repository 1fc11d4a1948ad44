"""A case id tells nothing of anybody: it is a key, a header and part of an address."""

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.intake.case_ids import fault_of_id
from alertbus.model.case import Case


def case(case_id: str, **person: Any) -> Case:
    return Case.model_validate({"id": case_id, "people": [{"key": "m"} | person]})


ADA = {"name": {"given": "Ada", "family": "O'Quagmire-Zebulon"}, "born": "1987-05-17"}


@pytest.mark.parametrize(
    ("case_id", "holds"),
    [
        ("9434765919", "an NHS number"),
        ("943-476-5919", "an NHS number"),
        ("case-9434765919", "an NHS number"),
        ("X123456", "a probation CRN"),
        ("A1234BC", "a prison"),
        ("NN2-2BB", "a postcode"),
        ("sw1a2aa", "a postcode"),
        ("quagmire", "a name"),
        ("Zebulon-2", "a name"),
        ("thequagmires", "a name"),
        ("oquagmire-north", "a name"),
        ("north.ada", "a name"),
        ("19870517-1", "the birthday"),
        ("c-17051987", "the birthday"),
    ],
)
def test_an_id_that_tells_of_somebody_is_refused_and_not_repeated(case_id: str, holds: str) -> None:
    fault = fault_of_id(case(case_id, **ADA))

    assert fault is not None
    assert (fault.path, fault.code, holds in fault.expected) == ("id", "id_tells", True)
    assert case_id not in fault.expected


def test_a_number_of_somebody_on_the_case_is_refused_wherever_it_stands_in_the_id() -> None:
    numbers = [{"system": "crn", "value": "X123456"}]

    assert fault_of_id(case("north-x123456-b", identifiers=numbers)) is not None
    assert fault_of_id(case("north-x123457-b", identifiers=numbers)) is None


@pytest.mark.parametrize("case_id", ["child-bi", "family-1", "c1", "own103b", "adac0de5", "north-2026-0017", "alertbus-watchdog", "one-5"])
def test_a_code_is_an_id(case_id: str) -> None:
    assert fault_of_id(case(case_id, **ADA)) is None


@given(st.uuids(version=4))
def test_the_buss_own_ids_are_never_refused(found: uuid.UUID) -> None:
    assert fault_of_id(case(str(found), name={"given": "Abe", "family": "Dee"})) is None
