"""The steps of one asking: who is told, in which order and when, while nobody by name has answered (DESIGN section 15). Pure.

An asking has rounds: it waits for an answer, is answered, and waits again where an answer held only for a time and nobody said what was
done, or where whoever answered passed it on. In each round the one who owes it is reminded, then each role of the chain is told in turn,
then the duty lead; then nobody is left. What reached nobody goes to the next role at once, and so does what a named person escalates:
whoever comes after that has their full time from then on.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from alertbus.model import ids
from alertbus.model.item import StepKind
from alertbus.model.receipt import Intent
from alertbus.policy.escalation_rules import OutOfHours
from alertbus.policy.within import Within
from alertbus.reach.askings import Asking
from alertbus.reach.kept import Answer, Answers, EscalationAsked, NotReached
from alertbus.reach.roster import FOREVER


class Manner(NamedTuple):
    """How an obligation is asked, by the policy and the case."""

    roles: tuple[str, ...]
    """Who is told after whoever owes it, in order; the duty lead is the last."""
    duty_lead: str
    remind_at: float
    next_within: Within
    acting_for: Within | None
    urgent: bool
    """It is about somebody's safety now, and waits for no opening hour."""
    desk: OutOfHours | None
    bank_holidays: frozenset[date]
    due_again: Callable[[datetime], datetime]
    """By when an answer is owed that is asked for again at a moment."""

    def wait(self, moment: datetime) -> datetime:
        """When a step is taken that falls on this moment."""
        return waited(moment, None if self.urgent else self.desk, self.bank_holidays)

    def reminder(self, since: datetime, due: datetime) -> datetime:
        """When whoever owes it is reminded."""
        return self.wait(reminded_at(since, due, self.remind_at))

    def at_night(self, moment: datetime) -> OutOfHours | None:
        """The desk that is told at once of what becomes owed at this moment, because the day team is not there."""
        return self.desk if self.desk and self.urgent and not self.desk.open_at(moment, self.bank_holidays) else None


def waited(moment: datetime, desk: OutOfHours | None, bank_holidays: frozenset[date]) -> datetime:
    """The moment, or the next one at which the day teams are there, where there is a desk for other times. In UTC: an hour is an hour on
    the day on which clocks are put forward, too.
    """
    return (moment if desk is None else desk.opening(moment, bank_holidays)).astimezone(UTC)


def reminded_at(since: datetime, due: datetime, part: float) -> datetime:
    """When that part of an answer's time has passed."""
    first, last = since.astimezone(UTC), due.astimezone(UTC)
    return first + (last - first) * part if last > first else last


class Round(NamedTuple):
    """An asking while it waits: from when and by when, and until it is answered or no longer asked."""

    since: datetime
    due: datetime | None
    reminder: datetime | None
    until: datetime
    """The first moment at which it waits no more."""
    answer: Answer | None = None
    """The answer that ends it; None where the asking itself ends, or nothing does."""
    escalated: bool = False
    """It begins because somebody escalated what had been answered: the first of the chain is told at once."""


class PlannedStep(NamedTuple):
    """A step that is taken at its moment, or was: nothing that is known now stands against it."""

    kind: StepKind
    role: str | None
    at: datetime
    round: int
    since: datetime
    """The beginning of its round."""
    reported: bool = False
    """It follows from something past that somebody has said: it is due as soon as that is known."""
    by: EscalationAsked | None = None
    """Who escalated it."""
    instead_of: datetime | None = None
    """The beginning of the round in which the same person would have been told, had nobody answered it. None for this round."""

    @property
    def key(self) -> tuple[datetime, str]:
        """The same for whatever tells one person for one reason, in one round: who it goes on to is told once, by whatever path; and not
        once more where an answer is taken back that somebody had escalated.
        """
        if self.kind in _GOES_ON:
            return self.instead_of or self.since, f"{self.role}"
        return self.since, f"{self.role}, {self.kind}"

    def notice_id(self, obligation_id: str) -> str:
        since, what = self.key
        return ids.escalation_id(obligation_id, since.isoformat(), what)


