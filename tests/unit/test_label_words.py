"""Words that only judge are asked about; whatever tells something is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.model.alert import Alert
from alertbus.model.gaps import gaps
from alertbus.model.label_words import LABELS, asked_of, only_labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("Unkempt.", ("unkempt",)),
        ("Mum was hostile and chaotic as usual", ("hostile", "chaotic")),
        ("The children looked un\u00adkempt", ("unkempt",)),
        ("Non-engaging. ATTENTION SEEKING!", ("non engaging", "attention seeking")),
        ("non\u2011engaging", ("non engaging",)),
        ("She seemed withdrawn", ("withdrawn",)),
        ("hostile, hostile, hostile", ("hostile",)),
    ],
)
def test_voi_08_a_text_of_labels_alone_is_asked_about(text: str, labels: tuple[str, ...]) -> None:
    assert only_labels(text) == labels


@pytest.mark.parametrize(
    "text",
    [
        "He threw a cup at the wall and shouted. He was hostile.",
        "She said “leave us alone” and was hostile.",
        "Unkempt: hair matted, jumper wet through, smelt of urine.",
        "He was late 4 times; chaotic",
        "Slept in the car again with both windows open",
        "",
        "She oddly unkempted hostilely",
    ],
)
def test_voi_08_a_label_beside_what_was_seen_is_no_fault(text: str) -> None:
    assert only_labels(text) == ()


@given(st.text(max_size=300))
def test_voi_08_any_text_has_an_answer_and_only_labels_of_the_list_are_named(text: str) -> None:
    assert set(only_labels(text)) <= set(LABELS)


@pytest.mark.parametrize("label", LABELS)
def test_voi_08_every_label_of_the_list_is_found_alone_and_has_its_question(label: str) -> None:
    assert only_labels(f"Very {label.title()}!") == (label,)
    assert LABELS[label] in asked_of((label,))


def stated(*texts: str, **changed: object) -> Alert:
    said = {
        "id": "1",
        "source": "school.123456",
        "kind": "school_concern",
        "occurred_at": "2026-11-23T08:00:00Z",
        "recorded_at": "2026-11-23T08:30:00Z",
        "subjects": [{"person": {"label": "a mother"}}],
        "narrative": [{"text": text} for text in texts],
    }
    return Alert.model_validate(said | changed)


def test_voi_08_whoever_sends_by_the_api_is_asked_in_the_answer_at_the_place_of_the_words() -> None:
    found = gaps(stated("Her left eye was swollen shut.", "Hostile."))

    assert [(one.path, "hostile" in one.words) for one in found] == [("narrative[1].text", True)]
    assert gaps(stated("Hostile.", action="withdrawn")) == ()
    assert gaps(stated("Hostile.", history=True)) == ()
