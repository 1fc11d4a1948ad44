"""Where an obligation stands by what people have answered: each person's last word counts, and nothing but somebody who acts closes it."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.chronicle.derive import DerivedObligation, StandingAnswer, derive_obligation
from alertbus.chronicle.tables import ObligationState
from alertbus.model.item import ItemStep, StepKind
from alertbus.model.notice import Deed
from alertbus.model.receipt import Intent, Receipt, Stage
from tests.story import T0, a_notice, a_receipt, hours

TOLD = a_notice("n-1", "owed")
ACTING, PASSING_ON, NOT_OURS = Intent.ACTING, Intent.PASSING_ON, Intent.NOT_OURS


def says(by: str, intent: Intent, hour: float, to: str | None = None) -> Receipt:
    return a_receipt(TOLD, Stage.ACKNOWLEDGED, hours(hour), by=by, intent=intent, to=to)


def did(by: str, hour: float) -> Receipt:
    return a_receipt(TOLD, Stage.ACTED, hours(hour), by=by, note="visited")


def undoes(answer: Receipt, hour: float) -> Receipt:
    return a_receipt(TOLD, Stage.UNDONE, hours(hour), undoes=answer.id)


def standing(*receipts: Receipt) -> DerivedObligation:
    found = derive_obligation([TOLD], receipts)
    assert derive_obligation([TOLD], receipts[::-1]).row == found.row
    return found


def test_what_is_passed_on_waits_until_somebody_acts_and_says_to_whom_it_went() -> None:
    passed = says("Jo Bloggs", PASSING_ON, 1, "Sam Field")
    waiting, accepted = standing(passed), standing(passed, says("sam  field", ACTING, 2))

    assert (waiting.state, waiting.row["passed_to"], waiting.row["accepted"]) == (ObligationState.PASSED_ON, "Sam Field", False)
    assert (waiting.acknowledged_by, waiting.acknowledged_intent) == ("Jo Bloggs", PASSING_ON)
    assert (accepted.state, accepted.row["passed_to"], accepted.row["accepted"]) == (ObligationState.ACKNOWLEDGED, "Sam Field", True)
    assert accepted.acknowledged_by == "sam  field"


def test_somebody_else_who_acts_closes_it_and_is_not_taken_for_the_one_it_was_passed_to() -> None:
    found = standing(says("Jo Bloggs", PASSING_ON, 1, "Sam Field"), says("Ann Other", ACTING, 2))

    assert (found.state, found.acknowledged_by, found.row["accepted"]) == (ObligationState.ACKNOWLEDGED, "Ann Other", False)


def test_whoever_acts_and_then_passes_it_on_acts_no_more() -> None:
    found = standing(says("Jo Bloggs", ACTING, 1), says("Jo Bloggs", PASSING_ON, 2, "Sam Field"))
    kept = standing(says("Jo Bloggs", ACTING, 1), says("Ann Other", PASSING_ON, 2, "Sam Field"))

    assert found.state is ObligationState.PASSED_ON
    assert (kept.state, kept.acknowledged_by) == (ObligationState.ACKNOWLEDGED, "Jo Bloggs")


def test_who_says_that_it_is_not_theirs_answers_for_nobody() -> None:
    alone, beside = standing(says("Jo Bloggs", NOT_OURS, 1)), standing(says("Ann Other", ACTING, 1), says("Jo Bloggs", NOT_OURS, 2))

    assert (alone.state, alone.acknowledged_by) == (ObligationState.NOT_OURS, "Jo Bloggs")
    assert (beside.state, beside.acknowledged_by) == (ObligationState.ACKNOWLEDGED, "Ann Other")


def test_ppn_02_what_is_done_is_done_whoever_says_what_afterwards() -> None:
    found = standing(did("Jo Bloggs", 1), says("Jo Bloggs", PASSING_ON, 2, "Sam Field"))

    assert (found.state, found.row["acted_by"], found.row["acted_at"]) == (ObligationState.ACKNOWLEDGED, "Jo Bloggs", hours(1))


def test_what_was_taken_back_counts_for_nothing_whether_it_is_read_first_or_last() -> None:
    acting, done = says("Jo Bloggs", ACTING, 1), did("Jo Bloggs", 2)

    assert standing(acting, undoes(acting, 1.05)).state is ObligationState.OWED
    assert standing(undoes(acting, 1.05)).state is ObligationState.OWED
    assert standing(acting, done, undoes(done, 2.05)).row["acted_by"] is None
    assert standing(acting, undoes(acting, 1.05), says("Ann Other", ACTING, 3)).acknowledged_by == "Ann Other"


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (StepKind.REMINDER, ObligationState.OWED),
        (StepKind.OUT_OF_HOURS, ObligationState.OWED),
        (StepKind.OPENING, ObligationState.OWED),
        (StepKind.NEXT, ObligationState.ESCALATED),
        (StepKind.NOT_DELIVERED, ObligationState.ESCALATED),
        (StepKind.DUTY_LEAD, ObligationState.ESCALATED),
    ],
)
def test_what_reminds_the_same_role_is_no_escalation(kind: StepKind, state: ObligationState) -> None:
    step = a_notice("n-2", "owed", deed=Deed.ESCALATE, step=ItemStep(kind=kind, role="health_visitor", at=hours(4)))
    passed = says("Jo Bloggs", PASSING_ON, 1, "Sam Field")

    assert derive_obligation([TOLD, step], []).state is state
    passed_state = derive_obligation([TOLD, step], [passed]).state
    assert passed_state is (ObligationState.PASSED_ON if state is ObligationState.OWED else ObligationState.ESCALATED)


people = st.sampled_from(["Jo Bloggs", "Sam Field", "Ann Other"])


@st.composite
def histories(draw: st.DrawFn) -> list[Receipt]:
    said: list[Receipt] = []
    for hour in range(draw(st.integers(0, 7))):
        what = draw(st.sampled_from(["acting", "passing_on", "not_ours", "acted", "undone"]))
        by = draw(people)
        if what == "undone":
            if said:
                said.append(undoes(draw(st.sampled_from([r for r in said if r.stage is not Stage.UNDONE])), hour))
        elif what == "acted":
            said.append(did(by, hour))
        else:
            said.append(says(by, Intent(what), hour, draw(people) if what == "passing_on" else None))
    return said


def worked_out_anew(history: list[Receipt]) -> bool:
    """The same, by asking of each person what stands last: nothing shared with what is tested."""
    undone = {r.undoes for r in history}
    stands = sorted((r for r in history if r.stage is not Stage.UNDONE and r.id not in undone), key=_at)
    lasts: dict[Any, Receipt] = {r.by: r for r in stands}
    return any(r.stage is Stage.ACTED for r in stands) or any(r.intent is ACTING for r in lasts.values())


def _at(receipt: Receipt) -> datetime:
    return receipt.at


@given(histories(), st.randoms())
def test_any_history_in_any_order_is_closed_only_by_somebody_who_acts_or_has(history: list[Receipt], dice: Any) -> None:
    read = history[:]
    dice.shuffle(read)
    found = StandingAnswer.of(read)

    assert found.closed == worked_out_anew(history)
    assert found == StandingAnswer.of(history)
    assert not found.closed or (found.counts is not None and found.counts.by)
    assert derive_obligation([TOLD], read).since == T0
