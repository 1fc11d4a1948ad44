"""How far two statements agree, field by field: each level has its example, and none depends on which statement comes first."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.directory.agreement import Agreement, births_agree, names_agree, places_agree
from alertbus.directory.evidence_weights import BORN, FAMILY, GIVEN, PLACE
from alertbus.directory.spelling import one_slip, shared_pairs, spelled_alike
from alertbus.model.person import Address, Name

WORDS = st.text(alphabet="abcमीनोा ", max_size=8)


# Spelling.


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [("martha", "marhta", 0.961), ("dwayne", "duane", 0.840), ("dixon", "dicksonx", 0.813), ("abc", "xyz", 0.0), ("", "", 1.0)],
)
def test_the_likeness_of_published_examples(one: str, other: str, likeness: float) -> None:
    assert spelled_alike(one, other) == pytest.approx(likeness, abs=0.0005)


@given(WORDS, WORDS)
def test_likeness_has_no_direction_and_stays_within_its_bounds(one: str, other: str) -> None:
    for measure in (spelled_alike, shared_pairs):
        assert measure(one, other) == measure(other, one)
        assert 0 <= measure(one, other) <= 1
    assert one_slip(one, other) is one_slip(other, one)


@given(st.text(alphabet="abcd", min_size=2, max_size=8), st.data())
def test_one_letter_more_or_two_exchanged_is_one_slip(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 2))

    assert one_slip(word, word[:at] + "x" + word[at:])
    assert one_slip(word, word[:at] + "x" + word[at + 1 :])
    assert one_slip(word, word[:at] + word[at + 1] + word[at] + word[at + 2 :]) is (word[at] != word[at + 1])
    assert not one_slip(word, word)
    assert not one_slip(word, "xy" + word)


# Levels.


@pytest.mark.parametrize(
    ("one", "other", "levels"),
    [
        (("Olena", "Shaw"), ("OLENA", "shaw"), ("SAME", "SAME")),
        (("Siân", "O'Brien"), ("Sian", "Obrien"), ("WRITTEN", "WRITTEN")),
        (("William", "Shaw-Ali"), ("Bill", "Ali"), ("FORM", "FORM")),
        (("Anna Maria", "Shaw"), ("Anna", "Shaw"), ("FORM", "SAME")),
        (("Katarzyna", "Nowak"), ("Katarzina", "Nowack"), ("ALIKE", "ALIKE")),
        (("Rhys", "Owen"), ("Owen", "Rhys"), ("SWAPPED", "UNKNOWN")),
        (("Samuel", "Kowalczyk"), ("Kowalczik", "Samuel"), ("SWAPPED", "UNKNOWN")),
        (("Amara", "Shaw"), ("Chidi", "Eze"), ("DIFFERENT", "DIFFERENT")),
        ((None, "Shaw"), ("Chidi", "Shaw"), ("UNKNOWN", "SAME")),
        (("मीना", "शर्मा"), ("मोना", "शर्मा"), ("ALIKE", "SAME")),
    ],
)
def test_names(one: tuple[str | None, str], other: tuple[str | None, str], levels: tuple[str, str]) -> None:
    first, second = (Name(given=given_, family=family) for given_, family in (one, other))

    assert names_agree(first, second) == names_agree(second, first) == (Agreement[levels[0]], Agreement[levels[1]])


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("2015-03-12", "2015-03-12", "SAME"),
        ("2015-03-12", "2015-12-03", "DAY_AND_MONTH"),
        ("2015-03-12", "2015-03-21", "PART"),
        ("2015-03-12", "2013-03-12", "PART"),
        ("2015-03-12", "2009-08-30", "DIFFERENT"),
    ],
)
def test_dates_of_birth(one: str, other: str, level: str) -> None:
    first, second = date.fromisoformat(one), date.fromisoformat(other)

    assert births_agree(first, second) is births_agree(second, first) is Agreement[level]


def test_a_day_written_for_want_of_one_says_the_year_alone() -> None:
    assert births_agree(date(2015, 1, 1), date(2015, 8, 30), not_known=(True, False)) is Agreement.YEAR
    assert births_agree(date(2015, 1, 1), date(2015, 1, 1), not_known=(True, True)) is Agreement.YEAR
    assert births_agree(date(2015, 1, 1), date(2012, 8, 30), not_known=(True, False)) is Agreement.DIFFERENT


def _address(line: str | None = None, postcode: str | None = None, uprn: str | None = None) -> Address:
    return Address(lines=(line,) if line else (), postcode=postcode, uprn=uprn)


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        (_address(uprn="10003000001"), _address(uprn="010003000001", postcode="NN2 2BB"), "SAME"),
        (_address("1 High Street", "NN2 2BB"), _address("1, high street", "nn22bb"), "SAME"),
        (_address("1 High Street", "NN2 2BB"), _address("1 Hihg Sterete", "NN2 2BB"), "ALIKE"),
        (_address("1 High Street", "NN2 2BB"), _address("1 High Street", "NN2 2BD"), "ALIKE"),
        (_address("1 High Street", "NN2 2BB"), _address("2 High Street", "NN2 2BB"), "STREET"),
        (_address("1 High Street", "NN2 2BB"), _address("1 High Street", "EX4 9QQ"), "LINES"),
        (_address("1 High Street", "NN2 2BB"), _address("7 Mill Lane", "NN2 2BB"), "NEIGHBOUR"),
        (_address("1 High Street", "NN2 2BB"), _address(None, "NN2 2BB"), "POSTCODE"),
        (_address("1 High Street", "NN2 2BB"), _address("7 Mill Lane", "EX4 9QQ"), "DIFFERENT"),
        (_address("1 High Street"), _address(None, "NN2 2BB"), "UNKNOWN"),
        (_address(uprn="0"), _address(uprn="00"), "UNKNOWN"),
    ],
)
def test_places(one: Address, other: Address, level: str) -> None:
    assert places_agree([one], [other]) is places_agree([other], [one]) is Agreement[level]


def test_the_best_pair_of_addresses_counts() -> None:
    before, now = _address("1 High Street", "NN2 2BB"), _address("7 Mill Lane", "EX4 9QQ")

    assert places_agree([before, now], [now]) is Agreement.SAME
    assert places_agree([], [now]) is Agreement.UNKNOWN


def test_every_level_that_a_field_can_have_has_a_weight_and_agreement_is_worth_more_than_difference() -> None:
    for weights in (GIVEN, FAMILY, BORN, PLACE):
        assert weights[Agreement.UNKNOWN] == 0
        assert weights[Agreement.DIFFERENT] == min(weights.values()) < 0 < weights[Agreement.SAME]
