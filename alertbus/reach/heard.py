"""What a case has heard of its obligations: answers, answers taken back, what reached nobody, and who had the next of a chain
told. In any order, and any number of times. Pure.
"""

from collections.abc import Mapping
from datetime import datetime

from alertbus.model.events import Answered, CaseChanged, ItemEscalated, NotDelivered, Tick
from alertbus.policy.policy import Policy
from alertbus.reach.kept import Answer, Answers, EscalationAsked, NotReached
from alertbus.reach.plans import plan_of_own
from alertbus.reach.reduce_case import CaseEvent, CaseState, evaluated_until
from alertbus.reach.roster import BEGINNING
from alertbus.reach.standing import settled


def with_heard(state: CaseState, event: CaseEvent) -> CaseState:
    """The case with what the event says of an obligation; itself where that changes nothing."""
    if isinstance(event, ItemEscalated):
        return _with_escalation(state, event)
    if not isinstance(event, Answered | NotDelivered):
        return state
    at = _on_the_cases_clock(state, event)
    known = state.answers.get(event.obligation_id) or Answers(alert_id=event.alert_id, heard=at)
    if isinstance(event, NotDelivered):
        heard = _with_report(known, NotReached(notice_id=event.notice_id, role=event.role, reason=event.reason, at=at))
    elif event.undoes is not None:
        heard = known.model_copy(update={"undone": tuple(sorted({*known.undone, event.undoes}))})
    else:
        answer = Answer(receipt_id=event.receipt_id, by=event.by, to=event.to, intent=event.intent, acted=event.acted, at=at)
        heard = _with_answer(known, answer)
    heard = heard.model_copy(update={"heard": max(heard.heard, at)})
    if heard == state.answers.get(event.obligation_id):
        return state
    return state.model_copy(update={"answers": {**state.answers, event.obligation_id: heard}})


def _with_escalation(state: CaseState, event: ItemEscalated) -> CaseState:
    known = state.answers.get(event.item_id) or Answers(alert_id=event.alert_id, heard=event.at)
    asked = EscalationAsked(by=event.by, agency=event.agency, seen=event.seen, at=event.at)
    if asked in known.escalated:
        return state
    escalated = sorted((*known.escalated, asked), key=lambda one: (one.at, one.seen, one.model_dump_json()))
    heard = known.model_copy(update={"escalated": tuple(escalated), "heard": max(known.heard, event.at)})
    return state.model_copy(update={"answers": {**state.answers, event.item_id: heard}})


def _on_the_cases_clock(state: CaseState, event: Answered | NotDelivered) -> datetime:
    """When it was said. In an exercise, whose clock whoever says it may not know, no later than that has come."""
    if state.case is None or state.case.exercise is None:
        return event.at
    alert, own = state.alerts.get(event.alert_id), state.own.get(event.obligation_id)
    since = own.obligation.since if own is not None else BEGINNING
    return min(event.at, max(since, state.now if alert is None else evaluated_until(state, alert)))


def _with_answer(known: Answers, answer: Answer) -> Answers:
    """Of two copies of one receipt the first counts: they say the same."""
    if any(one.receipt_id == answer.receipt_id for one in known.given):
        return known
    given = sorted((*known.given, answer), key=lambda one: (one.at, one.receipt_id))
    return known.model_copy(update={"given": tuple(given)})


def _with_report(known: Answers, report: NotReached) -> Answers:
    """Of two reports of one notice the earlier counts, whatever the order of arrival."""
    others = [one for one in known.not_delivered if one.notice_id != report.notice_id]
    of_it = [one for one in known.not_delivered if one.notice_id == report.notice_id]
    first = min((*of_it, report), key=lambda one: (one.at, one.role, one.reason))
    reports = sorted((*others, first), key=lambda one: (one.at, one.role, one.notice_id))
    return known.model_copy(update={"not_delivered": tuple(reports)})


def without_forgotten(before: CaseState, after: CaseState, event: CaseEvent, policy: Policy) -> CaseState:
    """The case without the bus's own obligations of which nobody is asked any more, and without what was heard of obligations that are not
    here, once whatever they belong to has had its time to arrive.
    """
    own = {own_id: one for own_id, one in after.own.items() if not _is_over(one.obligation.since, own_id, after, policy)}
    if len(own) < len(after.own):
        after = after.model_copy(update={"own": own})
    forgot = isinstance(event, Tick | CaseChanged) or len(after.alerts) < len(before.alerts)
    if not forgot or not after.answers:
        return after
    now = max(after.now, (after.case and after.case.known_at) or BEGINNING)
    kept = {one: heard for one, heard in after.answers.items() if _belongs(heard, one, after, own) or not settled(heard.heard, now)}
    return after.model_copy(update={"answers": kept}) if len(kept) < len(after.answers) else after


def _belongs(heard: Answers, obligation_id: str, state: CaseState, own: Mapping[str, object]) -> bool:
    return heard.alert_id in state.alerts or obligation_id in own or obligation_id in state.items


def _is_over(since: datetime, own_id: str, state: CaseState, policy: Policy) -> bool:
    own = state.own[own_id]
    if own.ended_at is None and own.obligation.source_id in state.items:
        return False  # what is still not recorded may be escalated whenever somebody sees it (CLK-12)
    now = max(state.now, since)
    return now > plan_of_own(own, state.case, policy, state.answers).kept_until