_GOES_ON = frozenset({StepKind.NEXT, StepKind.ESCALATED, StepKind.NOT_DELIVERED, StepKind.DUTY_LEAD})


class Course(NamedTuple):
    """One asking with everything that follows from it over all time, as far as is known."""

    asking: Asking
    rounds: tuple[Round, ...]
    steps: tuple[PlannedStep, ...]
    reports: tuple[NotReached, ...] = ()
    """What reached nobody while it waited."""

    @property
    def missed(self) -> NotReached | None:
        """The first report that its own role was not reached: the case holder is told."""
        return next((report for report in self.reports if report.role == self.asking.obligation.role), None)

    @property
    def waits(self) -> bool:
        """True if nothing that is known ends it."""
        return self.rounds[-1].until == FOREVER


def course(asking: Asking, heard: Answers | None, manner: Manner, escalated: Sequence[EscalationAsked]) -> Course:
    """Work out an asking by what was heard of its obligation, and by who `escalated` it, in the order of time."""
    since, until = asking.obligation.since, asking.until
    answers = [answer for answer in heard.stands if since <= answer.at < until] if heard else []
    reports = [report for report in heard.not_delivered if since <= report.at < until] if heard else []
    escalated = [one for one in escalated if since <= one.at < until] if asking.obligation.due is not None else []
    rounds = tuple(_rounds(asking, answers, manner, escalated))
    steps: list[PlannedStep] = []
    counted: list[NotReached] = []
    untold: dict[str | None, datetime] = {}
    for number, waiting in enumerate(rounds):
        here = [report for report in reports if waiting.since <= report.at < waiting.until]
        counted += here
        moved = [one for one in escalated if waiting.since <= one.at < waiting.until]
        planned = list(_steps(asking.obligation.role, number, waiting, manner, here, moved))
        if waiting.escalated:
            planned = [step._replace(instead_of=untold.get(step.role)) for step in planned]
        steps += sorted((step for step in planned if step.at < waiting.until), key=lambda step: step.at)
        untold = {step.role: step.key[0] for step in planned if step.kind in _GOES_ON and step.at >= waiting.until}
    return Course(asking, rounds, tuple(steps), tuple(counted))


def _rounds(asking: Asking, answers: Sequence[Answer], manner: Manner, escalated: Sequence[EscalationAsked]) -> Iterator[Round]:
    """What is escalated after an answer waits again, whoever had said that they act."""
    since, due = asking.obligation.since, asking.obligation.due
    waiting: Round | None = Round(since, due, None if due is None else manner.reminder(since, due), asking.until)
    acting = _Acting(manner)
    everything: list[Answer | EscalationAsked] = [*answers, *escalated]
    for said in sorted(everything, key=lambda one: (one.at, isinstance(one, EscalationAsked))):
        if waiting is None and acting.until <= said.at:
            waiting = _run_out(acting, asking, manner)
        if isinstance(said, EscalationAsked):
            if waiting is None:
                waiting, acting = _again(said.at, asking, manner)._replace(escalated=True), _Acting(manner)
        elif (acts := acting.heard(said)) and waiting is not None:
            yield waiting._replace(until=said.at, answer=said)
            waiting = None
        elif acts is False and waiting is None:
            waiting = _again(said.at, asking, manner)
    if waiting is None and acting.until < asking.until:
        waiting = _run_out(acting, asking, manner)
    if waiting is not None:
        yield waiting


