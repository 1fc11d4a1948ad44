"""No pictures, film or sound in an alert, in whatever form they are written out; words of any length and language pass."""

import base64
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.intake import media
from alertbus.intake.alerts import AlertIntake
from alertbus.intake.media import LONGEST_COLUMN, media_in
from alertbus.model.alert import LONGEST_NARRATIVE, Alert
from alertbus.model.errors import InvalidInput
from alertbus.model.notice import Message, Notice
from tests.story import T0

PICTURE = random.Random(28).randbytes(2_000)
CODED = base64.b64encode(PICTURE).decode()
SPOKEN = "When I came in he stood on the stairs and shouted. " * 200


def stated(**fields: Any) -> Alert:
    said = {"id": "1", "source": "police", "kind": "ppn", "occurred_at": T0, "recorded_at": T0, "subjects": [{"person": {"label": "x"}}]}
    return Alert.model_validate(said | fields)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        pytest.param({"narrative": [{"text": CODED}]}, "narrative[0].text", id="the words are a picture"),
        pytest.param({"narrative": [{"text": SPOKEN}, {"text": f"See: {CODED}"}]}, "narrative[1].text", id="among words"),
        pytest.param(
            {"narrative": [{"text": "data:image/png;base64,iVBORw0KGgo="}]}, "narrative[0].text", id="an address that is a picture"
        ),
        pytest.param({"narrative": [{"text": base64.encodebytes(PICTURE).decode()}]}, "narrative[0].text", id="in lines, as in a mail"),
        pytest.param({"details": {"body_worn_video": CODED}}, "details", id="in a field that nobody classified"),
        pytest.param({"details": {"footage": {"parts": [{"x": PICTURE.hex()}]}}}, "details", id="deep in one, in hexadecimal"),
        pytest.param({"details": {"footage": list(PICTURE)}}, "details", id="as numbers"),
        pytest.param({"details": {CODED: 1}}, "details", id="as a name"),
        pytest.param({"details": {"incident": {"home_conditions": CODED}}}, "details", id="in a field that has a class"),
    ],
)
def test_not_05_no_footage_is_carried_however_it_is_written_out(fields: dict[str, Any], path: str) -> None:
    found = list(media_in(stated(**fields)))

    assert [(fault.path, fault.code) for fault in found] == [(path, "media_not_carried")]
    assert "footage" not in path
    assert CODED[:40] not in str(found)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x" * LONGEST_NARRATIVE, id="one letter, as long as may be"),
        pytest.param("-" * 80 + "\n", id="a line"),
        pytest.param(("-" * 70 + "\n") * 20, id="many lines"),
        pytest.param(SPOKEN, id="speech"),
        pytest.param("He said: data: base64, whatever that is", id="words about it"),
        pytest.param("https://police.example/evidence/" + "a1B2" * 60, id="a reference to where it is kept"),
        pytest.param("\u4e00\u4e8c\u4e09" * 1000, id="a language without spaces"),
    ],
)
def test_not_05_words_pass_as_they_are(text: str) -> None:
    assert list(media_in(stated(narrative=[{"text": text}], details={"a_field": text, "numbers": [1] * LONGEST_COLUMN}))) == []


@given(text=st.lists(st.text(max_size=50), max_size=60).map(" ".join).filter(bool))
def test_not_05_no_sentence_of_short_words_is_taken_for_a_picture(text: str) -> None:
    assert list(media_in(stated(narrative=[{"text": text}]))) == []


class NobodyIsAsked:
    """Stands for database, broker and directory."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked for")


async def test_not_05_the_door_refuses_media_before_anything_is_kept() -> None:
    """Nothing is needed to refuse it: neither database nor broker is asked."""
    nobody: Any = NobodyIsAsked()
    door = AlertIntake(nobody, nobody, nobody, lambda: T0)

    with pytest.raises(InvalidInput) as refused:
        await door.accept([stated(), stated(narrative=[{"text": CODED}])])

    assert [(fault.path, fault.code) for fault in refused.value.faults] == [("alerts[1].narrative[0].text", "media_not_carried")]


def test_not_05_neither_notice_nor_message_has_a_place_for_an_attachment() -> None:
    assert [name for name in (*Notice.model_fields, *Message.model_fields) if "attach" in name or "media" in name] == ["media_type"]
    assert [name for name, field in Notice.model_fields.items() if field.annotation in {bytes, bytearray}] == []


_RUNS = st.builds(
    lambda letters, length: (letters * length)[:length],
    st.sampled_from(["a1B2c3D4e5F6g7H8-_+/=", "x", "é", "0123456789abcdef"]),
    st.sampled_from([1, 7, 59, 60, 61, 80, 81, 500, 511, 512, 600]),
)
_BETWEEN = st.sampled_from([" ", "\n", "\r\n", "\x1c", "\u00a0", "\u2028", ".", "", ";", "data:image/png;base64,"])


@given(st.lists(st.tuples(_RUNS, _BETWEEN), max_size=14), st.integers(1, 9))
def test_words_that_are_passed_at_a_glance_are_those_that_the_search_would_pass(pieces: list[tuple[str, str]], times: int) -> None:
    text = "".join(run + between for run, between in pieces) * times
    runs = [found[0] for found in media._WRITTEN_OUT.finditer(text)]

    assert media._is_media(text) is any(run.lower().startswith("data:") or len(set(run)) >= media._LETTERS for run in runs)
