"""Whoever is to start later on a real case is told then what stands then: the case's state names the moment, and its tick tells them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from alertbus.model.case import Case
from alertbus.model.events import CaseChanged
from tests.asked import MONDAY, Machine, a_case, reached, said, ticked

NINTH, SIXTEENTH = datetime(2026, 3, 9, tzinfo=UTC), datetime(2026, 3, 16, tzinfo=UTC)


def with_school_from(day: date, version: int = 1, at: datetime = MONDAY) -> Case:
    return a_case("gp", {"agency": "school", "from": day}).model_copy(update={"version": version, "known_at": at})


def flagged(case: Case) -> Machine:
    """A case on which a flag stands."""
    machine = Machine()
    machine.follow(CaseChanged(case=case), reached(said(1, kind="violent_person_flag")))
    return machine


def school(notices: Any) -> list[Any]:
    return [one for one in notices if one.obligation.agency == "school" and one.obligation.kind == "violent_person_flag"]


def play(machine: Machine, end: datetime) -> list[tuple[datetime, Any]]:
    """Tick the case at each moment that its state names, as its clock does, up to an end: what the school was told, and when."""
    told = []
    while (moment := machine.state.next_at) is not None and moment <= end:
        told += [(moment, one) for one in school(machine.follow(ticked(moment, moment - timedelta(microseconds=1))))]
    return told


def first_told(told: list[tuple[datetime, Any]]) -> list[datetime]:
    return [at for at, notice in told if notice.deed == "deliver"]


def test_an_agency_is_told_when_it_starts_and_not_before_and_once() -> None:
    machine = flagged(with_school_from(NINTH.date()))

    assert first_told(play(machine, NINTH - timedelta(microseconds=1))) == []
    assert first_told(play(machine, NINTH + timedelta(days=30))) == [NINTH]


def test_a_new_version_of_the_case_replaces_what_was_to_come() -> None:
    machine = flagged(with_school_from(NINTH.date()))
    machine.follow(CaseChanged(case=with_school_from(SIXTEENTH.date(), 2, MONDAY + timedelta(days=1))))

    assert first_told(play(machine, SIXTEENTH + timedelta(days=30))) == [SIXTEENTH]


def test_an_alert_that_comes_before_the_start_is_told_at_the_start_too() -> None:
    machine = flagged(with_school_from(NINTH.date()))
    machine.follow(reached(said(2, MONDAY + timedelta(days=2), kind="violent_person_flag")))

    told = play(machine, NINTH + timedelta(days=1))

    assert {notice.obligation.source_id for at, notice in told if at == NINTH} == {"A-1", "A-2"}
