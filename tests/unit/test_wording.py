"""What adapters share: the marks and sentences of a notice, and the one way to publish a schema."""

import json
import re
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.model.item import ItemStep, StepKind
from alertbus.model.notice import ENDINGS, Notice
from alertbus.plugin import Deed
from alertbus.plugin.manager import Plugins
from alertbus.plugin.schema import closed, document, excerpt, publish, text_of
from alertbus.plugin.testing import ended_notice, minimal_notice, sample_notice
from alertbus.plugin.wording import deed_line, excerpt_fields, exercise_mark, plain, present, rehearsal, section, speaks_of, uk_time
from alertbus.plugin.writing import as_page


def test_a_rehearsal_is_marked_by_name_and_a_real_notice_is_not() -> None:
    assert (exercise_mark(sample_notice()), rehearsal(sample_notice())) == ("", None)

    played = sample_notice(exercise="winter")
    assert exercise_mark(played) == "EXERCISE winter. "
    assert rehearsal(played, "no real child") == "EXERCISE winter. This is a rehearsal: no real child is meant."


@pytest.mark.parametrize(("deed", "capitals"), list(product(Deed, [False, True])))
def test_every_deed_but_a_first_delivery_is_said_first(deed: Deed, capitals: bool) -> None:
    line = deed_line(sample_notice(deed=deed), withdrawn="it is over.", capitals=capitals)

    heads = {
        Deed.AMEND: "Amended: ",
        Deed.WITHDRAW: "Withdrawn: it is over.",
        Deed.NO_LONGER_YOURS: "No longer yours: ",
        Deed.CORRECT: "Corrected: ",
        Deed.ESCALATE: "Not yet answered: ",
    }
    if deed is Deed.DELIVER:
        assert line is None
    else:
        assert line is not None
        assert line.casefold().startswith(heads[deed].casefold())
        assert line.partition(":")[0].isupper() is capitals


@pytest.mark.parametrize("deed", sorted(ENDINGS))
def test_an_end_is_said_with_its_day_in_the_united_kingdom(deed: Deed) -> None:
    line = deed_line(ended_notice(deed, ended_at=datetime(2020, 7, 1, 23, 30, tzinfo=UTC)), withdrawn="it is over.")

    assert line is not None
    assert line.endswith(" Ended on 2020-07-02.")
    assert ("withdrawn" in line.casefold()) is (deed is Deed.WITHDRAW)


@pytest.mark.parametrize("sector", ["health", "police", "education", "social_care"])
def test_lnk_04_every_adapter_with_room_for_it_says_whose_word_it_is(sector: str) -> None:
    plugins = Plugins.load()
    texts = [plugins.adapter_for(sector).render(sample_notice(own_agency=own)).body.decode() for own in (True, False)]

    assert ["Your own agency stated this" in text for text in texts] == [True, False]


def test_a_clock_is_read_in_the_united_kingdom_summer_and_winter() -> None:
    assert uk_time(datetime(2020, 7, 1, 12, 0, tzinfo=UTC)) == "2020-07-01 13:00 UK time"
    assert uk_time(datetime(2020, 1, 1, 12, 0, tzinfo=UTC)) == "2020-01-01 12:00 UK time"


def test_a_section_that_is_absent_or_no_object_is_empty() -> None:
    assert section(sample_notice(details={"flag": {"grade": "threat"}}), "flag") == {"grade": "threat"}
    assert section(sample_notice(details={"flag": "threat"}), "flag") == {}
    assert section(minimal_notice(), "flag") == {}


@given(st.dictionaries(st.text(min_size=1), st.none() | st.text() | st.booleans() | st.integers() | st.lists(st.none())))
def test_what_is_not_there_is_absent_and_all_else_stays_in_its_order(fields: dict[str, Any]) -> None:
    kept = present(**fields)

    assert list(kept) == [name for name, value in fields.items() if value is not None and value != ""]
    assert all(kept[name] is fields[name] for name in kept)


def test_an_excerpt_has_the_fields_that_its_schema_asks_for() -> None:
    fields = excerpt_fields(sample_notice().narrative[0])

    assert list(fields) == excerpt()["required"]
    assert fields["text"] == sample_notice().narrative[0].text
    assert plain("child_in_need") == "child in need"


def test_a_schema_is_printed_as_it_stands_in_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    schema = document("a.v1", closed({"é": {"type": "string"}}))

    publish(schema)

    printed = capsys.readouterr().out
    assert printed == text_of(schema)
    assert json.loads(printed) == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:alertbus:schema:a.v1",
        "type": "object",
        "properties": {"é": {"type": "string"}},
        "required": [],
        "additionalProperties": False,
    }
    assert "é" in printed


