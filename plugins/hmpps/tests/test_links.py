"""Events that say who is who: both numbers, from where the type puts them, and nobody is told."""

from typing import Any

import pytest
from alertbus_hmpps.links import LINKING
from hypothesis import given
from hypothesis import strategies as st

from alertbus.plugin import PersonMerged, PersonSplit
from plugins.hmpps.tests.messages import case, event, refused, statements

MOVED, MERGED = "prison-offender-events.prisoner.booking.moved", "prison-offender-events.prisoner.merged"
JOINED, PARTED = "probation-case.merge.completed", "probation-case.unmerge.completed"
MATCHED = "probation-case.prison-identifier.added"

NOMS, CRN = st.from_regex(r"[A-Z][0-9]{4}[A-Z]{2}", fullmatch=True), st.from_regex(r"[A-Z][0-9]{6}", fullmatch=True)


def linked(message: object) -> PersonMerged | PersonSplit:
    (one,) = statements(message)
    assert isinstance(one, PersonMerged | PersonSplit)
    return one


def numbers(message: object) -> list[str]:
    return [pointer.identifier.value for pointer in linked(message).people if pointer.identifier]


def about(kind: str, *named: str, **info: Any) -> dict[str, Any]:
    return event(kind, *named, additionalInformation=info)


def test_case_11_two_prison_numbers_that_were_merged_are_one_persons() -> None:
    said = linked(case("11-prison-numbers-merged.json"))

    assert isinstance(said, PersonMerged)
    assert numbers(case("11-prison-numbers-merged.json")) == ["G9345GD", "D3893AE"]
    assert (said.source, said.at.isoformat()) == ("prison.hmpps", "2026-11-20T10:00:00+00:00")


def test_the_reference_may_name_the_number_that_was_removed() -> None:
    swapped = about(MERGED, "D3893AE", nomsNumber="G9345GD", removedNomsNumber="D3893AE", reason="MERGE")

    assert numbers(swapped) == ["G9345GD", "D3893AE"]


def test_case_12_a_crn_and_a_prison_number_that_were_matched_are_one_persons() -> None:
    said = linked(case("12-prison-identifier-added.json"))

    assert isinstance(said, PersonMerged)
    assert [str(pointer.identifier) for pointer in said.people if pointer.identifier]
    assert numbers(case("12-prison-identifier-added.json")) == ["M330675", "B2694EF"]
    assert said.source == "probation.hmpps"


@given(NOMS, NOMS)
def test_a_booking_that_moved_stood_under_both_numbers(old: str, new: str) -> None:
    message = about(MOVED, new, bookingId=7, movedFromNomsNumber=old, movedToNomsNumber=new)
    if old == new:
        assert refused(message) == ["additionalInformation.movedToNomsNumber"]
    else:
        assert (numbers(message), linked(message).source) == ([old, new], "prison.hmpps")


@given(CRN, CRN)
def test_what_probation_joined_it_can_part_again(first: str, second: str) -> None:
    joined = about(JOINED, second, sourceCRN=first, targetCRN=second)
    parted = about(PARTED, second, reactivatedCRN=first, unmergedCRN=second)
    if first == second:
        assert refused(joined) == ["additionalInformation.targetCRN"]
        return

    assert isinstance(linked(joined), PersonMerged)
    assert isinstance(linked(parted), PersonSplit)
    assert numbers(joined) == numbers(parted) == [first, second]
    assert linked(joined).id != linked(parted).id


@pytest.mark.parametrize("kind", LINKING)
def test_two_numbers_are_needed(kind: str) -> None:
    expected = [f"additionalInformation.{name}" for name in LINKING[kind].fields]

    assert refused(about(kind, "A7215DZ")) == (expected or ["personReference.identifiers"])


@pytest.mark.parametrize(
    ("message", "paths"),
    [
        (about(MERGED, nomsNumber="A7215DZ", removedNomsNumber="A7215"), ["additionalInformation.removedNomsNumber"]),
        (about(MERGED, nomsNumber="A7215DZ", removedNomsNumber=7), ["additionalInformation.removedNomsNumber"]),
        (about(MERGED, nomsNumber="A7215DZ", removedNomsNumber="a7215dz"), ["additionalInformation.removedNomsNumber"]),
        (about(MATCHED, "X777978"), ["personReference.identifiers"]),
        (about(MATCHED, "X777978", "A7215DZ", "A4092EA"), [f"personReference.identifiers[{n}].value" for n in (1, 2)]),
        (about(MERGED, nomsNumber="A7215DZ", removedNomsNumber="A4092EA") | {"occurredAt": "soon"}, ["occurredAt"]),
        (about(MERGED, nomsNumber="A7215DZ", removedNomsNumber="A4092EA") | {"version": 2}, ["version"]),
    ],
)
def test_a_link_that_does_not_hold_is_refused_at_its_path(message: object, paths: list[str]) -> None:
    assert refused(message) == paths


def test_a_link_that_is_published_again_is_the_same() -> None:
    first = case("11-prison-numbers-merged.json")

    assert linked(first | {"publishedAt": "2026-11-20T10:00:01Z"}) == linked({"Message": first | {"publishedAt": "2026-11-21T09:00:00Z"}})
