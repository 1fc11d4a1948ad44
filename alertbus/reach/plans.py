"""All that time will bring for one alert on a case while nobody answers, worked out once and kept with the alert. Pure."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from alertbus.model.alert import Severity
from alertbus.model.base import plus
from alertbus.model.briefing import LAPSE
from alertbus.model.case import Case
from alertbus.model.notice import Obligation
from alertbus.policy.policy import Policy
from alertbus.reach.askings import Asking, askings_of, is_asked
from alertbus.reach.kept import Answers, EscalationAsked, OwnObligation
from alertbus.reach.owed import owed
from alertbus.reach.roster import BEGINNING, FOREVER
from alertbus.reach.standing import REMEMBERED, SETTLE, StandingAlert
from alertbus.reach.steps import Course, Manner, course, reminded_at, waited

Courses = tuple[Course, ...]
"""All of one obligation, in order."""

HeardOf = Mapping[str, Answers]


@dataclass(frozen=True, slots=True)
class AnswerPlan:
    """What is asked because of one alert, or of one obligation of the bus's own. `moments`: when time alone makes a difference."""

    obligations: tuple[Courses, ...]
    moments: tuple[datetime, ...]

    def next_after(self, moment: datetime) -> datetime | None:
        place = bisect_right(self.moments, moment)
        return self.moments[place] if place < len(self.moments) else None

    def anything_in(self, since: datetime, at: datetime) -> bool:
        """True if something happens after `since`, and no later than `at`."""
        following = self.next_after(since)
        return following is not None and following <= at

    @property
    def kept_until(self) -> datetime:
        """How long it must be remembered: until all of it has happened, and while a late answer may end what nobody has answered."""
        last = self.moments[-1] if self.moments else BEGINNING
        waits = any(courses[-1].waits and courses[-1].steps for courses in self.obligations)
        return plus(last, REMEMBERED if waits else SETTLE) if self.moments else BEGINNING


NO_PLAN = AnswerPlan((), ())


def plan_of(alert: StandingAlert, case: Case | None, policy: Policy, heard: HeardOf, chased_from: datetime) -> AnswerPlan:
    """What is asked because of the alert, by what was heard of its obligations. What was put before `chased_from` is not asked for."""
    if case is None:
        return NO_PLAN
    known: _PlanMade | None = alert.memo.get(plan_of)  # every tick asks it of every alert
    if known is None or known.case is not case or known.policy is not policy or known.chased_from != chased_from:
        known = None
    elif known.heard is heard:
        return known.plan
    courses: dict[str, tuple[Answers | None, Courses]] = {}
    for askings in askings_of(alert, case, policy):
        obligation_id = askings[0].obligation.id
        mine, before = heard.get(obligation_id), known.courses.get(obligation_id) if known is not None else None
        if before is not None and before[0] is mine:
            courses[obligation_id] = before
        elif chased := [asking for asking in askings if asking.obligation.since > chased_from]:
            courses[obligation_id] = (
                mine,
                tuple([course(one, mine, manner_of(one.obligation, case, policy), _escalated(mine)) for one in chased]),
            )
    if known is not None and all(known.courses[one] is now for one, now in courses.items()):
        plan = known.plan
    else:
        obligations = tuple([now for _, now in courses.values()])
        later = (entry.at for entry in owed(alert, case, policy))
        plan = AnswerPlan(obligations, tuple(sorted({*_moments(obligations), *later})))
    alert.memo[plan_of] = _PlanMade(case, policy, chased_from, heard, courses, plan)
    return plan


class _PlanMade(NamedTuple):
    """A plan, and everything that it was made of."""

    case: Case
    policy: Policy
    chased_from: datetime
    heard: HeardOf
    courses: dict[str, tuple[Answers | None, Courses]]
    plan: AnswerPlan


def plan_of_own(own: OwnObligation, case: Case | None, policy: Policy, heard: HeardOf) -> AnswerPlan:
    """What is asked because of an obligation of the bus's own."""
    if case is None or not is_asked(own.obligation.agency, policy):
        return NO_PLAN
    until = FOREVER if own.ended_at is None else own.ended_at
    asking = Asking(own.obligation, until, over=own.ended_at is not None)
    said = heard.get(own.obligation.id)
    of_item = heard.get(own.obligation.source_id) if own.obligation.kind == LAPSE else said
    courses = (course(asking, said, manner_of_own(own, policy), _escalated(of_item)),)
    return AnswerPlan((courses,), tuple(sorted(set(_moments([courses])))))


