"""What a reducer keeps of an alert: its statements, and what follows from them for one case. Only while something can still follow."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Self

from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.base import Word
from alertbus.model.case import Case
from alertbus.model.notice import Cause, Deed, Obligation
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.policy.policy import KindRule, Policy
from alertbus.reach.join import Decision, decide, obligations, stands_until
from alertbus.reach.roster import NEVER

SETTLE = timedelta(minutes=10)
"""How long an alert that is over stays in state, so that a case or link event that was accepted before it but arrives after it still
meets it. The gateway's order of sending makes that rare; ten minutes is ours."""


LOOK_EVERY = 8
"""At every so many alerts those that are over leave the state: to look through all with each one costs more than keeping a few (ours)."""


class Held(Word):
    """One alert: every statement made of it, oldest first, and through whom each first came."""

    statements: Annotated[tuple[AcceptedAlert, ...], S.ROUTING]
    via: Annotated[Mapping[str, str], S.ROUTING]

    @classmethod
    def first(cls, statement: AcceptedAlert, via: str) -> Self:
        return cls(statements=(statement,), via={statement.statement_id: via})

    def with_statement(self, statement: AcceptedAlert, via: str) -> Self:
        """With one more statement; a statement already held changes nothing."""
        if statement.statement_id in self.via:
            return self
        ordered = sorted((*self.statements, statement), key=lambda s: (s.at, s.statement_id))
        return type(self)(statements=tuple(ordered), via={**self.via, statement.statement_id: via})

    @property
    def kind(self) -> str:
        return self.statements[0].alert.kind

    @property
    def latest(self) -> datetime:
        """When the last thing was stated of it."""
        return self.statements[-1].at

    @property
    def withdrawal(self) -> AcceptedAlert | None:
        return next((s for s in self.statements if s.alert.action is Action.WITHDRAWN), None)

    @property
    def said(self) -> tuple[AcceptedAlert, ...]:
        """What was said, without the taking back; nothing is said of a matter after it was withdrawn."""
        last = self.withdrawal.at if self.withdrawal else NEVER
        return tuple(s for s in self.statements if s.alert.action is not Action.WITHDRAWN and s.at <= last)

    def over(self, rule: KindRule, *, waits: bool) -> datetime:
        """The last moment at which it can still meet an agency or, when it `waits`, a case that names its person."""
        known: tuple[KindRule, datetime] | None = self.memo.get(waits)  # every event on a case asks it of every alert there
        if known is None or known[0] is not rule:
            known = self.memo[waits] = (rule, self._over(rule, waits=waits))
        return known[1]

    def _over(self, rule: KindRule, *, waits: bool) -> datetime:
        if self.withdrawal is not None:
            return self.withdrawal.at
        longer = timedelta(days=rule.meets_later_days if waits else 0)
        return max(max(_sum(s.at, longer), stands_until(s, rule)) for s in self.said)

    def stands_at(self, moment: datetime, rule: KindRule) -> bool:
        withdrawn_at = self.withdrawal.at if self.withdrawal else None
        return any(s.at <= moment <= stands_until(s, rule, withdrawn_at) for s in self.said)


@dataclass(frozen=True, slots=True)
class Owed:
    """A notice that must exist from `at` on: which obligation, what is to be done, on which statement, by which decision."""

    obligation: Obligation
    deed: Deed
    statement: AcceptedAlert
    decision: Decision
    at: datetime
    notice_id: str

    def taken_back(self, at: datetime, by: str) -> "Owed":
        """The notice that withdraws this one."""
        taken = ids.notice_id(self.obligation.id, self.statement.statement_id, withdrawn_by=by)
        return Owed(self.obligation, Deed.WITHDRAW, self.statement, self.decision, at, taken)


def owed(held: Held, case: Case, policy: Policy) -> dict[str, Owed]:
    """Every notice that the alert owes on the case over all time, by notice id. Pure: the same facts, the same answer."""
    found: dict[str, Owed] = {}
    earliest: dict[str, Owed] = {}
    withdrawal = held.withdrawal
    first = held.statements[0]
    before = first.as_first_said() if first.alert.action is not Action.RAISED and first.first_at else None
    for statement in (*([before] if before else []), *held.said):
        decided = decide(statement, case, policy, withdrawal.at if withdrawal else None)
        for decision, obligation in obligations(decided, statement, case, policy):
            entry = _say(obligation, statement, decision, amends=obligation.id in earliest)
            if statement is not before:
                found[entry.notice_id] = entry
            earliest.setdefault(obligation.id, entry)
    if withdrawal is not None:
        for entry in earliest.values():
            if entry.at <= withdrawal.at:
                taken = entry.taken_back(withdrawal.at, withdrawal.statement_id)
                found[taken.notice_id] = taken
    return found


def _say(obligation: Obligation, statement: AcceptedAlert, decision: Decision, *, amends: bool) -> Owed:
    briefing = "" if obligation.cause is Cause.ALERT else obligation.since.isoformat()
    notice = ids.notice_id(obligation.id, statement.statement_id, since=briefing)
    return Owed(obligation, Deed.AMEND if amends else Deed.DELIVER, statement, decision, obligation.since, notice)


def current(alerts: Iterable[tuple[str, Held]], policy: Policy, now: datetime, *, waits: bool = False) -> Iterator[tuple[str, Held]]:
    """What is still worth keeping at `now`."""
    for alert_id, held in alerts:
        rule = policy.kind_rule(held.kind)
        if now <= _sum(held.over(rule, waits=waits), SETTLE):
            yield alert_id, held


def _sum(moment: datetime, more: timedelta) -> datetime:
    return NEVER if moment > NEVER - more else moment + more
