# ruff: noqa: RUF001  letters and marks that look alike are what is tested
"""Names: exact means that a reader sees the same name, whatever script it is in; forgiving is for proposals only."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.directory.names import forgiving_form, known_forms
from alertbus.model.person import Name, exact_form

BASE = {
    "Devanagari": "कखगघचजटडतदनपबमयरलवशसह",
    "Bengali": "কখগঘচজটডতদনপবমযরলশসহ",
    "Tamil": "கசடதநபமயரலவழளறன",
    "Gurmukhi": "ਕਖਗਘਚਜਟਡਤਦਨਪਬਮਯਰਲਵਸਹ",
    "Arabic": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "Hebrew": "אבגדהוזחטיכלמנסעפצקרשת",
    "Welsh": "aâeêiîoôuûwŵyŷdfflmnprst",
    "Gaelic": "aáeéiíoóuúbcdfghlmnprst",
    "Polish": "aąbcćeęlłnńoósśzźż",
}
SIGNS = {
    "Devanagari": ["", "ा", "ि", "ी", "ु", "ू", "े", "ै", "ो", "ौ", "ं", "्"],
    "Bengali": ["", "া", "ি", "ী", "ু", "ূ", "ে", "ৈ", "ো", "ৌ", "ং", "্"],
    "Tamil": ["", "ா", "ி", "ீ", "ு", "ூ", "ெ", "ே", "ை", "ொ", "ோ", "ௌ", "்"],
    "Gurmukhi": ["", "ਾ", "ਿ", "ੀ", "ੁ", "ੂ", "ੇ", "ੈ", "ੋ", "ੌ", "ੰ", "ੱ"],
    "Arabic": ["", "\u064e", "\u064f", "\u0650", "\u0651"],
    "Hebrew": ["", "\u05b8", "\u05b4", "\u05b5"],
}


@st.composite
def _syllables(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]]]:
    script = draw(st.sampled_from(sorted(BASE)))
    syllable = st.tuples(st.sampled_from(BASE[script]), st.sampled_from(SIGNS.get(script, [""])))
    return script, draw(st.lists(syllable, min_size=1, max_size=8))


def _written(syllables: list[tuple[str, str]]) -> str:
    return "".join(base + sign for base, sign in syllables)


# The exact form.


@given(st.text())
def test_the_exact_form_of_an_exact_form_is_itself(text: str) -> None:
    assert exact_form(exact_form(text)) == exact_form(text)


@given(st.text(), st.sampled_from(["NFC", "NFD"]))
def test_how_a_name_is_encoded_does_not_count(text: str, form: str) -> None:
    assert exact_form(unicodedata.normalize(form, text)) == exact_form(text)


@given(_syllables())
def test_capitals_do_not_count_in_any_script(name: tuple[str, list[tuple[str, str]]]) -> None:
    text = _written(name[1])

    assert exact_form(text.upper()) == exact_form(text.title()) == exact_form(text)


@given(_syllables(), st.data())
def test_another_letter_or_another_vowel_sign_is_another_name(name: tuple[str, list[tuple[str, str]]], data: st.DataObject) -> None:
    script, syllables = name
    place = data.draw(st.integers(0, len(syllables) - 1))
    base, sign = syllables[place]
    if data.draw(st.booleans()) and script in SIGNS:
        changed = (base, data.draw(st.sampled_from([other for other in SIGNS[script] if other != sign])))
    else:
        changed = (data.draw(st.sampled_from([other for other in BASE[script] if other != base])), sign)

    assert exact_form(_written([*syllables[:place], changed, *syllables[place + 1 :]])) != exact_form(_written(syllables))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("मीना", "मोना", id="Meena and Mona in Devanagari"),
        pytest.param("রানা", "রিনা", id="Rana and Rina in Bengali"),
        pytest.param("மாலா", "மீலா", id="two vowels in Tamil"),
        pytest.param("ਮੀਨਾ", "ਮੋਨਾ", id="Meena and Mona in Gurmukhi"),
        pytest.param("Siân", "Sian", id="Welsh circumflex"),
        pytest.param("Seán", "Sean", id="Gaelic fada"),
        pytest.param("Łukasz", "Lukasz", id="Polish stroke"),
        pytest.param("Anna-Maria", "Anna Maria", id="hyphen and blank"),
        pytest.param("O'Brien", "OBrien", id="apostrophe and nothing"),
        pytest.param("Meena", "मीना", id="no transliteration"),
    ],
)
def test_these_are_two_names_exactly(one: str, other: str) -> None:
    assert exact_form(one) != exact_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("O'Brien", "o’brien", id="apostrophes"),
        pytest.param("O`Brien", "OʼBrien", id="grave accent and modifier letter"),
        pytest.param("Smith-Jones", "SMITH – JONES", id="hyphens"),
        pytest.param("Anna  Maria ", "anna\u00a0maria", id="white space"),
        pytest.param("St. John", "St John", id="full stop"),
        pytest.param("Ma\u200bry\ufeff", "Mary", id="characters nobody sees"),
        pytest.param("Siân", "Sia\u0302n", id="accent in two encodings"),
        pytest.param("য়", "য\u09bc", id="Bengali letter in two encodings"),
    ],
)
def test_these_are_one_name_exactly(one: str, other: str) -> None:
    assert exact_form(one) == exact_form(other)


@pytest.mark.parametrize("text", ["", " ", "-", "?", ".", "'", "- -"])
def test_a_text_without_a_letter_is_no_name(text: str) -> None:
    assert exact_form(text) == ""


def test_a_whole_name_is_compared_by_its_exact_form() -> None:
    assert Name(given="मीना", family="शर्मा").normal == "मीना शर्मा"


# The forgiving form.


@given(st.text())
def test_what_is_the_same_exactly_is_the_same_forgivingly(text: str) -> None:
    assert forgiving_form(exact_form(text)) == forgiving_form(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Anna-Maria", "Annamaria", id="hyphen and nothing"),
        pytest.param("O'Brien", "O Brien", id="apostrophe and blank"),
        pytest.param("Siân", "SIAN", id="a Welsh name from a system without accents"),
        pytest.param("Ó Briain", "O'Briain", id="Gaelic prefix"),
        pytest.param("MacDonald", "Mc Donald", id="Mac and Mc"),
        pytest.param("Łukasz", "Lukasz", id="Polish stroke"),
        pytest.param("مُحَمَّد", "محمد", id="Arabic with and without vowel marks"),
        pytest.param("שָׂרָה", "שרה", id="Hebrew with and without points"),
    ],
)
def test_slips_of_writing_are_forgiven(one: str, other: str) -> None:
    assert forgiving_form(one) == forgiving_form(other)


@pytest.mark.parametrize(("one", "other"), [("मीना", "मोना"), ("রানা", "রিনা"), ("ਮੀਨਾ", "ਮੋਨਾ"), ("மாலா", "மீலா"), ("Anna", "Anne")])
def test_a_vowel_is_not_forgiven(one: str, other: str) -> None:
    assert forgiving_form(one) != forgiving_form(other)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("William", "Bill", True),
        ("Mohammed", "Muhammad", True),
        ("Alex", "Sasha", True),
        ("Zoë", "zoe", True),
        ("Bill", "Bob", False),
        ("Alexander", "Alexandra", False),
        ("मीना", "Meena", False),
    ],
)
def test_known_short_forms_are_forms_of_one_name(one: str, other: str, *, same: bool) -> None:
    assert known_forms(one, other) is known_forms(other, one) is same
