"""An urgent alert that nobody has acknowledged moves on to whoever has duty in the team, after the policy's time (OOH-06)."""

from datetime import timedelta

from alertbus.model.team import Team
from alertbus.staff.answering import answering
from alertbus.staff.staffing import Staffing
from tests.asked import MONDAY, POLICY, answered
from tests.unit.test_answers import asked

CSC = "childrens_social_care"
TEAM = Team.model_validate(
    {
        "id": f"{CSC}.north",
        "agency": CSC,
        "name": "North team",
        "members": [{"name": "Ada Obi", "roles": ["social_worker"]}, {"name": "Kim Lee"}],
        "duty": [{"who": "Kim Lee", "from": "2026-02-01"}],
    }
)


def test_ooh_06_an_urgent_alert_that_nobody_acknowledges_reaches_whoever_has_duty_when_its_time_has_passed() -> None:
    machine, told = asked(CSC, kind="restraining_order_breach")
    first = next(one for one in told if one.obligation.role == "social_worker")
    set_time = POLICY.due("restraining_order_breach", MONDAY, first.obligation.severity)
    assert set_time - MONDAY <= timedelta(hours=4)

    machine.until(set_time)
    moved = next(one for one in machine.steps if one.step and one.step.kind == "next")
    assert (moved.obligation.id, moved.step and moved.step.at) == (first.obligation.id, set_time)
    found = answering(Staffing([TEAM]), CSC, moved.obligation.role, moved.recipient, set_time, POLICY)
    assert found.who == "Kim Lee", "the worker alone had it before, and the team has it now"


def test_ooh_06_what_was_acknowledged_in_time_moves_on_to_nobody() -> None:
    machine, told = asked(CSC, kind="restraining_order_breach")
    machine.follow(*(answered(one, MONDAY + timedelta(minutes=30)) for one in told))
    machine.until(MONDAY + timedelta(days=2))

    assert machine.steps == []
