"""Where an answer has run out, the chronicle shows what the case knows: it is asked again, by when, and whoever answered before is past."""

from datetime import datetime, timedelta

from alertbus.chronicle.derive import DerivedObligation, NoticeHead, derive_obligation
from alertbus.chronicle.tables import ObligationState
from alertbus.chronicle.views import asked_again_at
from alertbus.cli.status import answer_given
from alertbus.model.item import ItemStep, StepKind
from alertbus.model.notice import Deed, Notice
from alertbus.model.receipt import Intent, Receipt, Stage
from tests.asked import MONDAY, POLICY, Machine, answered
from tests.story import a_notice, a_receipt
from tests.unit.test_answers import HOUR, asked, holding

RUN_OUT = MONDAY + 25 * HOUR


def acting(notice: Notice, at: datetime, by: str = "A. Person", stage: Stage = Stage.ACKNOWLEDGED) -> Receipt:
    return a_receipt(notice, stage, at, by=by, intent=Intent.ACTING)


def shown(machine: Machine, first: Notice, *receipts: Receipt) -> DerivedObligation:
    mine = [one for one in machine.notices if one.obligation.id == first.obligation.id]
    return derive_obligation([NoticeHead.of(one, place) for place, one in enumerate(mine)], receipts)


def a_held_answer() -> tuple[Machine, Notice, Receipt]:
    machine, (first,) = asked("school", policy=holding(hours=24), kind="restraining_order_breach")
    machine.follow(answered(first, MONDAY + HOUR))
    return machine, first, acting(first, MONDAY + HOUR)


def test_ppn_02_an_answer_stands_until_it_runs_out_and_then_it_is_asked_again_by_a_new_time() -> None:
    machine, first, receipt = a_held_answer()
    machine.until(RUN_OUT - timedelta(minutes=1))
    assert (shown(machine, first, receipt).state, shown(machine, first, receipt).due) == (
        ObligationState.ACKNOWLEDGED,
        first.obligation.due,
    )

    machine.until(RUN_OUT)
    after = shown(machine, first, receipt)
    assert after.state not in {ObligationState.ACKNOWLEDGED, ObligationState.ESCALATED}
    assert (after.acknowledged_by, after.due) == (None, RUN_OUT + 4 * HOUR)
    assert asked_again_at(machine.notices[-1], after.state) == RUN_OUT
    machine.until(MONDAY + 30 * HOUR)
    assert shown(machine, first, receipt).state is ObligationState.ESCALATED
    item = machine.items[-1]
    assert (item.closed_at, item.due) == (None, RUN_OUT + 4 * HOUR), "as the case has it"


def test_ppn_02_whoever_answers_again_is_shown_and_what_was_done_does_not_run_out() -> None:
    machine, first, receipt = a_held_answer()
    machine.until(RUN_OUT + HOUR)
    again = acting(first, RUN_OUT + HOUR, "B. Person")
    assert (shown(machine, first, receipt, again).state, shown(machine, first, receipt, again).acknowledged_by) == (
        ObligationState.ACKNOWLEDGED,
        "B. Person",
    )
    assert asked_again_at(machine.notices[-1], ObligationState.ACKNOWLEDGED) is None

    machine, (first,) = asked("school", policy=holding(hours=24), kind="restraining_order_breach")
    machine.follow(answered(first, MONDAY + HOUR, acted=True))
    machine.until(MONDAY + 60 * HOUR)
    assert shown(machine, first, acting(first, MONDAY + HOUR, stage=Stage.ACTED)).state is ObligationState.ACKNOWLEDGED


def test_a_step_that_was_due_before_its_case_heard_of_the_answer_takes_no_answer_back() -> None:
    told = a_notice("N-1", "owed-1", since=MONDAY)
    reminder = ItemStep(kind=StepKind.NEXT, role="team_manager", at=MONDAY + 2 * HOUR)
    chased = a_notice("N-2", "owed-1", since=MONDAY, deed=Deed.ESCALATE).model_copy(update={"step": reminder})
    heads = [NoticeHead.of(told, 0), NoticeHead.of(chased, 1)]
    assert derive_obligation(heads, [acting(told, MONDAY + HOUR)]).state is ObligationState.ACKNOWLEDGED


def test_what_is_amended_after_it_was_asked_again_is_asked_anew_by_its_own_time() -> None:
    told = a_notice("N-1", "owed-1", since=MONDAY)
    step = ItemStep(kind=StepKind.REMINDER, role="social_worker", at=RUN_OUT, asked_again=RUN_OUT)
    chased = a_notice("N-2", "owed-1", since=MONDAY, deed=Deed.ESCALATE, due=RUN_OUT + HOUR).model_copy(update={"step": step})
    amended = a_notice("N-3", "owed-1", since=RUN_OUT + HOUR, deed=Deed.AMEND, due=RUN_OUT + 9 * HOUR)
    heads = [NoticeHead.of(one, place) for place, one in enumerate((told, chased, amended))]
    found = derive_obligation(heads, [acting(amended, RUN_OUT + 2 * HOUR)])
    assert (found.state, found.due) == (ObligationState.ACKNOWLEDGED, RUN_OUT + 9 * HOUR)


def test_the_command_line_says_that_it_is_asked_again() -> None:
    asked_anew = {"acknowledged_by": None, "asked_again_at": "2026-03-03T10:00:00Z"}
    assert answer_given(asked_anew) == "asked again since 2026-03-03T10:00: the answer before that counts no more"


def test_ppn_02_what_runs_out_at_night_is_answered_until_the_day_team_is_there_and_is_asked_again_that_very_moment() -> None:
    """Nothing says that it is answered when it is asked again, and nobody is asked at night. Their time counts from when it ran out."""
    machine, told = asked("childrens_social_care", policy=POLICY, kind="ppn")
    mine = next(one for one in told if one.obligation.role == "social_worker")
    receipt = acting(mine, MONDAY + HOUR)
    machine.follow(answered(mine, MONDAY + HOUR))
    opening = MONDAY + timedelta(days=8)  # the fifth working day has passed

    machine.until(opening - timedelta(minutes=1))
    assert shown(machine, mine, receipt).state is ObligationState.ACKNOWLEDGED
    assert [one.step.at for one in machine.steps if one.obligation.id == mine.obligation.id and one.step and one.step.asked_again] == []
    machine.until(opening)
    after = shown(machine, mine, receipt)
    assert (after.acknowledged_by, asked_again_at(machine.notices[-1], after.state)) == (None, opening)
    assert after.due is not None
    assert (after.due - opening) < timedelta(hours=15), "the end of that day, a working day after it ran out"


def test_ppn_02_whose_time_would_have_passed_by_the_opening_has_it_from_the_opening_on() -> None:
    machine, told = asked("childrens_social_care", policy=holding("school_concern", hours=10), kind="school_concern")
    first = told[0]
    machine.follow(answered(first, MONDAY + HOUR))  # it holds until eight in the evening
    opening = MONDAY + timedelta(days=1)
    machine.until(opening)

    steps = [one.step for one in machine.steps if one.obligation.id == first.obligation.id and one.step and one.step.asked_again]
    assert [(one.kind, one.at) for one in steps] == [("reminder", opening)], "and nobody else is told in the same moment"