class _Acting:
    """Who acts, and until when. What each person said last counts: who acts and then passes it on acts no more. An answer that would run
    out while the day team is not there holds until they are: nobody would be asked before that.
    """

    def __init__(self, manner: Manner) -> None:
        self._manner, self._until, self._done = manner, dict[str, datetime](), False

    @property
    def runs_out(self) -> datetime:
        return max(self._until.values(), default=FOREVER)

    @property
    def until(self) -> datetime:
        return self._manner.wait(self.runs_out) if self.runs_out < FOREVER else FOREVER

    def heard(self, answer: Answer) -> bool | None:
        """True if somebody acts by this answer; False if nobody does any more, because of it; None if it makes no difference."""
        if self._done:
            return None  # it is done, whoever says what afterwards
        self._done, holds = answer.acted, self._manner.acting_for
        if answer.intent is Intent.ACTING or answer.acted:
            for_a_time = holds is not None and not answer.acted
            self._until[answer.by] = holds.after(answer.at, self._manner.bank_holidays) if holds and for_a_time else FOREVER
            return True
        acted = self._until.pop(answer.by, None) is not None
        return False if acted and not any(held > answer.at for held in self._until.values()) else None


def _again(at: datetime, asking: Asking, manner: Manner) -> Round:
    """It waits again."""
    at = at.astimezone(UTC)
    if asking.obligation.due is None:
        return Round(at, None, None, asking.until)
    due = manner.due_again(at)
    return Round(at, due, manner.reminder(at, due), asking.until)


def _run_out(acting: _Acting, asking: Asking, manner: Manner) -> Round:
    """It waits again because an answer has run out: whoever owes it is reminded at once, and their time counts from when it ran out; from
    when the day team is there, where it would have passed by then.
    """
    waiting = _again(acting.until, asking, manner)
    if waiting.due is None:
        return waiting
    due = manner.due_again(acting.runs_out.astimezone(UTC))
    return waiting._replace(due=due if due > waiting.since else waiting.due, reminder=waiting.since)


def _steps(
    own: str, number: int, waiting: Round, manner: Manner, reports: Sequence[NotReached], escalated: Sequence[EscalationAsked]
) -> Iterator[PlannedStep]:
    since, due = waiting.since, waiting.due
    told_next = _told_at_once(own, manner.roles, reports)
    if due is None or waiting.reminder is None:
        for role, at in told_next.items():
            yield PlannedStep(StepKind.NOT_DELIVERED, role, at, number, since, reported=True)
        return
    if number == 0 and (desk := manner.at_night(since)) is not None and desk.role != own:
        yield PlannedStep(StepKind.OUT_OF_HOURS, desk.role, since, number, since)
        yield PlannedStep(StepKind.OPENING, own, desk.opening(since, manner.bank_holidays), number, since)
    if number or waiting.reminder > since:  # what is due as soon as it is told needs no reminder
        yield PlannedStep(StepKind.REMINDER, own, waiting.reminder, number, since)
    at, told_last = manner.wait(due), since
    for place, role in enumerate(manner.roles):
        early = told_next.get(role, FOREVER)
        anew = place == 0 and waiting.escalated
        by = next((one for one in escalated if told_last <= one.seen or (anew and one.at == since)), None)
        if by is not None and by.at < min(at, early):
            at = told_last = by.at.astimezone(UTC)
            yield PlannedStep(StepKind.ESCALATED, role, at, number, since, reported=True, by=by)
        elif early <= at:
            told_last = early
            yield PlannedStep(StepKind.NOT_DELIVERED, role, early, number, since, reported=True)
        else:
            told_last = at
            yield PlannedStep(StepKind.DUTY_LEAD if role == manner.duty_lead else StepKind.NEXT, role, at, number, since)
        at = manner.wait(manner.next_within.after(at, manner.bank_holidays))
    yield PlannedStep(StepKind.UNOWNED, None, at, number, since)


def _told_at_once(own: str, roles: tuple[str, ...], reports: Sequence[NotReached]) -> dict[str, datetime]:
    """By role, when it is told because whoever comes before it was not reached."""
    order = (own, *roles)
    found: dict[str, datetime] = {}
    for report in reports:
        before = order.index(report.role) if report.role in order else 0
        if before + 1 < len(order):
            found[order[before + 1]] = min(found.get(order[before + 1], FOREVER), report.at)
    return found
