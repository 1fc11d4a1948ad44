"""Where in a text somebody is named: whole words, the shortest stretch, however long the text is."""

from alertbus.directory.said_in_text import marks_said, spoken_marks
from alertbus.directory.said_where import stretches
from alertbus.model.person import Person
from alertbus.policy.caller_hints import where_hinted
from alertbus.policy.identity_rules import IdentityRules

ANA = Person.model_validate(
    {"name": {"given": "Ana", "family": "Quagmire"}, "addresses": [{"lines": ["17 Millrace Lane"], "postcode": "NN2 2BB"}]}
)


def said(text: str) -> list[str]:
    wanted = spoken_marks(ANA, IdentityRules())
    return [text[start:end] for start, end, _ in stretches(text, wanted)]


def test_not_17_a_name_a_postcode_and_a_house_are_found_where_they_stand() -> None:
    assert said("She said Ana Quagmire, of 17 Millrace Lane (NN2 2BB), had him.") == ["Ana Quagmire,", "17 Millrace Lane", "(NN2 2BB),"]
    assert said("Quagmire, Ana was seen twice: Ana Quagmire's boy.") == ["Quagmire, Ana", "Ana Quagmire's"]
    assert said("Ana went to see Mrs Quagmire") == []


def test_a_long_text_is_looked_through_whole_and_nothing_at_a_seam_is_missed() -> None:
    for before in range(40):
        text = f"{'word ' * before}Ana Quagmire {'word ' * 200}"
        assert said(text) == ["Ana Quagmire"], before


def test_every_mark_that_was_found_in_the_text_has_a_place() -> None:
    text = "NHS number 943 476 5919, PNC 1981/0000034U, and Ana Quagmire"
    marks = set(marks_said([("", text)]))

    assert {mark for _, _, mark in stretches(text, marks)} == marks


def test_not_01_what_may_tell_who_told_is_found_where_it_stands() -> None:
    text = "He shouts all night. I am her neighbour and hear it through the wall."

    assert [text[start:end] for start, end in where_hinted(text)] == ["I am her", "through the wall"]
    assert where_hinted("\uff29 am her neighbour") == [], "it is not written as it is read, so its places would be wrong"