def _escalated(heard: Answers | None) -> Sequence[EscalationAsked]:
    return heard.escalated if heard is not None else ()


def _moments(obligations: Iterable[Courses]) -> Iterator[datetime]:
    for courses in obligations:
        for one in courses:
            if one.steps:
                yield from [step.at for step in one.steps if not step.reported]
                yield from [waiting.due for waiting in one.rounds if waiting.due is not None and waiting.due < waiting.until]
                if one.asking.over:
                    yield one.asking.until


def manner_of(obligation: Obligation, case: Case, policy: Policy) -> Manner:
    """How an obligation of an alert is asked: by the chain of the case's team at the agency where that has one, else by the kind's."""
    rule = policy.kind_rule(obligation.kind)
    team = _team(obligation, case, policy)
    chain = policy.agency(obligation.agency).teams[team].chain if team is not None else rule.chain

    def due_again(at: datetime) -> datetime:
        return policy.due_at(obligation.agency, obligation.kind, at, policy.due(obligation.kind, at, obligation.severity))

    return _manner(obligation, chain, policy, due_again)


def manner_of_own(own: OwnObligation, policy: Policy) -> Manner:
    """How an obligation of the bus's own is asked."""
    owing = own.obligation

    def due_again(at: datetime) -> datetime:
        return at if owing.due is None else plus(at, max(owing.due - owing.since, timedelta(0)))

    manner = _manner(owing, own.chain, policy, due_again)
    item = policy.items.get(own.rule)
    return manner._replace(next_within=(item and item.next_within) or policy.escalation.next_within, acting_for=None, urgent=False)


def _manner(obligation: Obligation, chain: tuple[str, ...], policy: Policy, due_again: Callable[[datetime], datetime]) -> Manner:
    entry, rule, own = policy.agency(obligation.agency), policy.kind_rule(obligation.kind), obligation.role
    lead = policy.duty_lead(obligation.agency)
    after = chain[chain.index(own) + 1 :] if own in chain else chain
    roles = dict.fromkeys((*after, lead))
    roles.pop(own, None)
    return Manner(
        roles=tuple(roles),
        duty_lead=lead,
        remind_at=policy.escalation.remind_at,
        next_within=rule.next_within or policy.escalation.next_within,
        acting_for=rule.acting_for,
        urgent=urgent(obligation.kind, obligation.severity, policy),
        desk=entry.out_of_hours,
        bank_holidays=policy.bank_holidays,
        due_again=due_again,
    )


def first_reminder(owing: Iterable[tuple[str, datetime | None]], since: datetime, *, hurry: bool, policy: Policy) -> datetime | None:
    """When the first is reminded of agencies that owe an answer, each by its own time, to what they are told at one moment (`since`)."""
    moments: dict[tuple[datetime, int], datetime] = {}
    for agency, due in owing:
        desk = None if hurry else policy.agency(agency).out_of_hours
        if due is not None and (due, id(desk)) not in moments and is_asked(agency, policy):
            half = reminded_at(since, due, policy.escalation.remind_at)
            moments[due, id(desk)] = waited(half, desk, policy.bank_holidays)
    return min(moments.values(), default=None)


def urgent(kind: str, severity: Severity, policy: Policy) -> bool:
    """True for what waits for no opening hour: a kind about somebody's safety now, unless it is below the line, and whatever its sender
    calls critical (OOH-04, PPN-07).
    """
    return severity is Severity.CRITICAL or (policy.kind_rule(kind).safety and not policy.below_the_line(kind, severity))


def _team(obligation: Obligation, case: Case, policy: Policy) -> str | None:
    """The case's team at the agency when it was asked, of those that have a chain of their own; of several the latest to start. Of an
    agency that had left by then, its last one: who is told that they were not reached is still one of theirs.
    """
    teams = policy.agency(obligation.agency).teams
    if not teams:
        return None
    at = obligation.since
    begun = [one for one in case.involvements if one.agency == obligation.agency and (one.since or BEGINNING) <= at]
    there = [one for one in begun if at <= (one.until or FOREVER)]
    last = max((one.until or FOREVER for one in begun), default=FOREVER)
    mine = there or [one for one in begun if (one.until or FOREVER) == last]
    return max(((one.since or BEGINNING, one.team) for one in mine if one.team in teams), default=(None, None))[1]
