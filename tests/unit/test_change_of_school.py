"""A transfer file says that a child changed school: the case holder is asked, nobody moves by itself, and strangers are nobody's concern."""

from datetime import UTC, datetime
from typing import Any

import pytest

from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.events import AlertAboutPerson
from alertbus.model.item import ItemState
from alertbus.policy.load import load_policy
from alertbus.stream.stages import _is_meant
from tests.items_played import SOCIAL_CARE, PlayedCase, at, end_of

MOVED = {"school_change": {"from": "8012000", "to": "8201234"}}


def said_by_the_school(played: PlayedCase) -> None:
    played.say("CTF-1", at("2026-01-12"), "school_changed", source="school", details=MOVED)


def test_lnk_07_not_08_whoever_holds_the_case_is_asked_to_confirm_it_and_nobody_s_part_has_changed() -> None:
    played = PlayedCase.of()
    before = played.state.case
    said_by_the_school(played)

    item = played.one("school_move")
    assert (item.agency, item.role, item.due, item.state) == (
        "childrens_social_care",
        "social_worker",
        end_of("2026-01-14"),
        ItemState.OPEN,
    )
    assert {notice.obligation.role for notice in played.told_of(item)} == {"social_worker", "team_manager"}
    assert played.state.case == before


@pytest.mark.parametrize("state", ["done", "dropped"])
def test_it_is_closed_by_the_case_holders_word_and_by_nobody_elses(state: str) -> None:
    played = PlayedCase.of()
    said_by_the_school(played)
    action = {"action": {"what": "change of school", "state": state}}
    played.say("A-1", at("2026-01-12"), source="school", details=action)
    assert played.one("school_move").closed_by is None

    played.say("A-2", at("2026-01-13"), source=SOCIAL_CARE, details=action)
    assert (played.one("school_move").closed_by, played.one("school_move").state) == ("A-2", ItemState.MET)


def test_a_lapse_goes_to_the_manager() -> None:
    played = PlayedCase.of()
    said_by_the_school(played)
    item = played.until(at("2026-01-16")).one("school_move")

    assert item.state is ItemState.MISSED
    assert "team_manager" in [step.role for step in item.steps]


@pytest.mark.parametrize(("kind", "asked"), [("school_changed", False), ("school_concern", True)])
def test_of_a_child_on_no_case_nobody_is_asked_because_of_a_transfer_file(kind: str, asked: bool) -> None:
    moment = datetime(2026, 9, 7, 15, tzinfo=UTC)
    stated: dict[str, Any] = {
        "id": "x",
        "source": "school.8012000",
        "kind": kind,
        "occurred_at": moment,
        "recorded_at": moment,
        "children": [{"person": {"label": "a pupil"}}],
    }
    alert = AcceptedAlert.of(Alert.model_validate(stated), moment).with_people((("p-1",),))

    assert _is_meant(AlertAboutPerson(person_id="p-1", alert=alert), load_policy()) is asked
