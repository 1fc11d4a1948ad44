"""Comparing people: numbers join and contradict, an exact name joins only where it proves something, and a likeness only proposes."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.directory.comparing import MOST_BLOCKS, ONE_NUMBER, blocks, compare, exact_marks, strong_marks
from alertbus.model.identifiers import IDENTIFIES_ALONE
from alertbus.model.person import Person
from alertbus.policy.identity_rules import IdentityRules
from alertbus.policy.load import load_policy

RULES = load_policy().identity
NHS = ("9434765919", "9845990290", "9803775502", "9832497728")


def person(given_: str | None = None, family: str | None = None, born: str | None = None, **more: Any) -> Person:
    """Somebody with a name and a birthday; `postcode` and `nhs` may be given beside what a person has."""
    if postcode := more.pop("postcode", None):
        more["addresses"] = [{"postcode": postcode}]
    if nhs := more.pop("nhs", None):
        more["identifiers"] = [{"system": "nhs_number", "value": nhs}]
    return Person.model_validate({"name": {"given": given_, "family": family}, "born": born, **more})


OLENA = person("Olena", "Kovalenko", "2015-03-14", postcode="NN2 2BB")


# Numbers.


def test_numbers_that_identify_alone_are_strong_marks_and_others_are_not() -> None:
    somebody = person(
        identifiers=[
            {"system": "nhs_number", "value": "943 476 5919"},
            {"system": "crn", "value": "X123456"},
            {"system": "uprn", "value": "10003000001"},
            {"system": "la_child_id", "value": "4711"},
        ]
    )

    assert strong_marks(somebody) == {("nhs_number", "9434765919"), ("crn", "X123456")}


@pytest.mark.parametrize(
    ("system", "value"),
    [
        ("nhs_number", "9999999999"),
        ("nhs_number", "0000000000"),
        ("nhs_number", "1111111111"),
        ("crn", "X000000"),
        ("prison_number", "A0000AA"),
        ("pnc", "1981/0000000G"),
    ],
)
def test_a_number_that_nobody_was_issued_neither_joins_nor_contradicts(system: str, value: str) -> None:
    said = person(identifiers=[{"system": system, "value": value}])
    other = person(identifiers=[{"system": "nhs_number", "value": NHS[0]}, {"system": "crn", "value": "X123456"}])

    assert said.identifiers[0].value == value
    assert strong_marks(said) == frozenset()
    assert compare(said, other, RULES).contradicts == ()


def test_numbers_of_a_test_range_count_unless_the_policy_says_no() -> None:
    real = RULES.model_copy(update={"test_ranges_count": False})
    one, other = person(nhs=NHS[0]), person(nhs=NHS[1])

    assert strong_marks(one, RULES) == strong_marks(one) == {("nhs_number", NHS[0])}
    assert strong_marks(one, real) == frozenset()
    assert compare(one, other, RULES).contradicts == ("nhs_number",)
    assert compare(one, other, real).contradicts == ()


def test_one_number_a_person_is_a_part_of_what_identifies_alone() -> None:
    assert ONE_NUMBER < IDENTIFIES_ALONE


def test_two_men_with_one_name_birthday_and_hostel_and_two_numbers_contradict() -> None:
    first = person("Mohammed", "Ali", "1990-01-01", postcode="NN1 1AA", nhs="9959195651")
    second = person("Mohammed", "Ali", "1990-01-01", postcode="NN1 1AA", nhs="9299746958")

    compared = compare(first, second, RULES)

    assert compared.contradicts == ("nhs_number",)
    assert compared.proposes
    assert "NHS number: different" in compared.differs
    assert exact_marks(first, RULES) == frozenset()


def test_newborn_twins_not_yet_named_are_two_children() -> None:
    home = {"addresses": [{"lines": ["1 High St"], "postcode": "NN2 2BB"}]}
    first, second = (person("Baby", "Okafor", "2026-11-02", nhs=number, **home) for number in (NHS[2], NHS[3]))

    assert compare(first, second, RULES).contradicts == ("nhs_number",)
    assert strong_marks(first).isdisjoint(strong_marks(second))
    assert exact_marks(first, RULES) == exact_marks(second, RULES) == frozenset()


def test_one_shared_number_is_enough_where_somebody_has_two() -> None:
    both = person(identifiers=[{"system": "crn", "value": "X123456"}, {"system": "crn", "value": "X123457"}])
    one = person(identifiers=[{"system": "crn", "value": "X123457"}])

    compared = compare(both, one, RULES)

    assert compared.contradicts == ()
    assert compared.agrees == ("Probation case reference: same",)


# Exact marks.


def test_the_same_exact_name_birthday_and_place_is_one_mark_for_each_place() -> None:
    moved = person("OLENA", "kovalenko", "2015-03-14", addresses=[{"postcode": "nn2 2bb"}, {"uprn": "010003000001", "postcode": "LE4 6AA"}])

    assert len(exact_marks(moved, RULES)) == 3
    assert exact_marks(moved, RULES) & exact_marks(OLENA, RULES)


@pytest.mark.parametrize(
    "somebody",
    [
        pytest.param(person("Baby", "Okafor", "2026-11-02", postcode="NN2 2BB"), id="baby"),
        pytest.param(person("Baby girl", "Okafor", "2026-11-02", postcode="NN2 2BB"), id="baby girl"),
        pytest.param(person("2nd twin", "Okafor", "2026-11-02", postcode="NN2 2BB"), id="second twin"),
        pytest.param(person("Babygirl", "Okafor", "2026-11-02", postcode="NN2 2BB"), id="baby girl in one word"),
        pytest.param(person("TWIN1", "Okafor", "2026-11-02", postcode="NN2 2BB"), id="twin"),
        pytest.param(person("Infant of Ada", "Okafor", "2026-11-02", postcode="NN2 2BB"), id="infant of"),
        pytest.param(person("B/O Ada", "Okafor", "2026-11-02", postcode="NN2 2BB"), id="baby of, shortened"),
        pytest.param(person("Unknown", "Okafor", "2015-03-14", postcode="NN2 2BB"), id="unknown"),
        pytest.param(person("J", "Okafor", "2015-03-14", postcode="NN2 2BB"), id="an initial, which twins share"),
        pytest.param(person("?", "Okafor", "2015-03-14", postcode="NN2 2BB"), id="no letter"),
        pytest.param(person("Ada", "Not known", "2015-03-14", postcode="NN2 2BB"), id="family name not known"),
        pytest.param(person("Ada", "Okafor", "2015-01-01", postcode="NN2 2BB"), id="default birthday"),
        pytest.param(person("Ada", "Okafor", "2015-03-14", postcode="ZZ99 3VZ"), id="no fixed abode"),
        pytest.param(person("Ada", "Okafor", "2015-03-14", postcode="unknown"), id="a word for a postcode"),
        pytest.param(person("Ada", "Okafor", "2015-03-14", addresses=[{"uprn": "000"}]), id="a UPRN of zeros"),
        pytest.param(person("Ada", "Okafor", "2015-03-14", addresses=[{"lines": ["1 High St"]}]), id="lines alone"),
        pytest.param(person("Ada", "Okafor", None, postcode="NN2 2BB"), id="no birthday"),
        pytest.param(person("Ada", None, "2015-03-14", postcode="NN2 2BB"), id="no family name"),
        pytest.param(person(None, "Okafor", "2015-03-14", postcode="NN2 2BB"), id="no given name"),
    ],
)
def test_what_proves_nothing_gives_no_exact_mark(somebody: Person) -> None:
    assert exact_marks(somebody, RULES) == frozenset()


def test_a_name_that_is_one_letter_in_its_script_is_a_name() -> None:
    assert exact_marks(person("伟", "王", "2015-03-14", postcode="NN2 2BB"), RULES)


@pytest.mark.parametrize("rule", [{"shared_postcodes": frozenset({"nn1 1aa"})}, {"shared_uprns": frozenset({"010003000001"})}])
def test_an_address_that_many_share_gives_no_exact_mark(rule: dict[str, frozenset[str]]) -> None:
    hostel = person("Ada", "Okafor", "1995-03-14", addresses=[{"uprn": "10003000001", "postcode": "NN1 1AA"}])

    assert len(exact_marks(hostel, RULES)) == 2
    assert exact_marks(hostel, RULES.model_copy(update=rule)) == frozenset()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("मीना", "शर्मा"), ("मोना", "शर्मा")),
        (("Anna-Maria", "Kovalenko"), ("Anna Maria", "Kovalenko")),
        (("Siân", "Rhys"), ("Sian", "Rhys")),
        (("Bill", "Rhys"), ("William", "Rhys")),
        (("Rhys", "Owen"), ("Owen", "Rhys")),
    ],
)
def test_what_the_comparison_forgives_is_proposed_and_never_joined(one: tuple[str, str], other: tuple[str, str]) -> None:
    first, second = (person(*name, "2015-03-14", postcode="NN2 2BB") for name in (one, other))

    assert not exact_marks(first, RULES) & exact_marks(second, RULES)
    assert compare(first, second, RULES).proposes


# Proposals.


def test_twins_are_put_to_a_person() -> None:
    home = {"addresses": [{"lines": ["1 High Street"], "postcode": "NN2 2BB"}]}
    compared = compare(person("Amara", "Okafor", "2015-03-14", **home), person("Chidi", "Okafor", "2015-03-14", **home), RULES)

    assert compared.proposes
    assert compared.differs == ("given name: different",)


def test_a_brother_and_a_sister_are_not_taken_for_one() -> None:
    home = {"addresses": [{"lines": ["1 High Street"], "postcode": "NN2 2BB"}]}

    assert not compare(person("Amara", "Okafor", "2015-03-14", **home), person("Chidi", "Okafor", "2012-09-02", **home), RULES).proposes


@pytest.mark.parametrize("later", ["Baby", "Amara"])
def test_a_baby_is_proposed_as_the_child_with_the_name_that_came_later(later: str) -> None:
    home = {"addresses": [{"lines": ["1 High Street"], "postcode": "NN2 2BB"}]}
    compared = compare(person("Baby", "Okafor", "2026-11-02", **home), person(later, "Okafor", "2026-11-02", **home), RULES)

    assert compared.proposes
    assert not any(words.startswith("given name") for words in (*compared.agrees, *compared.differs))


def test_two_people_of_whom_neither_name_is_known_have_nothing_in_common() -> None:
    nobody = person("Unknown", "Unknown", addresses=[{"postcode": "NN2 2BB"}])

    assert not compare(nobody, nobody, RULES).proposes


def test_a_common_name_alone_is_not_proposed() -> None:
    assert not compare(person("Mohammed", "Ali"), person("Mohammed", "Ali"), RULES).proposes


def test_somebody_who_has_moved_is_proposed() -> None:
    assert compare(OLENA, person("Olena", "Kovalenko", "2015-03-14", postcode="EX1 1AA"), RULES).proposes


def test_the_screen_is_told_in_words_and_never_a_value() -> None:
    other = person("Kovalenko", "Olena", "2015-03-14", postcode="LE4 6AA", nhs=NHS[0])

    compared = compare(OLENA, other, RULES)

    assert compared.agrees == ("given name: swapped with the family name", "date of birth: same")
    assert compared.differs == ("address: different",)


# Laws.

NAMES = st.sampled_from(
    ["Olena", "Ólena", "Olen", "Baby", "मीना", "मोना", "Bill", "William", "O'Brien", "Obrien", "Smith-Jones", "Jones", "J", "?"]
)
PLACES = st.fixed_dictionaries(
    {},
    optional={
        "postcode": st.sampled_from(["NN2 2BB", "nn22bb", "NN2 2BC", "ZZ99 3VZ", "LE4 6AA"]),
        "uprn": st.sampled_from(["10003000001", "010003000001", "10003000002"]),
        "lines": st.sampled_from([["1 High Street"], ["2 High Street"], ["1 High St"], ["Flat 3", "9 Mill Lane"]]),
    },
)
NUMBERS = st.one_of(
    st.fixed_dictionaries({"system": st.just("nhs_number"), "value": st.sampled_from([*NHS, "9999999999"])}),
    st.fixed_dictionaries({"system": st.just("crn"), "value": st.sampled_from(["X123456", "X123457", "X000000"])}),
)
PEOPLE = st.builds(
    lambda given_, family, born, places, numbers: person(given_, family, born, addresses=places, identifiers=numbers),
    st.none() | NAMES,
    st.none() | NAMES,
    st.sampled_from([None, "2015-03-14", "2015-03-12", "2015-12-03", "2015-01-01", "1990-01-01"]),
    st.lists(PLACES, max_size=3),
    st.lists(NUMBERS, max_size=3),
)


@given(PEOPLE, PEOPLE)
def test_it_does_not_matter_who_is_compared_with_whom(one: Person, other: Person) -> None:
    assert compare(one, other, RULES) == compare(other, one, RULES)


@given(PEOPLE, PEOPLE)
def test_whom_exact_marks_join_a_comparison_proposes_and_an_index_finds(one: Person, other: Person) -> None:
    if exact_marks(one, RULES) & exact_marks(other, RULES):
        assert compare(one, other, RULES).proposes
        assert blocks(one) & blocks(other)


@given(PEOPLE, PEOPLE)
def test_people_who_share_a_number_of_a_system_do_not_contradict_in_it(one: Person, other: Person) -> None:
    shared = {system for system, _ in strong_marks(one) & strong_marks(other)}

    assert shared.isdisjoint(compare(one, other, RULES).contradicts)


@given(PEOPLE)
def test_a_person_costs_few_look_ups(somebody: Person) -> None:
    assert len(blocks(somebody)) <= MOST_BLOCKS


@given(PEOPLE)
def test_nothing_contradicts_itself(somebody: Person) -> None:
    assert compare(somebody, somebody, RULES).contradicts == ()


# The rules in the policy.


def test_a_policy_that_says_nothing_of_identity_has_the_rules_shipped() -> None:
    assert IdentityRules() == RULES


def test_a_default_birthday_may_be_one_day_of_one_year() -> None:
    rules = IdentityRules(default_birthdays=frozenset({"1900-02-03"}))

    assert rules.default_birthday("1900-02-03")
    assert not rules.default_birthday("1901-02-03")


def test_a_doubt_has_a_clock() -> None:
    assert timedelta(0) < RULES.limit <= timedelta(days=1)
