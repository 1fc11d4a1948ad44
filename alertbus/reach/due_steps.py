"""Who is asked next while nobody by name has answered: the steps of every obligation, of alerts and of the bus's own. Pure.

What is due at a moment follows from who is asked (`askings`), what was heard, and the policy (`steps`). An event gives out what is due
after it and was not before it, as it does with what is owed (decision 0023).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from alertbus.model.case import in_uk
from alertbus.model.events import AlertReachedCase, Answered, CaseChanged, ItemEscalated, NotDelivered, Tick, WordsDecided
from alertbus.model.item import Item, StepKind
from alertbus.model.name_in_words import name_in_words
from alertbus.model.notice import Deed, Notice
from alertbus.policy.policy import Policy
from alertbus.reach.answer_items import answer_item, as_item_step, taken
from alertbus.reach.escalation import holder_told
from alertbus.reach.heard import with_heard, without_forgotten
from alertbus.reach.kept import OwnObligation
from alertbus.reach.owed import Owed
from alertbus.reach.own_notices import own_notice
from alertbus.reach.plans import NO_PLAN, AnswerPlan, Courses, plan_of, plan_of_own
from alertbus.reach.reduce_case import CaseEvent, CaseState, evaluated_until
from alertbus.reach.roster import BEGINNING
from alertbus.reach.standing import StandingAlert
from alertbus.reach.steps import Course, PlannedStep


def reduce_answers(
    before: CaseState, after: CaseState, event: CaseEvent, policy: Policy
) -> tuple[CaseState, list[Owed], list[Notice], list[Item]]:
    """The case after the event, the steps that are due for alerts and for the bus's own obligations, and the answers that are late."""
    after = with_heard(_chased(before, after), event)
    found = _MadeDue(event, policy)
    for alert_id in _touched(before, after, event):
        was = before.alerts.get(alert_id)
        now = after.alerts.get(alert_id) or was  # forgotten by this event: it happens all the same
        if now is not None:
            found.of_alert(before, was, after, now)
    for own_id in dict.fromkeys((*before.own, *after.own)):
        found.of_own(before, after, own_id)
    return without_forgotten(before, after, event, policy), sorted(found.owed, key=_reading_order), found.notices, found.items


def _chased(before: CaseState, after: CaseState) -> CaseState:
    """The case with the moment noted from which on answers are asked for: on a case that is new, from the beginning. Of what was put to
    agencies before the bus asked, nobody has said here what was answered.
    """
    if after.chased_from is not None:
        return after
    told = [evaluated_until(before, alert) for alert in before.alerts.values()]
    return after.model_copy(update={"chased_from": max(told, default=BEGINNING)})


def _touched(before: CaseState, after: CaseState, event: CaseEvent) -> Iterable[str]:
    match event:
        case AlertReachedCase():
            return (event.alert.alert_id,)
        case Answered() | NotDelivered() | WordsDecided() | ItemEscalated():
            return (event.alert_id,)
        case Tick() | CaseChanged():
            return dict.fromkeys((*before.alerts, *after.alerts))
        case _:
            return ()


@dataclass(slots=True)
class _MadeDue:
    """What one event makes due."""

    event: CaseEvent
    policy: Policy
    owed: list[Owed] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    def of_alert(self, before: CaseState, was: StandingAlert | None, after: CaseState, now: StandingAlert) -> None:
        chased = after.chased_from or BEGINNING
        old = NO_PLAN if was is None else plan_of(was, before.case, self.policy, before.answers, chased)
        new = plan_of(now, after.case, self.policy, after.answers, chased)
        past = _CarriedOut(old, BEGINNING if was is None else evaluated_until(before, was))
        for one, step in self._given(past, _CarriedOut(new, evaluated_until(after, now)), _again(before, after, self.event)):
            if step.role is not None and one.asking.told is not None:
                self.owed.append(_readdressed(one, step))

    def of_own(self, before: CaseState, after: CaseState, own_id: str) -> None:
        was, now = before.own.get(own_id), after.own.get(own_id)
        if now is None or after.case is None:
            return
        old = NO_PLAN if was is None else plan_of_own(was, before.case, self.policy, before.answers)
        new = plan_of_own(now, after.case, self.policy, after.answers)
        past = _CarriedOut(old, BEGINNING if was is None else own_evaluated_until(before, was))
        for one, step in self._given(past, _CarriedOut(new, own_evaluated_until(after, now)), _again(before, after, self.event)):
            if step.role is not None:
                told = (as_item_step(step), step.notice_id(own_id), asked_before(one, step))
                asked = now.model_copy(update={"obligation": now.obligation.model_copy(update={"due": one.rounds[step.round].due})})
                self.notices.append(own_notice(asked, after.case, self.policy, *told))

    def _given(self, past: "_CarriedOut", now: "_CarriedOut", again: Callable[[str], bool]) -> Iterator[tuple[Course, PlannedStep]]:
        """The steps that are due now and were not before, and what else that makes necessary."""
        tick = self.event if isinstance(self.event, Tick) else None
        since = past.until if tick is None else min(past.until, tick.since)
        if tick is not None and past.plan is now.plan and not now.plan.anything_in(since, now.until):
            return
        known = {courses[0].asking.obligation.id: courses for courses in past.plan.obligations}
        for courses in now.plan.obligations:
            obligation_id = courses[0].asking.obligation.id
            were, repeated = known.get(obligation_id, ()), again(obligation_id)
            told = set() if repeated else {step.key for one in were for step in one.steps if taken(step, past.until)}
            given = [
                (one, step)
                for one in courses
                for step in one.steps
                if taken(step, now.until) and (step.key not in told or (tick is not None and tick.since < step.at <= tick.at))
            ]
            yield from given
            self._note(were, past.until, courses, now.until, repeated=repeated or bool(given))

    def _note(self, were: Courses, told_until: datetime, courses: Courses, until: datetime, *, repeated: bool) -> None:
        """The item of the answer where it has changed, and the case holder's notice of whom nothing has reached."""
        item = answer_item(courses, until, self.policy)
        if item is not None and (repeated or item != answer_item(were, told_until, self.policy)):
            self.items.append(item)
        heard = {one.asking.obligation.since for one in were if one.missed is not None}
        for one in courses:
            if (report := one.missed) is None or (one.asking.obligation.since in heard and not repeated):
                continue
            if (holder := holder_told(one.asking.obligation, report.reason, self.policy)) is not None:
                self.notices.append(holder)


