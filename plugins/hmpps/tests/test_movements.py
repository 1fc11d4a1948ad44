"""One test for each movement reason and code: what he did, and what the families outside are told."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alertbus_hmpps import Hmpps
from alertbus_hmpps.events import RELEASES
from alertbus_hmpps.movements import RECALL_CODES, RECEPTION_REASONS, RELEASE_CODES, RELEASE_REASONS
from alertbus_hmpps.outcomes import DIED

from alertbus.plugin import Alert, Ignored, Release, Severity, UnreadableMessage

CASES = Path(__file__).parent / "data" / "cases"


def event(kind: str, **info: Any) -> bytes:
    told = {"nomsNumber": "A7215DZ", **info}
    return json.dumps({"eventType": kind, "version": 1, "occurredAt": "2024-06-11T15:14:46+01:00", "additionalInformation": told}).encode()


def released(**info: Any) -> bytes:
    return event("prison-offender-events.prisoner.released", currentLocation="OUTSIDE_PRISON", **info)


def received(**info: Any) -> bytes:
    return event("prison-offender-events.prisoner.received", currentLocation="IN_PRISON", **info)


def alert(raw: bytes) -> Alert:
    result = Hmpps().parse(raw, {})
    assert isinstance(result, list)
    (stated,) = result
    assert isinstance(stated, Alert)
    return stated


def outcome(raw: bytes) -> str:
    """In short: the kind raised, or that nothing was."""
    result = Hmpps().parse(raw, {})
    return "ignored" if isinstance(result, Ignored) else alert(raw).kind


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
    "UAL": "unlawfully_at_large",
    "UAL_ECL": "unlawfully_at_large",
    "ESCP": "unlawfully_at_large",
    "HP": "ignored",
    "HO": "ignored",
    "HQ": "ignored",
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
    assert outcome(released(reason="RELEASED", details="Movement reason code HP")) == "ignored"
    assert outcome(received(reason="ADMISSION", details="ACTIVE IN:ADM-24")) == "prisoner_recall"


def test_an_older_probable_cause_is_believed() -> None:
    assert outcome(received(reason="ADMISSION", probableCause="RECALL")) == "prisoner_recall"


def test_a_curfew_is_said_in_the_conditions() -> None:
    release = alert(released(reason="RELEASED", nomisMovementReasonCode="HD")).details.release

    assert release is not None
    assert (str(release.date), release.conditions) == ("2024-06-11", ("home detention curfew",))


def test_somebody_at_large_is_the_most_urgent() -> None:
    raised = alert(released(reason="RELEASED", nomisMovementReasonCode="UAL"))

    assert raised.severity is Severity.CRITICAL
    assert raised.details.flag is not None
    assert raised.details.flag.precautions == ("unlawfully at large: treat as at liberty; if seen, call the police, do not approach",)


def test_case_15_somebody_at_large_is_no_other_information_and_no_release() -> None:
    at_large = alert((CASES / "15-unlawfully-at-large.json").read_bytes())
    released_then = alert((CASES / "15-conditional-release.json").read_bytes())

    assert (at_large.kind, released_then.kind) == ("unlawfully_at_large", "prisoner_release")
    assert at_large.narrative[0].text == (
        "The person left prison without leave: unlawfully at large. The source calls every way of leaving a release."
    )
    assert at_large.details.release is None


DEATHS: list[dict[str, Any]] = [
    {"reason": "RELEASED", "nomisMovementReasonCode": "DEC"},
    {"reason": "RELEASED", "details": "Movement reason code DEC"},
    {"reason": "RELEASED", "nomisMovementReasonCode": "dec"},
    {"reason": "DIED"},
    {"reason": "DEATH_IN_CUSTODY"},
    {"reason": "DECEASED", "nomisMovementReasonCode": "ZZ9"},
    {"reason": "SENT_TO_COURT", "nomisMovementReasonCode": "DEC"},
]


@pytest.mark.parametrize("info", DEATHS, ids=str)
@pytest.mark.parametrize("topic", sorted(RELEASES))
def test_a_death_never_reads_as_a_release_whichever_topic_says_it(topic: str, info: dict[str, Any]) -> None:
    assert Hmpps().parse(event(topic, **info), {}) == Ignored(f"held back because {DIED}")


@pytest.mark.parametrize("kind", ["prison-offender-events.prisoner.died", "prisoner-offender-search.prisoner.died"])
def test_a_death_has_one_outcome_under_its_own_name_too(kind: str) -> None:
    assert Hmpps().parse(event(kind), {}) == Ignored(f"held back because {DIED}")


@pytest.mark.parametrize(
    "info", [{"reason": "DECEASED"}, {"reason": "RELEASED", "details": "Movement reason code DEC"}], ids=["reason", "details"]
)
@pytest.mark.parametrize("code", ["CR", "UAL", "HO"])
def test_who_died_and_left_in_another_way_is_for_a_person_to_look_at(code: str, info: dict[str, Any]) -> None:
    with pytest.raises(UnreadableMessage) as refused:
        Hmpps().parse(released(nomisMovementReasonCode=code, **info), {})

    assert [f.path for f in refused.value.faults] == ["additionalInformation.nomisMovementReasonCode"]


@pytest.mark.parametrize("code", RELEASE_CODES)
def test_a_code_in_small_letters_is_the_same_code(code: str) -> None:
    small = released(reason="RELEASED", nomisMovementReasonCode=code.lower())

    assert outcome(small) == RELEASE_CODE_OUTCOMES[code]


def test_a_description_of_a_death_is_believed() -> None:
    told = json.loads(event("prisoner-offender-search.prisoner.released", reason="RELEASED"))
    told["description"] = "A prisoner has been released from a prison with reason: died"

    assert Hmpps().parse(json.dumps(told).encode(), {}) == Ignored(f"held back because {DIED}")


def test_a_release_without_a_code_says_that_nobody_knows_how_he_left() -> None:
    raised = alert(event("prisoner-offender-search.prisoner.released", reason="RELEASED"))

    assert raised.details.release is not None
    assert raised.details.release.conditions == (
        "the event does not say in what way the person left: ask the prison before you tell anybody at home",
    )
    assert raised.details.release.confirmed is None
    coded = alert(released(reason="RELEASED", nomisMovementReasonCode="CR")).details.release
    assert coded == Release(date=date(2024, 6, 11), confirmed=True)


def test_contradicting_codes_are_kept_for_review_and_shown_to_nobody() -> None:
    raw = released(reason="RELEASED", nomisMovementReasonCode="CR", details="Movement reason code HD")

    assert alert(raw).details.model_extra == {
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