LOOK_ALIKES = "\u017f\u0130\u0131\u212a\u00e9\u00df"
"""Letters that count as an ASCII letter, or as two, where case does not."""


@given(
    st.text(alphabet="aisk" + LOOK_ALIKES.upper() + LOOK_ALIKES + "AISK -.", max_size=20),
    st.text(alphabet="aiskIS" + LOOK_ALIKES + ".", min_size=1, max_size=3),
)
def test_words_stand_in_a_text_as_words_of_their_own_in_whatever_case(text: str, words: str) -> None:
    found = re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE)

    assert speaks_of(text, words) is (found is not None)


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("Call Zeb Quill at once", "zeb quill", True),
        ("Call Zebedee", "Zeb", False),
        ("to S\u0130LV\u0130A", "silvia", True),
        ("Mi\u017fter X", "mister", True),
        ("the \u212ang's Road", "kng", True),
    ],
)
def test_words_are_found_beside_letters_that_look_like_theirs(text: str, words: str, found: bool) -> None:
    assert speaks_of(text, words) is found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e15, 1e15).map(lambda number: round(number, 3)) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(), JSON), st.sampled_from([1, 2]))
def test_a_page_has_the_bytes_of_the_standard_library(content: dict[str, Any], indent: int) -> None:
    assert as_page(content, indent) == json.dumps(content, ensure_ascii=False, indent=indent).encode()


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"a": {}, "b": [], "c": [[]], "d": [{}]},
        {"a": 0.1, "b": [-0.0, 1e15]},
        {"a": 2**70},
        {"a": [[[[[[[[[[[{"deep": ["as deep as is halved by itself"]}]]]]]]]]]]]},
        {"a": '\n  \n    x": 1e5 \u2028\x7f\x00 \U0001f6aa'},
        {"deed": Deed.AMEND, "several": (1, (2,))},
        {1: "a key that is no text"},
    ],
)
def test_a_page_has_them_whatever_it_holds(content: dict[str, Any]) -> None:
    for indent in (1, 2):
        assert as_page(content, indent) == json.dumps(content, ensure_ascii=False, indent=indent).encode()


@pytest.mark.parametrize(
    ("content", "fault"), [({"a": datetime(2026, 1, 1, tzinfo=UTC)}, TypeError), ({"a": "\ud800"}, UnicodeEncodeError)]
)
def test_what_is_no_json_is_refused_as_before(content: dict[str, Any], fault: type[Exception]) -> None:
    with pytest.raises(fault):
        as_page(content)


CHASED = {
    StepKind.REMINDER: "Reminder: nobody by name has answered this yet.",
    StepKind.OUT_OF_HOURS: "Out of hours: this comes to you as team manager, because the day team is not there.",
    StepKind.OPENING: "Delivered before: this was delivered while the day team was not there.",
    StepKind.NEXT: "Not yet answered: nobody by name has answered this, so it has come to you as team manager.",
    StepKind.NOT_DELIVERED: "Not delivered: whoever was to answer this was not reached, so it has come to you as team manager.",
    StepKind.DUTY_LEAD: "Not yet answered: nobody by name has answered this, so it has come to you as team manager. You are the last",
}


def chased(kind: StepKind, sector: str = "health") -> Notice:
    role, at = "team_manager", datetime(2026, 3, 2, 13, tzinfo=UTC)
    notice = sample_notice(deed=Deed.ESCALATE, sector=sector, step=ItemStep(kind=kind, role=role, at=at))
    asked = f"{notice.because}; asked before: health visitor at 2026-03-02 09:00"
    return notice.model_copy(update={"obligation": notice.obligation.model_copy(update={"role": role}), "because": asked})


@pytest.mark.parametrize("kind", sorted(CHASED))
def test_a_step_says_why_it_comes_to_its_reader(kind: StepKind) -> None:
    line = deed_line(chased(kind), withdrawn="it is over.")

    assert line is not None
    assert line.startswith(CHASED[kind])


@pytest.mark.parametrize("kind", sorted(CHASED))
@pytest.mark.parametrize("sector", ["health", "police", "education", "housing", "social_care"])
def test_every_adapter_says_that_an_answer_is_chased(sector: str, kind: StepKind) -> None:
    message = Plugins.load().adapter_for(sector).render(chased(kind, sector))
    said = message.body.decode() + json.dumps(dict(message.headers))

    assert str(kind) in said or CHASED[kind].partition(":")[2].strip() in said.replace(CHASED[kind].partition(":")[0].upper(), "")
