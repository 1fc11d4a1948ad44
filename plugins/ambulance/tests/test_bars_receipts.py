"""What an ambulance service's system answers: BaRS's own examples."""

import json
from pathlib import Path

import pytest
from alertbus_ambulance import AmbulanceAdapter

from alertbus.plugin import ReceiptGiven, Stage, UnreadableMessage

DATA = Path(__file__).parent / "data"
parse = AmbulanceAdapter().parse_receipt


@pytest.mark.parametrize(
    ("name", "stage", "note"),
    [
        ("outcome-409-duplicate", Stage.ACCEPTED, "duplicate REC_CONFLICT"),
        ("outcome-422-not-supported", Stage.REFUSED, "not-supported REC_UNPROCESSABLE_ENTITY"),
        ("outcome-408-timeout", Stage.FAILED, "timeout REC_TIMEOUT"),
        ("outcome-503-transient", Stage.FAILED, "transient REC_SERVICE_UNAVAILABLE"),
        ("outcome-403-forbidden", Stage.FAILED, "forbidden REC_FORBIDDEN"),
        ("outcome-404-multiple-matches", Stage.FAILED, "multiple-matches NOT_FOUND"),
    ],
)
def test_a_duplicate_is_had_what_is_not_supported_is_refused_and_the_rest_is_tried_again(name: str, stage: Stage, note: str) -> None:
    assert parse((DATA / f"{name}.json").read_bytes()) == ReceiptGiven(idempotency_key="", stage=stage, note=note)


def test_an_answering_bundle_names_the_message_it_answers_and_one_that_does_not_is_no_acceptance() -> None:
    given = parse((DATA / "process-message-validation-response.json").read_bytes())

    assert given == ReceiptGiven(idempotency_key="86e3371d-1c15-4862-9552-d9560f8292ba", stage=Stage.ACCEPTED)
    with pytest.raises(UnreadableMessage):
        parse((DATA / "process-message-response.json").read_bytes())


def test_nothing_that_was_written_freely_is_kept() -> None:
    issue = {"severity": "error", "code": "invalid", "diagnostics": "CANARY", "details": {"coding": [{"code": "CANARY"}], "text": "CANARY"}}

    assert parse(json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()) == ReceiptGiven(
        "", Stage.REFUSED, note="invalid"
    )
