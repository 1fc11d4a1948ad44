# ruff: noqa: RUF001  full-width letters and typographic apostrophes are what is tested
"""Who is named in free text: which marks of a text and of a person on a case file meet, and which must not (NOT-17)."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.directory.said_in_text import marks_said, spoken_marks
from alertbus.model.identifiers import Identifier, IdentifierSystem
from alertbus.model.person import Address, Name, Person, exact_form
from alertbus.model.screening import Clue
from alertbus.policy.identity_rules import IdentityRules

RULES = IdentityRules()
NHS = "9434765919"


def person(given_: str, family: str, *addresses: Address) -> Person:
    return Person(name=Name(given=given_, family=family), born=date(1990, 5, 2), addresses=addresses)


def met(text: str, who: Person) -> set[Clue]:
    said = marks_said([("narrative[0]", text)])
    return {said[mark][0] for mark in spoken_marks(who, RULES) if mark in said}


@pytest.mark.parametrize(
    "text",
    [
        "She said that Wrenna Quillfeather was there.",
        "QUILLFEATHER, Wrenna (mother)",
        "wrenna quillfeather's boy",
        "Wrenna  \u200bQuillfeather",
        "Ｗｒｅｎｎａ　Ｑｕｉｌｌｆｅａｔｈｅｒ",
        "met\nWrenna\nQuillfeather",
    ],
)
def test_not_17_a_name_is_found_however_it_is_typed(text: str) -> None:
    assert met(text, person("Wrenna", "Quillfeather")) == {Clue.NAME}


@pytest.mark.parametrize(
    ("text", "given_", "family"),
    [
        ("Kate Moss-Vale called", "Catherine", "Moss Vale"),
        ("it was Sian O’Brien", "Siân", "O'Brien"),
        ("Mary Ann Tull and her child", "Mary Ann", "Tull"),
        ("with Zeb van Dyke today", "Zeb", "van Dyke"),
        ("it was Jose\u0301 Arana", "José", "Arana"),
        ("王 小明 was there", "小明", "王"),
    ],
)
def test_not_17_a_name_is_found_by_the_forms_that_people_are_called_by(text: str, given_: str, family: str) -> None:
    assert met(text, person(given_, family)) == {Clue.NAME}


@pytest.mark.parametrize("text", ["Wrenna was there.", "Quillfeather Lane", "a wren and a quill feather", "", "Wrenna. The Quillfeathers"])
def test_half_a_name_names_nobody(text: str) -> None:
    assert met(text, person("Wrenna", "Quillfeather")) == set()


def test_a_name_that_is_nobodys_is_looked_for_by_nobody() -> None:
    assert spoken_marks(person("Baby", "Quillfeather"), RULES) == frozenset()
    assert spoken_marks(person("Unknown", "Unknown"), RULES) == frozenset()


@pytest.mark.parametrize(
    ("text", "clues"),
    [
        ("at 14 Mill Lane last night", {Clue.ADDRESS}),
        ("Flat 2, 14 MILL LANE", {Clue.ADDRESS}),
        ("lives in NN15 7QZ", {Clue.POSTCODE}),
        ("lives in nn157qz.", {Clue.POSTCODE}),
        ("lives in NN15-7QZ", {Clue.POSTCODE}),
        ("at 15 Mill Lane, NN15 7QY", set()),
    ],
)
def test_not_17_a_place_is_found_by_its_postcode_or_its_number_and_street(text: str, clues: set[Clue]) -> None:
    there = person("Wrenna", "Quillfeather", Address(lines=("Flat 2, 14 Mill Lane", "Corby"), postcode="NN15 7QZ"))

    assert met(text, there) == clues


def test_a_place_that_many_share_is_nobodys() -> None:
    rules = IdentityRules(shared_postcodes=frozenset({"NN15 7QZ"}))
    there = person("Wrenna", "Quillfeather", Address(lines=("14 Mill Lane",), postcode="NN15 7QZ"))

    assert spoken_marks(there, rules) == spoken_marks(person("Wrenna", "Quillfeather"), rules)


@pytest.mark.parametrize(
    ("system", "value", "written"),
    [
        ("nhs_number", NHS, "NHS no. 943 476 5919."),
        ("nhs_number", NHS, f"({NHS})"),
        ("nhs_number", NHS, "943-476-5919"),
        ("nhs_number", NHS, "９４３ ４７６ ５９１９"),
        ("pnc", "2012/0052494Q", "PNC 12/52494q"),
        ("pnc", "1995/0004242F", "95/4242F"),
        ("prison_number", "A1234BC", "noms a1234bc"),
        ("crn", "X123456", "CRN: X123456"),
    ],
)
def test_not_17_a_number_is_found_in_every_form_that_an_agency_writes(system: str, value: str, written: str) -> None:
    number = Identifier(system=IdentifierSystem(system), value=value)
    said = marks_said([("details.incident.home_conditions", f"he gave {written} and left")])

    assert said[number.system.value, number.value] == (Clue(system), {"details.incident.home_conditions"})


@pytest.mark.parametrize("text", ["943 476 5918", "1943476591900", "A1234BCD", "999 999 9999"])
def test_what_only_looks_like_a_number_is_none(text: str) -> None:
    assert {system for system, _ in marks_said([("narrative[0]", text)])} <= {"spoken"}


def test_each_mark_says_every_place_at_which_it_stands() -> None:
    said = marks_said([("narrative[0]", "Wrenna Quillfeather"), ("narrative[2]", "Quillfeather Wrenna")])
    (mark,) = spoken_marks(person("Wrenna", "Quillfeather"), RULES)

    assert said[mark] == (Clue.NAME, {"narrative[0]", "narrative[2]"})


names = st.text(st.characters(categories=["Lu", "Ll", "Lo"]), min_size=2, max_size=12).filter(
    lambda name: " " not in exact_form(unicodedata.normalize("NFKC", name))  # eighteen ligatures and marks that stand for several words
)


@given(given_=names, family=names, before=st.text(max_size=30), after=st.text(max_size=30), form=st.sampled_from(["NFC", "NFD", "NFKC"]))
def test_not_17_in_any_words_and_any_form_of_unicode_a_name_is_found(given_: str, family: str, before: str, after: str, form: str) -> None:
    who = person(given_, family)
    text = unicodedata.normalize(form, f"{before} {given_} {family} {after}")  # type: ignore[arg-type]

    assert not spoken_marks(who, RULES) or Clue.NAME in met(text, who)


@given(st.text(max_size=2_000))
def test_any_text_at_all_is_read(text: str) -> None:
    assert all(where == {"narrative[0]"} for _, where in marks_said([("narrative[0]", text)]).values())
