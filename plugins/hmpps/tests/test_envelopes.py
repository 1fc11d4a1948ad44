"""Envelopes and identity: the same event is the same statement however it was wrapped and whenever it was published."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alertbus_hmpps import Hmpps
from hypothesis import given
from hypothesis import strategies as st

from alertbus.plugin import Action, Ignored, UnreadableMessage

CASES = Path(__file__).parent / "data" / "cases"
MERGED = "two prison records merged: nobody moved"


def case(name: str) -> Any:
    return json.loads((CASES / name).read_text(encoding="utf-8"))


RELEASE = case("25-published.json")


def event(**changes: Any) -> dict[str, Any]:
    return {**RELEASE, **changes}


def stated(message: object) -> list[Any]:
    outcome = Hmpps().parse(json.dumps(message).encode(), {})
    assert isinstance(outcome, list), outcome
    return outcome


def refused(message: object) -> list[str]:
    with pytest.raises(UnreadableMessage) as error:
        Hmpps().parse(json.dumps(message).encode(), {})
    return [fault.path for fault in error.value.faults]


def ids(message: object) -> list[str]:
    return [one.id for one in stated(message)]


WRAPPINGS: dict[str, Callable[[Any], Any]] = {
    "SNS": lambda e: {"Type": "Notification", "MessageId": "m-1", "Message": json.dumps(e), "Timestamp": "2026-11-27T09:01:00Z"},
    "SQS": lambda e: {"MessageId": "m-2", "ReceiptHandle": "r", "Body": json.dumps(e), "Attributes": {"SentTimestamp": "1795770060000"}},
    "Lambda, one message": lambda e: {"messageId": "m-3", "body": json.dumps(e), "attributes": {"SentTimestamp": "1795770060000"}},
    "Lambda, a batch of SQS": lambda e: {"Records": [{"messageId": "m-4", "eventSource": "aws:sqs", "body": json.dumps(e)}]},
    "Lambda, called by SNS": lambda e: {"Records": [{"EventSource": "aws:sns", "Sns": {"Type": "Notification", "Message": json.dumps(e)}}]},
    "answer of ReceiveMessage": lambda e: {"Messages": [{"MessageId": "m-5", "Body": json.dumps(e)}]},
    "array": lambda e: [e],
    "text": json.dumps,
    "not encoded": lambda e: {"Message": e},
    "the order of its fields": lambda e: dict(reversed(e.items())) if isinstance(e, dict) else e,
}

wrapped = st.lists(st.sampled_from(sorted(WRAPPINGS)), max_size=2)
published = st.none() | st.sampled_from(
    ["2026-11-27T09:01:00Z", "2026-11-27T09:01:31Z", "2026-12-01T00:00:00.123456789Z", 1795770060000, "soon"]
)


@given(
    wrapped,
    published,
    st.sampled_from([None, "released", "A prisoner has been released"]),
    st.sampled_from([None, "https://example.org/1"]),
)
def test_when_it_was_published_and_how_it_was_wrapped_do_not_name_a_statement(
    layers: list[str], at: object, description: object, url: object
) -> None:
    message: Any = event(publishedAt=at, description=description, detailUrl=url)
    for layer in layers:
        message = WRAPPINGS[layer](message)

    assert ids(message) == ids(RELEASE)


@given(wrapped, published)
def test_published_again_the_very_statement_is_the_same(layers: list[str], at: object) -> None:
    """Not its id alone: an amendment with other content would be told again."""
    update = case("13-alert-ROV.json") | {"eventType": "person.alert.updated"}
    update["additionalInformation"] = update["additionalInformation"] | {"alertCode": "RST"}
    again: Any = update | {"publishedAt": at}
    for layer in layers:
        again = WRAPPINGS[layer](again)

    assert [one.statement_id for one in stated(again)] == [one.statement_id for one in stated(update)]
    assert stated(again)[0].action is Action.AMENDED


@pytest.mark.parametrize(
    "changes",
    [
        {"eventType": "prisoner-offender-search.prisoner.released"},
        {"occurredAt": "2026-11-27T09:00:01Z"},
        {"personReference": {"identifiers": [{"type": "NOMS", "value": "H0652AF"}, {"type": "CRN", "value": "X777978"}]}},
        {"additionalInformation": RELEASE["additionalInformation"] | {"prisonId": "LEI"}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_whoever_says_something_else_makes_another_statement(changes: dict[str, Any]) -> None:
    assert ids(event(**changes)) != ids(RELEASE)


@pytest.mark.parametrize(
    "changes",
    [
        {"occurredAt": "2026-11-27T10:00:00.123456789+01:00"},
        {"occurredAt": "2026-11-27T09:00:00.123456z"},
        {"personReference": {"identifiers": [{"value": "h0652af", "type": "NOMS"}]}},
        {"version": "1.0"},
    ],
    ids=["another offset", "fewer digits", "small letters", "version as text"],
)
def test_the_same_said_in_other_letters_is_the_same(changes: dict[str, Any]) -> None:
    assert ids(event(**changes)) == ids(RELEASE)


def test_case_25_a_release_published_again_is_one_statement() -> None:
    first, again = stated(case("25-published.json")), stated(case("25-published-again.json"))

    assert first == again


def test_without_a_time_of_its_own_the_day_of_sending_tells_two_releases_apart() -> None:
    def sent(at: str) -> list[str]:
        timeless = {key: value for key, value in RELEASE.items() if key not in {"occurredAt", "publishedAt"}}
        return ids({"Message": json.dumps(timeless), "Timestamp": at})

    assert sent("2026-11-27T09:01:00Z") == sent("2026-11-27T09:01:31Z")
    assert sent("2026-11-27T09:01:00Z") != sent("2027-05-03T09:01:00Z")


@pytest.mark.parametrize("name", ["27-body.json", "27-records.json", "27-messages.json", "27-array.json"])
def test_case_27_what_a_queue_hands_over_is_opened(name: str) -> None:
    (alert,) = stated(case(name))

    assert (alert.kind, alert.subjects[0].person.identifiers[0].value) == ("prisoner_release", "D4995HC")
    assert alert.id == stated(case("27-array.json"))[0].id


def test_a_batch_states_everything_in_it_once() -> None:
    other = case("15-conditional-release.json")

    assert ids([RELEASE, other, case("25-published-again.json")]) == [*ids(RELEASE), *ids(other)]


def test_the_envelopes_of_one_part_say_nothing_of_another() -> None:
    marked = {"Message": json.dumps(RELEASE), "MessageAttributes": {"eventType": "incentives.iep-review.updated"}}
    other = case("15-conditional-release.json")

    first, second = stated({"Records": [{"Sns": marked}, {"Sns": {"Message": json.dumps(other)}}]})

    assert first.details.model_extra["hmpps"]["contradictions"]
    assert not second.details.model_extra


@pytest.mark.parametrize(
    ("message", "paths"),
    [
        ([RELEASE, event(occurredAt="soon")], ["[1].occurredAt"]),
        ([event(version=9), RELEASE, event(version=9, occurredAt="soon")], ["[0].version", "[2].version", "[2].occurredAt"]),
        ({"Records": [{"body": json.dumps(RELEASE)}, {"body": "{"}]}, ["Records[1].body"]),
        ({"Records": [{"body": json.dumps({"Message": json.dumps(event(version=9))})}]}, ["Records[0].body.Message.version"]),
        ({"Messages": [{"Body": json.dumps(RELEASE)}, 7, {"Body": None}]}, ["Messages[1]", "Messages[2].Body"]),
        ({"Records": [{"s3": {}}, {"body": "[]"}]}, ["Records[1].body", "Records[0].eventType"]),
        ({"Records": 7}, ["Records"]),
        ({"Records": []}, ["Records"]),
        ({"Messages": {"Body": json.dumps(RELEASE)}}, ["Messages"]),
        ({"body": {"Records": [event(version=9)]}}, ["body.Records[0].version"]),
    ],
)
def test_a_part_that_cannot_be_read_is_named_and_the_whole_is_kept(message: object, paths: list[str]) -> None:
    assert refused(message) == paths


def test_a_thousand_faults_are_not_told_all() -> None:
    assert len(refused([event(version=9)] * 1000)) == 100


def test_parts_that_raise_nothing_stand_beside_those_that_do() -> None:
    nobody_moved = event(additionalInformation={"reason": "RELEASED", "nomisMovementReasonCode": "MRG"})

    assert ids([nobody_moved, RELEASE]) == ids(RELEASE)


def test_a_batch_that_raises_nothing_gives_each_reason_once() -> None:
    nobody_moved = event(additionalInformation={"reason": "RELEASED", "nomisMovementReasonCode": "MRG"})
    to_court = event(additionalInformation={"reason": "SENT_TO_COURT"})

    outcome = Hmpps().parse(json.dumps([nobody_moved, to_court, nobody_moved]).encode(), {})

    assert isinstance(outcome, Ignored)
    assert sorted(outcome.reason.split("; ")) == sorted([MERGED, "taken to court: not a release"])


def test_layers_have_an_end() -> None:
    message: Any = RELEASE
    for _ in range(14):
        message = [message]

    assert refused(message) == ["[0]" * 12]
