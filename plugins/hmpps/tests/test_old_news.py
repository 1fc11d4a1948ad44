"""Old news is history: what was published long after it happened is stated, and told to nobody as new."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alertbus_hmpps.statements import OLD_NEWS
from hypothesis import given
from hypothesis import strategies as st

from plugins.hmpps.tests.messages import alert, case, event

HAPPENED = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)


def released(**changes: Any) -> dict[str, Any]:
    info = {"reason": "RELEASED", "nomisMovementReasonCode": "CR"}
    return event("prison-offender-events.prisoner.released", additionalInformation=info, **changes)


@given(st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_it_is_history_from_four_weeks_on(later: timedelta) -> None:
    raised = alert(released(publishedAt=(HAPPENED + later).isoformat()))

    assert raised.history is (later > OLD_NEWS)


@given(st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_what_is_still_to_come_is_no_history(sooner: timedelta) -> None:
    assert not alert(released(publishedAt=(HAPPENED - sooner).isoformat())).history


@pytest.mark.parametrize(
    "message",
    [
        {"Message": released(), "Timestamp": "2027-03-01T09:00:00Z"},
        {"Body": released(), "Attributes": {"SentTimestamp": "1803805200000"}},
        {"Records": [{"body": released(), "attributes": {"SentTimestamp": "1803805200000"}}]},
        {"Message": released(), "MessageAttributes": {"publishedAt": {"Type": "String", "Value": "2027-03-01T09:00:00Z"}}},
    ],
    ids=["SNS", "SQS", "Lambda", "attribute"],
)
def test_the_envelope_may_say_when_it_was_sent(message: object) -> None:
    assert alert(message).history


def test_what_does_not_say_when_it_was_published_is_left_to_whoever_has_a_clock() -> None:
    assert not alert(released()).history
    assert not alert(released(publishedAt="soon")).history


def test_case_26_a_release_of_2010_sent_today_is_history() -> None:
    old = case("26-release-of-2010.json")

    assert not alert(old).history  # it was published in 2010: this plugin reads no clock and cannot know better
    assert alert(old | {"publishedAt": "2026-11-27T09:00:00Z"}).history
    assert alert(old).id == alert(old | {"publishedAt": "2026-11-27T09:00:00Z"}).id


def test_an_end_is_told_however_late_it_is_published() -> None:
    """Whoever was told of a flag must hear that it ended: only what is raised can be history."""
    ended = event(
        "person.alert.inactive",
        additionalInformation={"alertCode": "XSA", "alertUuid": "1"},
        publishedAt=(HAPPENED + timedelta(days=400)).isoformat(),
    )

    assert not alert(ended).history
