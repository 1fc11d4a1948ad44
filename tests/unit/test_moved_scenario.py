"""A scenario's timeline moved as a whole, for a desk that is looked at today."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alertbus.cli.demo import CHILD_BI
from alertbus.desk.visitor import Role
from alertbus.rehearsal.desk_people import CALLED, PEOPLE, made_password, teams
from alertbus.rehearsal.desk_staged import LAST, TOLD_FROM
from alertbus.rehearsal.moved import MovedTo, moved
from alertbus.rehearsal.scenario import Scenario, load_scenario

NOW = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def before() -> Scenario:
    return load_scenario(Path(CHILD_BI), "x1")


@pytest.fixture(scope="module")
def after(before: Scenario) -> Scenario:
    return moved(before, MovedTo(LAST, TOLD_FROM, NOW), CALLED)


def test_its_last_event_is_now_and_all_that_lies_between_two_events_stays_as_it_was(before: Scenario, after: Scenario) -> None:
    assert after.events[-1].id == LAST
    assert after.events[-1].alert.recorded_at == NOW
    shifts = {new.day - old.day for old, new in zip(before.events, after.events, strict=False)}
    assert len(shifts) == 1
    moments = {new.alert.recorded_at - old.alert.recorded_at for old, new in list(zip(before.events, after.events, strict=False))[:-1]}
    assert moments == shifts


def test_only_what_is_recent_tells_anybody(after: Scenario) -> None:
    told = [event.id for event in after.events if not event.alert.history]

    assert told[0] == TOLD_FROM
    assert told[-1] == LAST
    assert 10 < len(told) < 40


def test_nothing_of_the_case_lies_ahead_and_its_people_at_work_have_names(after: Scenario) -> None:
    [case] = after.cases
    body = case.model_dump_json()

    assert all(person.died is None or person.died <= NOW.date() for person in case.people)
    assert all(one.from_ is None or one.from_ <= NOW.date() for one in (*case.involvements, *case.episodes))
    assert "SW4" not in body
    assert "Social Worker 4" in body
    assert all(label not in event.alert.model_dump_json() for event in after.events for label in ('"SW3"', '"SW4"'))


def test_the_original_is_as_it_was(before: Scenario) -> None:
    assert before == load_scenario(Path(CHILD_BI), "x1")


def test_there_is_somebody_for_each_role_and_for_the_agencies_that_meet_the_family() -> None:
    assert {person.role for person in PEOPLE} == set(Role)
    assert {"health_visiting", "midwifery", "school", "probation", "childrens_social_care"} <= {person.agency for person in PEOPLE}
    assert len({person.username for person in PEOPLE}) == len(PEOPLE)


def test_each_run_has_a_password_of_its_own_that_nobody_guesses() -> None:
    made = {made_password() for _ in range(20)}

    assert len(made) == 20
    assert all(len(one) >= 16 for one in made)


def test_the_teams_have_somebody_away_who_is_covered_and_somebody_on_duty_and_the_exercise_has_them_too() -> None:
    found = teams(NOW, "x1")
    away = [absence for team in found for absence in team.get("absences", ())]

    assert {team.get("exercise") for team in found} == {None, "x1"}
    assert all(absence["cover"] for absence in away)
    assert away
    assert any(turn["to"] > (NOW + timedelta(days=7)).isoformat() for team in found for turn in team.get("duty", ()))