class _CarriedOut(NamedTuple):
    """A plan, and the moment up to which it has been carried out."""

    plan: AnswerPlan
    until: datetime


def own_evaluated_until(state: CaseState, own: OwnObligation) -> datetime:
    """The moment up to which the steps of an obligation of the bus's own have been worked out."""
    return max(state.now, (state.case and state.case.known_at) or BEGINNING, own.obligation.since)


def _again(before: CaseState, after: CaseState, event: CaseEvent) -> Callable[[str], bool]:
    """Of which obligations everything is given once more, because the event was followed before: that it is known is no proof that what it
    caused was written.
    """
    match event:
        case AlertReachedCase():
            known = before.alerts.get(event.alert.alert_id)
            repeated = known is not None and known is after.alerts.get(event.alert.alert_id)
            repeated = repeated and known is not None and known.via[event.alert.statement_id] == event.via
        case CaseChanged():
            repeated = before.case is not None and before.case.version == event.case.version
        case Answered() | NotDelivered():
            repeated = before.answers.get(event.obligation_id) is after.answers.get(event.obligation_id)
            return lambda obligation_id: repeated and obligation_id == event.obligation_id
        case ItemEscalated():
            own = {one for one, kept in after.own.items() if kept.obligation.source_id == event.item_id}
            repeated = before.answers.get(event.item_id) is after.answers.get(event.item_id)
            return lambda obligation_id: repeated and obligation_id in {event.item_id, *own}
        case _:
            repeated = False
    return lambda _: repeated


def _readdressed(one: Course, step: PlannedStep) -> Owed:
    """The agency's own notice for the role of a step, as it may be seen on that day. How much that is does not depend on the role."""
    told, owing = one.asking.told, one.asking.obligation
    assert told is not None
    return replace(
        told,
        obligation=owing.model_copy(update={"role": step.role, "due": one.rounds[step.round].due}),
        deed=Deed.ESCALATE,
        at=step.at,
        notice_id=step.notice_id(owing.id),
        step=as_item_step(step),
        asked=asked_before(one, step),
    )


_HOW = {
    StepKind.REMINDER: " (reminder)",
    StepKind.OUT_OF_HOURS: " (out of hours)",
    StepKind.OPENING: " (again at opening)",
    StepKind.ESCALATED: " (escalated)",
    StepKind.NOT_DELIVERED: " (because nobody before was reached)",
}


def asked_before(one: Course, step: PlannedStep) -> str:
    """Who was asked before a step, and when, and who was not reached: every skip is shown."""
    own = one.asking.obligation.role
    earlier = [(own, step.since, "")]
    earlier += [(s.role, s.at, _HOW.get(s.kind, "")) for s in one.steps if s.since == step.since and s.role and s.at < step.at]
    asked = [f"{name_in_words(role)} at {_uk(at)}{how}" for role, at, how in earlier if at < step.at or role == own]
    missed = [f"{name_in_words(r.role)} ({name_in_words(r.reason)})" for r in one.reports if step.since <= r.at <= step.at]
    by = f"; escalated by {step.by.by} ({name_in_words(step.by.agency)})" if step.by is not None else ""
    return f"{by}; asked before: {', '.join(asked)}" + (f"; not reached: {', '.join(missed)}" if missed else "")


def _uk(moment: datetime) -> str:
    return f"{in_uk(moment):%Y-%m-%d %H:%M}"


def _reading_order(entry: Owed) -> tuple[datetime, str, str, str]:
    return (entry.at, entry.obligation.agency, entry.obligation.role, entry.notice_id)
