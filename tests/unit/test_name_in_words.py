"""The names of agencies, roles and relations are written for a reader in one way, and no text of a notice takes a name apart by itself."""

import re
from pathlib import Path

import pytest

import alertbus
from alertbus.model.name_in_words import begun, name_in_words, recipient_in_words
from alertbus.plugin.wording import agency_in_words

ROOT = Path(alertbus.__file__).parent
ROOMS = ("reach", "policy", "staff", "chronicle")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("childrens_social_care", "children's social care"),
        ("gp", "GP"),
        ("safeguarding_lead", "safeguarding lead"),
        ("school.1401", "school.1401"),
    ],
)
def test_a_name_is_written_as_people_write_it(name: str, words: str) -> None:
    assert name_in_words(name) == agency_in_words(name) == words


def test_who_at_which_agency_is_asked_stands_in_the_same_words_everywhere() -> None:
    assert recipient_in_words("gp", "safeguarding_lead") == "GP (safeguarding lead)"
    assert begun(recipient_in_words("childrens_social_care", "social_worker")) == "Children's social care (social worker)"
    assert begun("GP lead") == "GP lead", "the rest of the words stays as it is"


@pytest.mark.parametrize("room", ROOMS)
def test_no_other_file_that_writes_to_people_takes_names_apart(room: str) -> None:
    own = {path.name for path in (ROOT / room).rglob("*.py") if re.search(r"""replace\(["']_["'], ["'] ["']\)""", path.read_text("utf-8"))}

    assert not own
