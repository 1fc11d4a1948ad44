"""Who told is never taken: a reference that may be a name is refused at its path (NOT-01, ANO-01)."""

from datetime import UTC, datetime

import pytest

from alertbus.intake.referrers import named_referrers
from alertbus.model.alert import Alert, Referrer

WHEN = datetime(2026, 3, 2, 9, tzinfo=UTC)


def stated(reference: str | None) -> Alert:
    return Alert.model_validate(
        {
            "id": "1",
            "source": "school",
            "kind": "school_concern",
            "occurred_at": WHEN,
            "recorded_at": WHEN,
            "children": [{"label": "x"}],
            "referrer": {"reference": reference},
        }
    )


@pytest.mark.parametrize("reference", ["Quillfeather", "Jane-Quillfeather", "JQ", "-"])
def test_not_01_a_reference_of_letters_alone_is_refused_and_not_repeated(reference: str) -> None:
    faults = list(named_referrers(stated(reference)))

    assert [(fault.path, fault.code) for fault in faults] == [("referrer.reference", "reference_may_be_name")]
    assert reference not in faults[0].expected or reference == "-"


@pytest.mark.parametrize("reference", ["H-20417", "7", "NSPCC-77", None])
def test_a_reference_with_a_digit_and_none_at_all_are_taken(reference: str | None) -> None:
    assert list(named_referrers(stated(reference))) == []


def test_a_record_that_was_accepted_before_stays_readable() -> None:
    assert Referrer.model_validate_json('{"reference":"Quillfeather"}').reference == "Quillfeather"
