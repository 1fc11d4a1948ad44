"""A tick says since when it was written for; what became owed before that and was not given out yet is given out with it."""

from datetime import timedelta

import pytest

from alertbus.model.events import AlertReachedCase, CaseChanged, Tick
from alertbus.reach.owed import Owed
from alertbus.reach.reduce_case import EMPTY, CaseState, reduce_case
from tests.story import POLICY, T0, a_case, accepted, hours

INVOLVED = [{"agency": "gp"}, {"agency": "school", "from": hours(24)}]


def play(*events: object) -> tuple[CaseState, list[list[Owed]]]:
    state, said = EMPTY, []
    for event in events:
        state, owed = reduce_case(state, event, POLICY)  # type: ignore[arg-type]
        said.append(owed)
    return state, said


def told(owed: list[Owed]) -> set[str]:
    return {entry.obligation.agency for entry in owed}


BEGUN = [
    CaseChanged(case=a_case(involvements=INVOLVED).model_copy(update={"known_at": T0})),
    AlertReachedCase(case_id="case-1", via="p-adult", alert=accepted("T-1", hours(1), kind="violent_person_flag")),
]


@pytest.mark.parametrize("since", [hours(0), hours(24), hours(30), hours(47)])
def test_clk_02_who_joined_before_the_moment_a_tick_was_written_for_is_told_by_it(since: object) -> None:
    _, said = play(*BEGUN, Tick(case_id="case-1", since=since, at=hours(48)))

    assert "school" not in told(said[1])
    assert "school" in told(said[2])


def test_what_a_tick_was_not_written_for_is_not_taken_for_told_by_a_change_of_the_case() -> None:
    """The involvement began; a tick for something later came first; then the case changed, so that nobody ticks for the involvement."""
    changed = CaseChanged(case=a_case(version=2, involvements=INVOLVED).model_copy(update={"known_at": hours(49)}))
    _, said = play(*BEGUN, Tick(case_id="case-1", since=hours(47), at=hours(48)), changed)

    assert "school" in set().union(*map(told, said))


def test_a_repeated_tick_gives_again_what_lies_in_it_and_no_more() -> None:
    tick = Tick(case_id="case-1", since=hours(24) - timedelta(microseconds=1), at=hours(48))
    _, said = play(*BEGUN, tick, tick)

    assert [entry.notice_id for entry in said[2]] == [entry.notice_id for entry in said[3]]
    assert told(said[3]) == {"school"}
