"""Briefings: what whoever arrives on a case is given on their first day (DESIGN section 15; decision 0025). Pure.

What is due is a function of the case and of the statements in its state (`occasions`). An event gives out what is due after it and was not
before it; a repeated event gives out again what it gave, under the same ids. Each is an obligation of the bus's own, chased like any other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from alertbus.model import ids
from alertbus.model.alert import Severity
from alertbus.model.base import INSTANT
from alertbus.model.briefing import KIND, OWN_SOURCE
from alertbus.model.case import Case
from alertbus.model.events import AlertReachedCase, Answered, CaseChanged, Tick
from alertbus.model.notice import Cause, Notice, Obligation
from alertbus.model.receipt import Intent
from alertbus.policy.policy import Policy
from alertbus.reach.briefing_notice import briefing_notice, taken_over, title_of
from alertbus.reach.kept import OwnObligation
from alertbus.reach.newcomers import BRIEFING, holds
from alertbus.reach.occasions import (
    CHANGES,
    HANDOVER,
    SUCCESSOR,
    Occasion,
    arrivals_until,
    each_occasion,
    may_brief,
    occasions,
    once_each,
    told_with,
)
from alertbus.reach.reduce_case import CaseEvent, CaseState
from alertbus.reach.roster import FOREVER, roster
from alertbus.reach.standing import settled

_OURS = frozenset({BRIEFING, HANDOVER, SUCCESSOR, CHANGES})


def reduce_briefings(before: CaseState, after: CaseState, event: CaseEvent, policy: Policy) -> tuple[CaseState, list[Notice]]:
    """The case after the event, and the briefings that it makes necessary."""
    match event:
        case AlertReachedCase() if not any(may_brief(one.alert) for one in (event.alert, *event.others)):
            return after, []
        case AlertReachedCase() | CaseChanged() | Tick():
            given = _given(before, after, event, policy)
            state, notices = _told(after, given, policy)
            return _without_who_left(before, state), notices
        case Answered() if event.obligation_id in after.own:
            return _answered(after, event, policy)
        case _:
            return after, []


def _given(before: CaseState, after: CaseState, event: AlertReachedCase | CaseChanged | Tick, policy: Policy) -> list[Occasion]:
    """The occasions of this event: those due by it, and those it gave before if it is a repeated one."""
    each = each_occasion(before, policy)  # what was one with a handover that is forgotten now is not new
    were = {(one.agency, one.role, one.key, one.mark) for one in _due(before, [*each, *once_each(each, policy)])}
    found: list[Occasion] = []
    arrivals = each_occasion(after, policy)
    for one in _due(after, occasions(after, policy)):
        fresh = (one.agency, one.role, one.key, one.mark) not in were and not _was_there(before.case, one)
        match event:
            case Tick():
                again = one.alert_id is None and event.since < one.at <= event.at
            case CaseChanged():
                same = before.case is not None and event.case.version == before.case.version
                again = same and one.mark in _covered(after, one)
            case AlertReachedCase():
                again = one.alert_id == event.alert.alert_id
        if fresh or again:
            found.append(_as_given(one, arrivals, after, policy))
    return found


def _as_given(one: Occasion, arrivals: Iterable[Occasion], state: CaseState, policy: Policy) -> Occasion:
    """The occasion as it is told: one of whom their recording was told already amends that."""
    if state.case is None or obligation_id(state.case.id, one) in state.own:
        return one
    recorded = told_with(one, arrivals, policy)
    return replace(one, key=recorded.key) if recorded is not None and obligation_id(state.case.id, recorded) in state.own else one


def _due(state: CaseState, found: Iterable[Occasion]) -> Iterator[Occasion]:
    by = arrivals_until(state)
    return (one for one in found if one.alert_id is not None or one.at <= by)


def _was_there(before: Case | None, one: Occasion) -> bool:
    """True for a worker whom an earlier version of the case already had: only how they are described has changed. An agency described anew
    is briefed anew, because its alerts ask for their answers through the briefing (`obligations.briefing_of`).
    """
    if before is None or one.rule != BRIEFING or one.alert_id is not None or one.recipient is None:
        return False
    return holds(before, one.agency, one.recipient, one.at - INSTANT)


def _covered(state: CaseState, one: Occasion) -> tuple[str, ...]:
    assert state.case is not None
    known = state.own.get(obligation_id(state.case.id, one))
    return known.covers if known else ()


def _told(state: CaseState, given: Iterable[Occasion], policy: Policy) -> tuple[CaseState, list[Notice]]:
    """Each obligation once, for all that it covers; and the case with them."""
    assert state.case is not None or not given
    by_obligation: dict[str, list[Occasion]] = {}
    for one in given:
        by_obligation.setdefault(obligation_id(state.case.id if state.case else "", one), []).append(one)
    own, notices = dict(state.own), list[Notice]()
    for found in by_obligation.values():
        notice, kept = _one(state, found, policy)
        notices.append(notice)
        own[kept.obligation.id] = kept
    if not notices:
        return state, []
    return state.model_copy(update={"own": own}), notices


def _one(state: CaseState, found: list[Occasion], policy: Policy) -> tuple[Notice, OwnObligation]:
    """The notice of one obligation, and the obligation as it is kept."""
    case, first, last = state.case, found[0], found[-1]
    assert case is not None
    owing = _obligation(case, first, policy)
    known = state.own.get(owing.id)
    covers = tuple(sorted({*(known.covers if known else ()), *(one.mark for one in found)}))
    amended = known is not None and (known.amended or covers != known.covers)
    if known is not None:
        owing = known.obligation
    handover = next((one.handover for one in reversed(found) if one.handover), known.handover if known else None)
    kept = OwnObligation(
        obligation=owing,
        title=title_of(last, handover, policy),
        summary=policy.kind_rule(KIND).summary,
        action=policy.kind_rule(KIND).action,
        chain=policy.kind_rule(KIND).chain,
        rule=last.rule,
        recipient=last.recipient,
        covers=covers,
        amended=amended,
        handover=handover,
        partner=_partner(case, first, policy),
        ended_at=known.ended_at if known else None,
    )
    return briefing_notice(state, kept, last, policy), kept


def _obligation(case: Case, one: Occasion, policy: Policy) -> Obligation:
    own = obligation_id(case.id, one)
    return Obligation(
        id=own,
        alert_id=own,
        case_id=case.id,
        agency=one.agency,
        role=one.role,
        kind=KIND,
        severity=Severity.MEDIUM,
        source=OWN_SOURCE,
        source_id=own,
        since=one.at,
        due=policy.due(KIND, one.at),
        cause=Cause.LINK if one.mark.startswith("link ") else Cause.INVOLVEMENT,
        exercise=case.exercise,
    )


def obligation_id(case_id: str, one: Occasion) -> str:
    """The same for every occasion of one key, so that the day's arrivals of one reader are one obligation."""
    return ids.own_id(case_id, one.agency, one.role, *one.key)


