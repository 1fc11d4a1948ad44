"""One test for each movement reason and code: what he did, and what the families outside are told."""

import json
from typing import Any

import pytest
from alertbus_hmpps import Hmpps
from alertbus_hmpps.movements import RECALL_CODES, RECEPTION_REASONS, RELEASE_CODES, RELEASE_REASONS

from alertbus.plugin import Ignored, Severity, UnreadableMessage


def event(kind: str, **info: Any) -> bytes:
    told = {"nomsNumber": "A7215DZ", **info}
    return json.dumps({"eventType": kind, "version": 1, "occurredAt": "2024-06-11T15:14:46+01:00", "additionalInformation": told}).encode()


def released(**info: Any) -> bytes:
    return event("prison-offender-events.prisoner.released", currentLocation="OUTSIDE_PRISON", **info)


def received(**info: Any) -> bytes:
    return event("prison-offender-events.prisoner.received", currentLocation="IN_PRISON", **info)


def outcome(raw: bytes) -> str:
    """In short: the kind raised, or that nothing was."""
    result = Hmpps().parse(raw, {})
    return "ignored" if isinstance(result, Ignored) else ", ".join(alert.kind for alert in result)


RELEASE_REASON_OUTCOMES = {
    "TEMPORARY_ABSENCE_RELEASE": "ignored",
    "SENT_TO_COURT": "ignored",
    "TRANSFERRED": "ignored",
    "RELEASED_TO_HOSPITAL": "ignored",
    "REMOVED_FROM_HOSPITAL": "prisoner_release",
    "RELEASED": "prisoner_release",
}

RELEASE_CODE_OUTCOMES = {
    "CR": "prisoner_release",
    "NCS": "prisoner_release",
    "HD": "prisoner_release",
    "ECSL": "prisoner_release",
    "DD": "prisoner_release",
    "DE": "prisoner_release",
    "DL": "prisoner_release",
    "DEIRC": "prisoner_release",
    "ETR": "prisoner_release",
    "ECSLIRC": "prisoner_release",
    "UAL": "other",
    "UAL_ECL": "other",
    "ESCP": "other",
    "HP": "ignored",
    "HO": "ignored",
    "HQ": "ignored",
    "DEC": "ignored",
    "MRG": "ignored",
}

RECEPTION_REASON_OUTCOMES = {
    "RETURN_FROM_COURT": "ignored",
    "TRANSFERRED": "ignored",
    "TEMPORARY_ABSENCE_RETURN": "ignored",
    "POST_MERGE_ADMISSION": "ignored",
    "NEW_ADMISSION": "ignored",
    "READMISSION_SWITCH_BOOKING": "ignored",
    "READMISSION": "prisoner_recall",
    "RECALL": "prisoner_recall",
    "ADMISSION": "ignored",
}


def test_no_row_is_without_its_test() -> None:
    assert set(RELEASE_REASON_OUTCOMES) == set(RELEASE_REASONS)
    assert set(RELEASE_CODE_OUTCOMES) == set(RELEASE_CODES)
    assert set(RECEPTION_REASON_OUTCOMES) == set(RECEPTION_REASONS)


@pytest.mark.parametrize("reason", RELEASE_REASON_OUTCOMES)
def test_reason_for_leaving(reason: str) -> None:
    assert outcome(released(reason=reason)) == RELEASE_REASON_OUTCOMES[reason]


@pytest.mark.parametrize("code", RELEASE_CODE_OUTCOMES)
def test_code_of_leaving(code: str) -> None:
    assert outcome(released(reason="RELEASED", nomisMovementReasonCode=code)) == RELEASE_CODE_OUTCOMES[code]


@pytest.mark.parametrize("reason", RECEPTION_REASON_OUTCOMES)
def test_reason_for_arriving(reason: str) -> None:
    assert outcome(received(reason=reason)) == RECEPTION_REASON_OUTCOMES[reason]


@pytest.mark.parametrize("code", RECALL_CODES)
def test_code_of_a_recall(code: str) -> None:
    assert outcome(received(reason="ADMISSION", nomisMovementReasonCode=code)) == "prisoner_recall"


def test_a_code_nobody_has_listed_is_a_release_and_not_a_recall() -> None:
    assert outcome(released(reason="RELEASED", nomisMovementReasonCode="ZZ9")) == "prisoner_release"
    assert outcome(received(reason="ADMISSION", nomisMovementReasonCode="ZZ9")) == "ignored"


def test_the_reason_decides_before_the_code() -> None:
    assert outcome(released(reason="SENT_TO_COURT", nomisMovementReasonCode="CR")) == "ignored"


def test_the_code_is_taken_from_details_where_there_is_no_other() -> None:
    assert outcome(released(reason="RELEASED", details="Movement reason code DEC")) == "ignored"
    assert outcome(received(reason="ADMISSION", details="ACTIVE IN:ADM-24")) == "prisoner_recall"


def test_an_older_probable_cause_is_believed() -> None:
    assert outcome(received(reason="ADMISSION", probableCause="RECALL")) == "prisoner_recall"


def test_a_curfew_is_said_in_the_conditions() -> None:
    alerts = Hmpps().parse(released(reason="RELEASED", nomisMovementReasonCode="HD"), {})

    assert isinstance(alerts, list)
    release = alerts[0].details.release
    assert release is not None
    assert (str(release.date), release.conditions) == ("2024-06-11", ("home detention curfew",))


def test_somebody_at_large_is_the_most_urgent() -> None:
    alerts = Hmpps().parse(released(reason="RELEASED", nomisMovementReasonCode="UAL"), {})

    assert isinstance(alerts, list)
    assert alerts[0].severity is Severity.CRITICAL
    assert alerts[0].details.flag is not None
    assert "unlawfully at large" in alerts[0].details.flag.precautions[0]


def test_contradicting_codes_are_kept_for_review_and_shown_to_nobody() -> None:
    raw = released(reason="RELEASED", nomisMovementReasonCode="CR", details="Movement reason code HD")

    alerts = Hmpps().parse(raw, {})

    assert isinstance(alerts, list)
    assert alerts[0].details.model_extra == {
        "hmpps": {
            "contradictions": ["`details` names another movement code, and nomisMovementReasonCode decides"],
            "identifiers_not_read": [],
        }
    }


@pytest.mark.parametrize("place", ["IN_PRISON", "BEING_TRANSFERRED"])
def test_a_release_from_elsewhere_is_for_a_person_to_look_at(place: str) -> None:
    raw = event("prison-offender-events.prisoner.released", reason="RELEASED", currentLocation=place)

    with pytest.raises(UnreadableMessage) as refused:
        Hmpps().parse(raw, {})

    assert [f.path for f in refused.value.faults] == ["additionalInformation.currentLocation"]


@pytest.mark.parametrize("reason", ["UNKNOWN", "ESCORTED", None, 7])
def test_a_reason_nobody_has_listed_is_for_a_person_to_look_at(reason: object) -> None:
    with pytest.raises(UnreadableMessage) as refused:
        Hmpps().parse(released(reason=reason), {})

    assert [f.path for f in refused.value.faults] == ["additionalInformation.reason"]
