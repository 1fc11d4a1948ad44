"""The item of an obligation's answer: whether it was given in its time, who was told while it was not, and who is next. Pure."""

from datetime import datetime

from alertbus.model.item import ANSWER, Item, ItemState, ItemStep, StepKind
from alertbus.policy.policy import Policy
from alertbus.reach.plans import Courses
from alertbus.reach.roster import BEGINNING
from alertbus.reach.steps import Course, PlannedStep, Round

TITLE = "Answer by a named person"
"""The same for every kind: what it is about is for those who may know the kind."""


def answer_item(courses: Courses, until: datetime, policy: Policy) -> Item | None:
    """The item as it stands at a moment; None while nobody has been told because of it. What was put anew begins anew."""
    begun = [one for one in courses if one.asking.obligation.since <= until]
    if not any(taken(step, until) for one in begun for step in one.steps):
        return None
    now = begun[-1]
    owing, waiting = now.asking.obligation, _current(now, until)
    steps = tuple([as_item_step(step) for step in now.steps if taken(step, until)])
    state, closed_at = _state(now, waiting, until)
    following = None if closed_at else next((step for step in now.steps if not taken(step, until)), None)
    passed = () if waiting.due is None or waiting.due > until else (waiting.due,)
    return Item(
        id=owing.id,
        case_id=owing.case_id,
        rule=ANSWER,
        title=TITLE,
        agency=owing.agency,
        role=owing.role,
        kind=owing.kind,
        alert_id=owing.alert_id,
        source_id=owing.source_id,
        obligation_id=owing.id,
        opened_at=owing.since,
        due=waiting.due,
        state=state,
        closed_at=closed_at,
        closed_by=waiting.answer.receipt_id if waiting.answer and closed_at == waiting.until else None,
        steps=steps,
        next=as_item_step(following) if following else None,
        unowned=closed_at is None
        and any(step.kind is StepKind.UNOWNED and step.since == waiting.since for step in now.steps if taken(step, until)),
        cite=policy.kind_rule(owing.kind).cite,
        policy_version=policy.version,
        exercise=owing.exercise,
        at=closed_at or max((owing.since, waiting.since, *passed, *(step.at for step in steps))),
    )


def taken(step: PlannedStep, until: datetime) -> bool:
    return step.reported or step.at <= until


def as_item_step(step: PlannedStep) -> ItemStep:
    again = step.since if step.round else None
    if step.by is None:
        return ItemStep(kind=step.kind, role=step.role, at=step.at, asked_again=again)
    return ItemStep(kind=step.kind, role=step.role, at=step.at, by=step.by.by, by_agency=step.by.agency, asked_again=again)


def _current(now: Course, until: datetime) -> Round:
    """The round that the asking is in, by the clock and by the latest that was heard of it."""
    said = [one.answer.at for one in now.rounds if one.answer is not None]
    heard = max([*said, *(one.since for one in now.rounds if one.escalated)], default=BEGINNING)
    return [one for one in now.rounds if one.since <= max(until, heard)][-1]


def _state(now: Course, waiting: Round, until: datetime) -> tuple[ItemState, datetime | None]:
    """Where the answer stands, and since when it is not waited for any more."""
    late = waiting.due is not None and waiting.due <= until
    if waiting.answer is not None:
        return ItemState.MET if waiting.due is None or waiting.until <= waiting.due else ItemState.MISSED, waiting.until
    if now.asking.over and now.asking.until <= until:
        missed = waiting.due is not None and waiting.due < now.asking.until and not now.asking.void
        return ItemState.MISSED if missed else ItemState.VOID, now.asking.until
    return ItemState.MISSED if late else ItemState.OPEN, None