def _partner(case: Case, one: Occasion, policy: Policy) -> str | None:
    """Of the agency that takes over: the obligation of the one that leaves."""
    if one.rule != SUCCESSOR or one.leaves or one.handover is None or one.handover.from_ is None:
        return None
    leaving = one.handover.from_
    return ids.own_id(case.id, leaving, policy.roles(KIND, leaving)[0], *one.key)


def _answered(after: CaseState, event: Answered, policy: Policy) -> tuple[CaseState, list[Notice]]:
    """A handover between agencies is over for the one that left when the other has answered, and open again if that is taken back."""
    partner = after.own.get(after.own[event.obligation_id].partner or "")
    undone = after.answers.get(event.obligation_id)
    if partner is None or (event.undoes is None and event.intent is not Intent.ACTING):
        return after, []
    if event.undoes is None and undone is not None and event.receipt_id in undone.undone:
        return after, []
    ended_at = event.at if event.undoes is None else None
    own = {**after.own, partner.obligation.id: partner.model_copy(update={"ended_at": ended_at})}
    state = after.model_copy(update={"own": own})
    return state, [] if ended_at is None else [taken_over(partner, ended_at, event.receipt_id, policy)]


def _without_who_left(before: CaseState, state: CaseState) -> CaseState:
    """Whoever has left the case is asked no more, worker or agency (END-11); what was over at the event before is forgotten."""
    now = arrivals_until(state)
    over = {one: kept for one, kept in before.own.items() if kept.rule in _OURS and kept.ended_at and settled(kept.ended_at, now)}
    own: dict[str, OwnObligation] = {}
    for one, kept in state.own.items():
        if kept.rule not in _OURS:
            own[one] = kept
        elif one not in over:
            ended = kept.ended_at or _left_at(state, kept)
            own[one] = kept if ended is None or ended > now else kept.model_copy(update={"ended_at": ended})
    same = own.keys() == state.own.keys() and all(own[one] is state.own[one] for one in own)
    return state if same else state.model_copy(update={"own": own})


def _left_at(state: CaseState, kept: OwnObligation) -> datetime | None:
    """When the agency of an obligation, or the worker it is for, left the case; None while they are there. A handover between agencies is
    open for both, whoever leaves.
    """
    case, owing = state.case, kept.obligation
    if case is None or kept.rule == SUCCESSOR:
        return None
    posts = [post.end for post in roster(case).posts if post.involvement.agency == owing.agency and post.end >= owing.since]
    named = [one for one in roster(case).named.get(owing.agency, ()) if one.worker == kept.recipient]
    spells = [one.until or FOREVER for one in named if (one.until or FOREVER) >= owing.since]
    lasts = [max(posts, default=arrivals_until(state))]
    if named or (kept.recipient is not None and kept.handover is None):
        lasts.append(max(spells, default=arrivals_until(state)))
    return min(lasts) if min(lasts) < FOREVER else None
