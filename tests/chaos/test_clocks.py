"""The judge of steps finds each kind of fault, and excuses only what is known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alertbus.model import ids
from alertbus.model.alert import Severity
from alertbus.model.item import ItemStep, StepKind
from alertbus.model.notice import Deed, Notice, Obligation
from tests.chaos.clocks import QUICK, Ahead, Change, Heard, StepsSeen, StepVerdict, judge_steps

AT = datetime(2026, 11, 24, tzinfo=UTC)
OWED = ids.obligation_id("alert", "case", "school", "dsl")
LEAD = QUICK.duty_lead


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


PLAN = [
    (StepKind.REMINDER, "dsl", 6.0),
    (StepKind.NEXT, "team_manager", 12.0),
    (StepKind.NEXT, "duty_manager", 18.0),
    (StepKind.DUTY_LEAD, LEAD, 24.0),
]
UNOWNED_S = 30.0


def notice(deed: Deed = Deed.DELIVER, name: str = "asked", *, role: str = "dsl", kind: str = "nspcc_concern", step: Any = None) -> Notice:
    owed = Obligation(
        id=OWED,
        alert_id="alert",
        case_id="case",
        agency="school",
        role=role,
        kind=kind,
        severity=Severity.LOW,
        source="police.x",
        source_id="1",
        since=AT,
        due=after(QUICK.respond_within_s),
    )
    words = {"sector": "education", "title": "", "because": "", "lawful_basis": "", "policy_version": "", "rule": ""}
    return Notice(id=name, deed=deed, obligation=owed, occurred_at=AT, recorded_at=AT, step=step, **words)


def step(kind: StepKind, role: str, at_s: float, name: str = "") -> tuple[Notice, datetime]:
    found = notice(Deed.ESCALATE, name or f"{kind} {role}", role=role, step=ItemStep(kind=kind, role=role, at=after(at_s)))
    return found, after(at_s)


STEPS = [step(*one) for one in PLAN]
ASKED = (notice(), AT)
STATED = Change(AT, AT, 1, "alert")


def again(one: Notice, seconds: float) -> Notice:
    """The same, of what was asked again so much later."""
    owed = one.obligation.model_copy(update={"since": after(seconds), "due": after(seconds + QUICK.respond_within_s)})
    step = one.step and one.step.model_copy(update={"at": one.step.at + timedelta(seconds=seconds)})
    return one.model_copy(update={"id": f"{one.id} again", "obligation": owed, "step": step})


AMENDED = (notice(Deed.AMEND, "amended"), after(40))
"""Of the same asking, when all its steps have been taken."""
AGAIN = (again(notice(Deed.AMEND), 9), after(9))
STEPS_AGAIN = [(again(one, 9), at + timedelta(seconds=9)) for one, at in STEPS]


def seen(*notices: tuple[Notice, datetime], **other: Any) -> StepsSeen:
    usual: dict[str, Any] = {"heard": {}, "arrived": {}, "unowned": {OWED}}
    return StepsSeen(notices=[ASKED, *notices], **{**usual, **other})


def answered(at_s: float, ticked_s: float = 0.0) -> dict[str, Any]:
    return {"heard": {OWED: [Heard(after(at_s), after(ticked_s), answer=True)]}, "unowned": ()}


def counts(verdict: StepVerdict) -> tuple[int, int, int, int]:
    return len(verdict.lost), len(verdict.doubled), len(verdict.early), len(verdict.disordered)


@pytest.mark.parametrize(
    ("well", "expected"),
    [
        (seen(*STEPS), 4),
        (seen(*STEPS, AMENDED), 8),
        (seen(*STEPS[:2], **answered(13)), 2),
        (seen(*STEPS[:3], **answered(13, ticked_s=18)), 2),
        (seen(*STEPS[:1], (notice(Deed.WITHDRAW, "back"), after(10)), unowned=()), 1),
        (seen(*STEPS, arrived={"reminder dsl": after(6)}), 4),
        (seen(*STEPS, arrived={"reminder dsl": after(1)}, ahead=[Ahead(after(-1), after(2), 5.0)]), 4),
        (
            seen(
                STEPS[0],
                step(StepKind.NOT_DELIVERED, "team_manager", 8),
                *STEPS[2:],
                heard={OWED: [Heard(after(8), AT, answer=False)]},
            ),
            4,
        ),
        (StepsSeen([(notice(kind="other"), AT)], {}, {}, ()), 0),
        (seen(*STEPS, heard={OWED: [Heard(after(40), after(26), answer=True)]}, unowned=()), 4),
        (
            seen(
                *STEPS,
                (notice(Deed.WITHDRAW, "back"), after(60)),
                heard={OWED: [Heard(after(75), after(26), answer=True)]},
                unowned=(),
                changed={"case": [STATED, Change(after(60), after(80), 7, "alert")]},
            ),
            4,
        ),
        (seen(*STEPS[:1], AGAIN, *STEPS_AGAIN), 5),
        (
            seen(
                *STEPS[:1],
                (notice(Deed.WITHDRAW, "back"), after(14)),
                unowned=(),
                changed={"case": [Change(after(-9), AT, 0), STATED, Change(after(14), after(11), 2)]},
            ),
            1,
        ),
        (
            seen(
                (notice(Deed.WITHDRAW, "back"), after(14)),
                unowned=(),
                changed={"case": [STATED, Change(after(14), AT, 2, "alert"), Change(after(14), after(99), 7, "alert")]},
            ),
            0,
        ),
        (
            seen(
                (notice(Deed.NO_LONGER_YOURS, "left"), after(40)),
                unowned=(),
                changed={"case": [Change(after(40), after(39), 1), STATED._replace(place=2)]},
            ),
            0,
        ),
    ],
    ids=[
        "nobody answers",
        "amended when every step was taken, and asked from the same moment",
        "answered",
        "answered, and heard of after a tick",
        "taken back",
        "in time",
        "a clock was ahead",
        "the next one at once",
        "no quick kind",
        "answered late, and heard of before a tick",
        "taken back, and answered before time had come to nobody",
        "asked anew",
        "left out by a version that stood before the tick",
        "taken back before time had come to any step",
        "left out by a version that stood before the alert",
    ],
)
def test_a_run_in_which_all_went_well_is_clean(well: StepsSeen, expected: int) -> None:
    verdict = judge_steps(well)

    assert verdict == StepVerdict(frozenset(), frozenset(), frozenset(), frozenset(), expected)


@pytest.mark.parametrize("place", range(len(PLAN)))
def test_each_step_that_is_missing_is_counted_once(place: int) -> None:
    assert counts(judge_steps(seen(*STEPS[:place], *STEPS[place + 1 :]))) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (seen(*STEPS, unowned=()), (1, 0, 0, 0)),
        (seen(*STEPS, heard={OWED: [Heard(after(40), after(31), answer=True)]}, unowned=()), (1, 0, 0, 0)),
        (seen(*STEPS[:1], AGAIN, *STEPS_AGAIN[1:]), (1, 0, 0, 0)),
        (
            seen(
                *STEPS[:1],
                (notice(Deed.WITHDRAW, "back"), after(14)),
                unowned=(),
                changed={"case": [STATED, Change(after(13), after(13), 2)]},
            ),
            (1, 0, 0, 0),
        ),
        (seen(*STEPS[:3], step(StepKind.DUTY_LEAD, LEAD, 23)), (1, 0, 0, 0)),
        (seen(*STEPS, step(StepKind.NEXT, "team_manager", 12, "again")), (0, 1, 0, 1)),
        (seen(*STEPS, step(StepKind.NOT_DELIVERED, "team_manager", 12, "again")), (0, 1, 0, 0)),
        (seen(*STEPS[:3], **answered(13, ticked_s=17)), (0, 1, 0, 0)),
        (seen(*STEPS[:2], STEPS[3], STEPS[2]), (0, 0, 0, 1)),
        (StepsSeen([STEPS[0], ASKED, *STEPS[1:]], {}, {}, {OWED}), (0, 0, 0, 1)),
        (seen(*STEPS, arrived={"reminder dsl": after(5)}), (0, 0, 1, 0)),
        (seen(*STEPS, arrived={"reminder dsl": after(1)}, ahead=[Ahead(after(-90), after(-80), 5.0)]), (0, 0, 1, 0)),
        (seen(*STEPS, arrived={"reminder dsl": after(-1)}, ahead=[Ahead(after(-2), after(2), 5.0)]), (0, 0, 1, 0)),
        (seen(*STEPS[:1], step(StepKind.NOT_DELIVERED, "team_manager", 8), *STEPS[2:]), (1, 0, 0, 0)),
    ],
    ids=[
        "unowned and not said",
        "unowned, not said, and answered later",
        "asked anew, and one missing",
        "left out by a version that stood behind the tick",
        "at another moment",
        "twice",
        "twice by two paths",
        "after an answer",
        "out of order",
        "before it was asked",
        "early",
        "early long after a clock was ahead",
        "earlier than a clock was ahead",
        "not delivered, and nobody said so",
    ],
)
def test_each_fault_is_counted_once(bad: StepsSeen, expected: tuple[int, int, int, int]) -> None:
    assert counts(judge_steps(bad)) == expected
