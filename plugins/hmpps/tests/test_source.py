"""Envelopes, times, numbers, registers: what the real messages do to a reader, and what we make of it."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from alertbus_hmpps import Hmpps
from alertbus_hmpps.moments import moment

from alertbus.plugin import Alert, Ignored, Stated, UnreadableMessage
from alertbus.plugin.testing import SourceConformance

DATA = Path(__file__).parent / "data"


def event(**changes: Any) -> dict[str, Any]:
    """Build a release; None takes a field out."""
    whole = {
        "eventType": "prison-offender-events.prisoner.released",
        "version": 1,
        "description": "A prisoner has been released from prison",
        "occurredAt": "2024-06-11T15:14:46+01:00",
        "publishedAt": "2024-06-11T15:15:47.049605521+01:00",
        "personReference": {"identifiers": [{"type": "NOMS", "value": "A7215DZ"}]},
        "additionalInformation": {"reason": "RELEASED", "nomisMovementReasonCode": "CR"},
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not None}


def registration(deed: str, code: str, **info: Any) -> dict[str, Any]:
    return event(
        eventType=f"probation-case.registration.{deed}",
        description="A new registration has been added to the probation case",
        personReference={"identifiers": [{"type": "CRN", "value": "X777978"}]},
        additionalInformation={
            "registerTypeCode": code,
            "registerTypeDescription": "Risk to Staff",
            "registrationId": "2500687775",
            "registrationDate": "Fri Jun 14 00:00:00 BST 2024",
            **info,
        },
    )


def prison_alert(kind: str, code: str) -> dict[str, Any]:
    info = {"alertCode": code, "alertUuid": "6a0783ee-024e-4201-8e1f-3ead5fd2492a", "source": "DPS"}
    return event(eventType=kind, description="An alert has been created in the alerts service", additionalInformation=info)


def envelope(message: object, **more: Any) -> dict[str, Any]:
    text = message if isinstance(message, str) else json.dumps(message)
    return {
        "Type": "Notification",
        "MessageId": "message3",
        "Message": text,
        "Timestamp": "2024-06-11T14:15:47.672Z",
        **more,
    }


def parse(message: object) -> list[Stated] | Ignored:
    return Hmpps().parse(json.dumps(message).encode(), {})


def alert(message: object) -> Alert:
    outcome = parse(message)
    assert isinstance(outcome, list), outcome
    (stated,) = outcome
    assert isinstance(stated, Alert)
    return stated


def refused(message: object) -> list[str]:
    with pytest.raises(UnreadableMessage) as error:
        parse(message)
    return [f.path for f in error.value.faults]


class TestConformance(SourceConformance):
    source = Hmpps()
    samples: ClassVar[list[bytes]] = [
        *(path.read_bytes() for path in sorted(DATA.rglob("*.json")) if path.stat().st_size < 3000 and path.parent.name != "cases"),
        *(path.read_bytes() for path in sorted((DATA / "cases").glob("[12][1-7]-[a-p]*.json")) if "alert-" not in path.name),
        json.dumps(registration("added", "AV2S")).encode(),
        json.dumps(prison_alert("person.alert.created", "XSA")).encode(),
        json.dumps(envelope(json.dumps(json.dumps(event())))).encode(),
    ]


class TestEnvelopes:
    @pytest.mark.parametrize(
        "wrapped",
        [
            pytest.param(event(), id="bare"),
            pytest.param(envelope(event()), id="sns"),
            pytest.param(envelope(json.dumps(json.dumps(event()))), id="encoded twice"),
            pytest.param({"Body": json.dumps(envelope(event()))}, id="sns in sqs"),
            pytest.param({"Type": "Notification", "Message": event()}, id="message not encoded at all"),
            pytest.param(json.dumps(event()), id="bare, encoded twice"),
        ],
    )
    def test_the_same_event_is_the_same_alert_in_every_wrapping(self, wrapped: object) -> None:
        assert alert(wrapped) == alert(event())

    def test_the_message_id_does_not_name_the_alert(self) -> None:
        other = event(personReference={"identifiers": [{"type": "NOMS", "value": "A4092EA"}]})

        assert alert(envelope(event())).id != alert(envelope(other)).id

    def test_the_order_of_fields_does_not_change_the_id(self) -> None:
        assert alert(dict(reversed(event().items()))).id == alert(event()).id

    @pytest.mark.parametrize(
        "spelling",
        [
            {"Type": "String", "Value": "incentives.iep-review.updated"},
            {"DataType": "String", "StringValue": "incentives.iep-review.updated"},
            "incentives.iep-review.updated",
        ],
    )
    def test_the_inner_type_wins_over_the_attribute_in_every_spelling(self, spelling: object) -> None:
        raised = alert(envelope(event(), MessageAttributes={"eventType": spelling}))

        assert raised.kind == "prisoner_release"
        assert raised.details.model_extra is not None
        assert raised.details.model_extra["hmpps"]["contradictions"] == [
            "the envelope names another event type, and the message inside decides"
        ]

    def test_the_attribute_serves_where_the_message_names_no_type(self) -> None:
        attributes = {"eventType": {"Type": "String", "Value": "prison-offender-events.prisoner.released"}}

        assert alert(envelope(event(eventType=None), MessageAttributes=attributes)).kind == "prisoner_release"

    def test_a_subscription_is_confirmed_by_hand(self) -> None:
        asked = {
            "Type": "SubscriptionConfirmation",
            "Message": "You have chosen",
            "SubscribeURL": "https://example.org",
        }

        assert parse(asked) == Ignored("an SNS subscription message: confirm it at the topic by hand; nothing is fetched")

    @pytest.mark.parametrize(
        ("raw", "path"),
        [
            (b"", "$"),
            (b"not json", "$"),
            (b"[]", "$"),
            (b"7", "$"),
            (b'{"Message": "not json"}', "Message"),
            (b'{"Message": "[]"}', "Message"),
            (b'{"Message": null}', "Message"),
            (b"{}", "eventType"),
            (b'{"eventType": 7}', "eventType"),
        ],
    )
    def test_what_is_no_event_is_refused_at_its_path(self, raw: bytes, path: str) -> None:
        with pytest.raises(UnreadableMessage) as error:
            Hmpps().parse(raw, {})

        assert [f.path for f in error.value.faults] == [path]


class TestTimes:
    @pytest.mark.parametrize(
        ("text", "utc"),
        [
            ("2024-06-24T16:06:39+01:00", "2024-06-24T15:06:39+00:00"),
            ("2024-06-24T16:07:39.665736228+01:00", "2024-06-24T15:07:39.665736+00:00"),
            ("2024-06-24T16:06Z", "2024-06-24T16:06:00+00:00"),
            ("2022-10-06T09:34:40", "2022-10-06T08:34:40+00:00"),
            ("2022-01-06T09:34:40", "2022-01-06T09:34:40+00:00"),
            ("2022-10-30T01:30:00", "2022-10-30T00:30:00+00:00"),
        ],
        ids=["offset", "nine digits", "no seconds", "local in summer", "local in winter", "the hour that comes twice"],
    )
    def test_reads(self, text: str, utc: str) -> None:
        from datetime import UTC

        read = moment(text)

        assert read is not None
        assert read.astimezone(UTC).isoformat() == utc

    @pytest.mark.parametrize("text", ["", "yesterday", "2024-06-31T10:00:00Z", "0001-01-01T00:00:00Z", "24/06/2024"])
    def test_does_not_guess(self, text: str) -> None:
        assert moment(text) is None
        assert refused(event(occurredAt=text)) == ["occurredAt"]

    def test_older_events_give_local_time_under_another_name(self) -> None:
        old = event(occurredAt=None, version=None, eventDatetime="2024-06-11T15:14:46")

        assert alert(old).occurred_at == alert(event()).occurred_at

    def test_without_any_time_of_its_own_it_happened_when_it_was_sent(self) -> None:
        timeless = event(occurredAt=None, publishedAt=None)

        assert alert(envelope(timeless)).occurred_at.isoformat() == "2024-06-11T14:15:47.672000+00:00"
        assert refused(timeless) == ["occurredAt"]

    @pytest.mark.parametrize("version", [1, "1.0", 1.0, None])
    def test_version_one_in_all_its_spellings(self, version: object) -> None:
        assert alert(event(version=version)).kind == "prisoner_release"

    def test_another_version_is_refused(self) -> None:
        assert refused(event(version=2)) == ["version"]


class TestWho:
    def test_numbers_are_gathered_from_wherever_they_stand(self) -> None:
        numbers = [
            {"type": "NOMS", "value": "a7215dz"},
            {"type": "CRN", "value": "X777978"},
            {"type": "PNC", "value": "81/34U"},
        ]
        info = {"reason": "RELEASED", "nomsNumber": "A7215DZ"}

        person = alert(event(personReference={"identifiers": numbers}, additionalInformation=info)).subjects[0].person

        assert [(i.system.value, i.value) for i in person.identifiers] == [
            ("prison_number", "A7215DZ"),
            ("crn", "X777978"),
            ("pnc", "1981/0000034U"),
        ]

    def test_one_good_number_is_enough_and_the_bad_one_is_reported_by_its_path(self) -> None:
        numbers = [{"type": "PNC", "value": "2788/75034"}, {"type": "NOMS", "value": "A7215DZ"}]

        raised = alert(event(personReference={"identifiers": numbers}))

        assert [i.value for i in raised.subjects[0].person.identifiers] == ["A7215DZ"]
        assert raised.details.model_extra == {
            "hmpps": {"contradictions": [], "identifiers_not_read": ["personReference.identifiers[0].value"]}
        }

    def test_two_prison_numbers_are_two_people(self) -> None:
        info = {"reason": "RELEASED", "nomsNumber": "A4092EA"}

        assert refused(event(additionalInformation=info)) == [
            "personReference.identifiers[0].value",
            "additionalInformation.nomsNumber",
        ]

    def test_a_booking_alone_names_nobody(self) -> None:
        info = {"reason": "RELEASED", "bookingId": 1200835}

        assert refused(event(personReference=None, additionalInformation=info)) == ["personReference.identifiers"]

    def test_a_booking_alone_does_not_matter_where_nothing_would_be_raised(self) -> None:
        assert isinstance(parse({"eventType": "OFFENDER_BOOKING-CHANGED", "bookingId": "4323342"}), Ignored)

    def test_every_fault_is_told_at_once(self) -> None:
        assert refused(event(version=9, occurredAt="soon", personReference=None)) == [
            "version",
            "occurredAt",
            "personReference.identifiers",
        ]


class TestRecallByProbation:
    def test_is_carried_with_the_words_it_came_with_even_when_they_are_wrong(self) -> None:
        raised = alert(
            event(
                eventType="enforcement.recall.raised",
                description="End of breach ",
                personReference={"identifiers": [{"type": "CRN", "value": "X373878"}]},
            )
        )

        assert (raised.kind, raised.source) == ("prisoner_recall", "probation.hmpps")
        assert [(n.text, n.said_by, n.observed_first_hand) for n in raised.narrative[1:]] == [("End of breach ", "professional", False)]

    def test_says_that_the_person_may_still_be_at_liberty(self) -> None:
        raised = alert(event(eventType="enforcement.recall.raised"))

        assert "Until the prison has them, treat as at liberty" in raised.narrative[0].text

    def test_a_template_is_refused_at_each_placeholder(self) -> None:
        assert refused(event(occurredAt="{createdDate}", detailUrl="{url}")) == ["occurredAt", "detailUrl"]
