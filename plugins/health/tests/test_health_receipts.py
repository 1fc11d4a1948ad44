"""What health systems answer: BaRS's own examples, and answers built here."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from alertbus_health import HealthAdapter
from hypothesis import given
from hypothesis import strategies as st

from alertbus.plugin import ReceiptGiven, Stage, UnreadableMessage

DATA = Path(__file__).parent / "data"
parse = HealthAdapter().parse_receipt


def response(**fields: object) -> bytes:
    header = {"resourceType": "MessageHeader", "response": {"identifier": "notice-1", "code": "ok", **fields}}
    return json.dumps({"resourceType": "Bundle", "type": "message", "entry": [{"resource": header}]}).encode()


@pytest.mark.parametrize(
    ("name", "stage", "note"),
    [
        ("outcome-409-duplicate", Stage.ACCEPTED, "duplicate REC_CONFLICT"),
        ("outcome-408-timeout", Stage.FAILED, "timeout REC_TIMEOUT"),
        ("outcome-503-transient", Stage.FAILED, "transient REC_SERVICE_UNAVAILABLE"),
        ("outcome-403-forbidden", Stage.REFUSED, "forbidden REC_FORBIDDEN"),
        ("outcome-404-multiple-matches", Stage.REFUSED, "multiple-matches NOT_FOUND"),
        ("outcome-422-not-supported", Stage.REFUSED, "not-supported REC_UNPROCESSABLE_ENTITY"),
    ],
)
def test_an_operation_outcome_says_how_far_the_message_came(name: str, stage: Stage, note: str) -> None:
    given_ = parse((DATA / f"{name}.json").read_bytes())

    assert given_ == ReceiptGiven(idempotency_key="", stage=stage, note=note)


def test_an_answering_bundle_names_the_message_it_answers() -> None:
    given_ = parse((DATA / "process-message-validation-response.json").read_bytes())

    assert given_ == ReceiptGiven(idempotency_key="86e3371d-1c15-4862-9552-d9560f8292ba", stage=Stage.ACCEPTED)


def test_a_bundle_that_does_not_say_what_it_answers_is_no_acceptance() -> None:
    """BaRS's booking answer as published: its header is that of a request."""
    with pytest.raises(UnreadableMessage, match=r"entry\[0\].resource.response: what this answers"):
        parse((DATA / "process-message-response.json").read_bytes())


@pytest.mark.parametrize(
    ("code", "stage"),
    [("ok", Stage.ACCEPTED), ("transient-error", Stage.FAILED), ("fatal-error", Stage.REFUSED)],
)
def test_response_code_decides_when_nothing_else_is_said(code: str, stage: Stage) -> None:
    assert parse(response(code=code)) == ReceiptGiven(idempotency_key="notice-1", stage=stage)


def test_an_outcome_inside_the_bundle_tells_a_duplicate_from_a_refusal() -> None:
    bundle = json.loads(response(code="fatal-error", identifier="urn:uuid:notice-1"))
    bundle["entry"].append({"resource": json.loads((DATA / "outcome-409-duplicate.json").read_bytes())})

    assert parse(json.dumps(bundle).encode()) == ReceiptGiven("notice-1", Stage.ACCEPTED, note="duplicate REC_CONFLICT")


def test_the_worst_issue_decides_and_nothing_written_freely_is_kept() -> None:
    issues = [
        {"severity": "warning", "code": "informational"},
        {"severity": "error", "code": "timeout", "diagnostics": "about CANARY"},
        {
            "severity": "error",
            "code": "invalid",
            "details": {"coding": [{"code": "CANARY 9988462441"}], "text": "CANARY"},
        },
    ]

    assert parse(json.dumps({"resourceType": "OperationOutcome", "issue": issues}).encode()) == ReceiptGiven(
        "", Stage.REFUSED, note="invalid"
    )


def test_a_code_that_is_none_of_fhirs_or_bars_is_not_repeated() -> None:
    """It may be somebody's name."""
    issue = {"severity": "error", "code": "CANARY", "details": {"coding": [{"code": "CANARY"}, {"code": "REC_CANARY"}]}}

    assert parse(json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()) == ReceiptGiven("", Stage.REFUSED)


@pytest.mark.parametrize("damaged", [{}, [], {"a": []}])
def test_a_code_that_is_no_text_cannot_be_read(damaged: object) -> None:
    issues = [{"severity": damaged, "code": damaged}]

    with pytest.raises(UnreadableMessage):
        parse(json.dumps({"resourceType": "OperationOutcome", "issue": issues}).encode())


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"<xml/>", "$"),
        (b"[]", "$"),
        (b"\xff", "$"),
        (b'{"resourceType": "Patient"}', "resourceType"),
        (b'{"resourceType": "OperationOutcome"}', "issue"),
        (b'{"resourceType": "Bundle"}', "entry[0].resource"),
        (
            b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "MessageHeader"}}]}',
            "entry[0].resource.response",
        ),
        (response(code="perhaps"), "entry[0].resource.response.code"),
        (response(identifier=None), "entry[0].resource.response.identifier"),
    ],
)
def test_an_answer_that_cannot_be_read_says_where_and_what_was_expected(raw: bytes, path: str) -> None:
    with pytest.raises(UnreadableMessage) as caught:
        parse(raw)

    assert [fault.path for fault in caught.value.faults] == [path]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["resourceType", "entry", "issue", "response", "code", "x"]), inner),
)


@given(st.binary() | st.builds(lambda v: json.dumps(v).encode(), _json))
def test_no_answer_stops_the_queue(raw: bytes) -> None:
    with suppress(UnreadableMessage):
        parse(raw)
