"""The steps of one asking: who is told, in which order and when, while nobody by name has answered (DESIGN section 15). Pure.

An asking has rounds: it waits for an answer, is answered, and waits again where an answer held only for a time and nobody said what was
done, or where whoever answered passed it on. In each round the one who owes it is reminded, then each role of the chain is told in turn,
then the duty lead; then nobody is left. What reached nobody goes to the next role at once.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from alertbus.model import ids
from alertbus.model.item import StepKind
from alertbus.model.notice import Intent
from alertbus.policy.escalation_rules import OutOfHours
from alertbus.policy.within import Within
from alertbus.reach.askings import Asking
from alertbus.reach.kept import Answer, Answers, NotReached
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


class PlannedStep(NamedTuple):
    """A step that is taken at its moment, or was: nothing that is known now stands against it."""

    kind: StepKind
    role: str | None
    at: datetime
    round: int
    since: datetime
    """The beginning of its round."""
    reported: bool = False
    """It follows from a report about something past: it is due as soon as that is known."""

    @property
    def key(self) -> tuple[datetime, str]:
        """The same for whatever tells one person for one reason, in one round: who it goes on to is told once, by whatever path."""
        return self.since, f"{self.role}" if self.kind in _GOES_ON else f"{self.role}, {self.kind}"

    def notice_id(self, obligation_id: str) -> str:
        since, what = self.key
        return ids.escalation_id(obligation_id, since.isoformat(), what)


_GOES_ON = frozenset({StepKind.NEXT, StepKind.NOT_DELIVERED, StepKind.DUTY_LEAD})


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


def course(asking: Asking, heard: Answers | None, manner: Manner) -> Course:
    """Work out an asking by what was heard of its obligation."""
    since, until = asking.obligation.since, asking.until
    answers = [answer for answer in heard.stands if since <= answer.at < until] if heard else []
    reports = [report for report in heard.not_delivered if since <= report.at < until] if heard else []
    rounds = tuple(_rounds(asking, answers, manner))
    steps: list[PlannedStep] = []
    counted: list[NotReached] = []
    for number, waiting in enumerate(rounds):
        here = [report for report in reports if waiting.since <= report.at < waiting.until]
        counted += here
        found = (step for step in _steps(asking.obligation.role, number, waiting, manner, here) if step.at < waiting.until)
        steps += sorted(found, key=lambda step: step.at)
    return Course(asking, rounds, tuple(steps), tuple(counted))


def _rounds(asking: Asking, answers: Sequence[Answer], manner: Manner) -> Iterator[Round]:
    """What somebody said last counts: who acts and then passes it on acts no more."""
    since, due = asking.obligation.since, asking.obligation.due
    waiting: Round | None = Round(since, due, None if due is None else manner.reminder(since, due), asking.until)
    acting: dict[str, datetime] = {}
    for answer in answers:
        held = max(acting.values(), default=FOREVER)
        if waiting is None and held <= answer.at:
            waiting = _again(held, asking, manner, reminded=True)
        if answer.intent is Intent.ACTING or answer.acted:
            for_a_time = manner.acting_for is not None and not answer.acted
            acting[answer.by] = manner.acting_for.after(answer.at, manner.bank_holidays) if manner.acting_for and for_a_time else FOREVER
            if waiting is not None:
                yield waiting._replace(until=answer.at, answer=answer)
                waiting = None
        elif acting.pop(answer.by, None) is not None and waiting is None and not any(held > answer.at for held in acting.values()):
            waiting = _again(answer.at, asking, manner, reminded=False)
        if answer.acted:
            return  # it is done, whoever says what afterwards
    if waiting is None and (held := max(acting.values())) < asking.until:
        waiting = _again(held, asking, manner, reminded=True)
    if waiting is not None:
        yield waiting


def _again(at: datetime, asking: Asking, manner: Manner, *, reminded: bool) -> Round:
    """It waits again. Where an answer has run out, whoever owes it is reminded at once."""
    at = at.astimezone(UTC)
    if asking.obligation.due is None:
        return Round(at, None, None, asking.until)
    due = manner.due_again(at)
    return Round(at, due, manner.wait(at) if reminded else manner.reminder(at, due), asking.until)


def _steps(own: str, number: int, waiting: Round, manner: Manner, reports: Sequence[NotReached]) -> Iterator[PlannedStep]:
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
    at = manner.wait(due)
    for role in manner.roles:
        if role in told_next and told_next[role] <= at:
            yield PlannedStep(StepKind.NOT_DELIVERED, role, told_next[role], number, since, reported=True)
        else:
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
