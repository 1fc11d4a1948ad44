"""Every real file we hold, posted: its outcome and the reason. None of them was written for us."""

import hashlib
from pathlib import Path

import pytest
from alertbus_hmpps import Hmpps

from alertbus.plugin import Ignored, UnreadableMessage

DATA = Path(__file__).parent / "data"

RECORD = "a prisoner record as it stands, not an event: it does not say what happened or when"
ANSWER = "an answer of an HMPPS API, not an event"
CORRECTED = "harmless because a prison record was corrected and nobody moved"
ROUTINE = "harmless because it is part of daily life in prison and changes nothing outside"
RISK = "a risk assessment, not an event: send the registration it led to"
COURT = "a court hearing: no rule; courts are not a source of this bus"
UNFILLED = "a value: this is a template that was never filled in"
NO_TYPE = [("eventType", "the event's type as text")]

RAISED = {
    "domain-events/prisoner-received-recall.json": ("prisoner_recall", "prison.hmpps", "2024-06-24T16:06:39+01:00"),
    "domain-events/prisoner-released-cr.json": ("prisoner_release", "prison.hmpps", "2023-11-20T17:07:58+00:00"),
}

IGNORED = {
    "court/common-platform-hearing.json": COURT,
    "court/common-platform-sqs-envelope.json": COURT,
    "domain-events/incentives-iep-review-inserted.json": (
        f"{ROUTINE}; the envelope names another event type, and the message inside decides"
    ),
    "domain-events/incentives-next-review-date-changed.json": ROUTINE,
    "domain-events/prisoner-received-intake.json": (
        "admitted to prison: not a recall; `details` names another movement code, and nomisMovementReasonCode decides"
    ),
    "domain-events/prisoner-unknown-event.json": "not yet known: this event type has no row in the plugin's table; nothing was raised",
    "legacy-offender-events/appointment-cancelled.json": ROUTINE,
    "legacy-offender-events/appointment-changed.json": ROUTINE,
    "legacy-offender-events/assessment-updated.json": (
        "harmless because the event does not say how the assessment changed; what matters in it becomes a prison alert"
    ),
    "legacy-offender-events/external-movement-inserted.json": (
        "harmless because the movement follows as prison-offender-events.prisoner.released or .received, with person and reason"
    ),
    "legacy-offender-events/offender-booking-changed.json": CORRECTED,
    "legacy-offender-events/offender-deleted.json": (
        "harmless because a prison record was deleted by retention rules, and the bus has its own"
    ),
    "legacy-offender-events/offender-identifier-updated.json": CORRECTED,
    "legacy-offender-events/offender-updated-no-id-display.json": CORRECTED,
    "legacy-offender-events/offender-updated-restricted-patient.json": CORRECTED,
    "legacy-offender-events/offender-updated.json": CORRECTED,
    **dict.fromkeys(
        [
            "prisoner-state/court-in-different-prison.json",
            "prisoner-state/court-in-same-prison.json",
            "prisoner-state/court-out.json",
            "prisoner-state/first-moved-booking.json",
            "prisoner-state/first-new-booking.json",
            "prisoner-state/new-prisoner.json",
            "prisoner-state/recalled.json",
            "prisoner-state/released.json",
            "prisoner-state/second-new-booking.json",
            "prisoner-state/tap-in-different-prison.json",
            "prisoner-state/tap-in-same-prison.json",
            "prisoner-state/transfer-in-same-prison.json",
            "prisoner-state/transfer-in.json",
            "prisoner-state/transfer-out.json",
        ],
        RECORD,
    ),
    "risk-and-licence/dynamic-risks-redacted-for-police.json": ANSWER,
    "risk-and-licence/licence-with-dates.json": ("a licence document, not an event: the release is an event of its own"),
    "risk-and-licence/prison-timeline.json": ANSWER,
    "risk-and-licence/prisoner-release-dates.json": ("a prisoner's release dates, not an event: send the event that changed them"),
    "risk-and-licence/responsible-officer-redacted.json": ANSWER,
    "risk-and-licence/risk-self-and-others.json": RISK,
    "risk-and-licence/risk-serious-harm-redacted.json": ANSWER,
    "risk-and-licence/risk-serious-harm.json": ANSWER,
    "risk-and-licence/rosh-levels.json": RISK,
    "risk-and-licence/sentence-key-dates-redacted.json": ANSWER,
}

REFUSED = {
    "court/common-platform-attributes.json": NO_TYPE,
    "domain-events/enforcement-recall-raised.json": [
        ("Message.occurredAt", UNFILLED),
        ("Message.additionalInformation.eventId", UNFILLED),
    ],
    "domain-events/person-community-manager-allocated.json": [
        ("occurredAt", UNFILLED),
        ("additionalInformation.allocationId", UNFILLED),
        ("personReference.identifiers[0].value", UNFILLED),
    ],
    "risk-and-licence/event-filter-policy.json": NO_TYPE,
    "schema/domain-event.schema.json": NO_TYPE,
}


def test_the_tables_name_every_file_once() -> None:
    named = [*RAISED, *IGNORED, *REFUSED]

    real = [path.relative_to(DATA) for path in DATA.rglob("*.json")]
    assert sorted(named) == sorted(str(path) for path in real if path.parts[0] != "cases")


@pytest.mark.parametrize("name", RAISED)
def test_raises_one_alert(name: str) -> None:
    outcome = Hmpps().parse((DATA / name).read_bytes(), {})

    assert isinstance(outcome, list)
    assert [(a.kind, a.source, a.occurred_at.isoformat()) for a in outcome] == [RAISED[name]]


@pytest.mark.parametrize("name", IGNORED)
def test_ignores_with_its_reason(name: str) -> None:
    assert Hmpps().parse((DATA / name).read_bytes(), {}) == Ignored(IGNORED[name])


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_with_every_path(name: str) -> None:
    with pytest.raises(UnreadableMessage) as refused:
        Hmpps().parse((DATA / name).read_bytes(), {})

    assert [(f.path, f.expected) for f in refused.value.faults] == REFUSED[name]


def test_a_release_carries_the_sources_words_and_nothing_invented() -> None:
    outcome = Hmpps().parse((DATA / "domain-events/prisoner-released-cr.json").read_bytes(), {})

    assert isinstance(outcome, list)
    assert outcome[0].model_dump(mode="json", exclude_defaults=True) == {
        "id": outcome[0].id,
        "source": "prison.hmpps",
        "kind": "prisoner_release",
        "occurred_at": "2023-11-20T17:07:58Z",
        "recorded_at": "2023-11-20T17:07:58Z",
        "subjects": [{"person": {"identifiers": [{"system": "prison_number", "value": "A7215DZ"}]}}],
        "narrative": [{"text": "A prisoner has been released from prison", "said_by": "professional", "observed_first_hand": False}],
        "severity": "high",
        "details": {"release": {"date": "2023-11-20", "confirmed": True}},
    }


def test_the_files_are_as_they_were_published() -> None:
    """The first twelve digits of a few hashes, from the list of sources: an edited sample proves nothing."""
    known = {"domain-events/prisoner-released-cr.json": "c62b6dd624bc", "prisoner-state/recalled.json": "406a74ee97ac"}

    found = {name: hashlib.sha256((DATA / name).read_bytes()).hexdigest()[:12] for name in known}

    assert found == known
