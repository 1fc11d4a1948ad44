"""A worker whose handover is told on one day and recorded on another is briefed once (TUR-02)."""

from datetime import datetime
from typing import Any

import pytest

from alertbus.model.case import in_uk
from alertbus.model.events import CaseChanged, Tick
from alertbus.model.notice import Deed
from tests.on_a_case import OnACase
from tests.unit.test_briefings import FOUNDERS, a_case, days, handed_over, on_the_case

LINKS: list[dict[str, Any]] = [{"person": "man", "relation": "ex_partner"}, {"person": "mother", "relation": "mother"}]
SW2 = {"agency": "childrens_social_care", "level": "worker", "worker": "SW2"}


def recorded(played: OnACase, at: datetime, version: int = 2, worker: str = "SW2") -> None:
    """The case names the new worker from that day on."""
    involvements = [*FOUNDERS, {**SW2, "worker": worker, "from": in_uk(at).date().isoformat()}]
    played.do(CaseChanged(case=a_case(version, at, a_case(links=LINKS), links=LINKS, involvements=involvements)))


def briefings_of(played: OnACase, worker: str = "SW2") -> set[str]:
    return {one.obligation.id for one in played.own if one.rule == "briefing" and one.recipient == worker}


def test_tur_02_a_worker_whose_handover_is_told_on_monday_and_recorded_on_tuesday_is_briefed_once() -> None:
    played = on_the_case()
    played.reach(handed_over(days(1), to="SW2", pack=True))
    (told,) = briefings_of(played)
    recorded(played, days(2))
    played.do(Tick(case_id="case-1", since=days(1), at=days(3)))

    given = [one for one in played.own if one.rule == "briefing" and one.recipient == "SW2"]
    assert [(one.obligation.id, one.deed) for one in given] == [(told, Deed.DELIVER)], "the same agency, role and name within the window"
    played.do(Tick(case_id="case-1", since=days(3), at=days(400)))
    assert briefings_of(played) == {told}, "nor when the handover is forgotten"


def test_tur_02_a_handover_told_after_it_was_recorded_amends_the_briefing() -> None:
    played = on_the_case()
    recorded(played, days(1))
    (told,) = briefings_of(played)
    played.reach(handed_over(days(2), to="SW2", pack=True))

    assert briefings_of(played) == {told}
    assert [one.deed for one in played.own if one.obligation.id == told] == [Deed.DELIVER, Deed.AMEND]


def test_tur_02_a_handover_that_reaches_its_case_after_the_later_recording_amends_the_briefing_too() -> None:
    played = on_the_case()
    recorded(played, days(3))
    (told,) = briefings_of(played)
    late = handed_over(days(2), to="SW2", pack=True)
    for _ in range(2):  # and again, as after a crash
        played.reach(late)

    given = [one for one in played.own if one.rule == "briefing" and one.recipient == "SW2"]
    assert {one.obligation.id for one in given} == {told}
    assert [one.deed for one in given][:2] == [Deed.DELIVER, Deed.AMEND]
    assert len({one.id for one in given}) == 2, "the same amendment under the same id"
    played.do(Tick(case_id="case-1", since=days(3), at=days(5)))
    played.do(Tick(case_id="case-1", since=days(5), at=days(400)))
    assert briefings_of(played) == {told}, "nor when time comes, nor when the handover is forgotten"


@pytest.mark.parametrize(("worker", "day"), [("SW3", 2), ("SW2", 12)])
def test_tur_02_another_worker_and_one_who_comes_after_the_window_are_briefed_by_themselves(worker: str, day: int) -> None:
    played = on_the_case()
    played.reach(handed_over(days(1), to="SW2", pack=True))
    recorded(played, days(day), worker=worker)
    assert len(briefings_of(played) | briefings_of(played, worker)) == 2
