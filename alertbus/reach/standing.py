"""What a reducer keeps of an alert, and for how long: its statements, while they can still reach an agency or a case. Pure.

How long an alert stands is decided here alone; who is told of it while it does is decided in `join`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Self

from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.base import Word
from alertbus.model.case import ends
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.policy.policy import KindRule, Policy
from alertbus.reach.roster import FOREVER

SETTLE = timedelta(minutes=10)
"""How long an alert that is over stays in state, so that a case or link event that was accepted before it but arrives after it still
meets it. Chosen: the order in which the intake sends makes that rare, and ten minutes outlast any ordinary backlog."""

PRUNE_EVERY = 8
"""Alerts that are over leave the state when the number held reaches a multiple of this. Chosen: to look through all of them at each new
alert costs more than keeping a few too long."""


class StandingAlert(Word):
    """One alert: every statement made of it, oldest first, and by the id of each, through which person it first came (`via`)."""

    statements: Annotated[tuple[AcceptedAlert, ...], S.ROUTING]
    via: Annotated[Mapping[str, str], S.ROUTING]

    @classmethod
    def with_statements(cls, known: Self | None, arrived: Iterable[AcceptedAlert], via: str) -> Self:
        """Add the statements that `arrived` through a person (`via`) to the `known` alert, None at first.

        Of two copies of one statement the one with the higher `people_version` stands; a copy that is known already, or older, changes
        nothing.
        """
        held = {s.statement_id: s for s in known.statements} if known is not None else {}
        new: dict[str, AcceptedAlert] = {}
        for statement in arrived:
            other = new.get(statement.statement_id) or held.get(statement.statement_id)
            if other is None or other.people_version < statement.people_version:
                new[statement.statement_id] = statement
        if known is not None and not new:
            return known
        ordered = sorted((held | new).values(), key=lambda s: (s.at, s.statement_id))
        return cls(statements=tuple(ordered), via={**(known.via if known else {}), **dict.fromkeys(new, via)})

    @property
    def kind(self) -> str:
        return self.statements[0].alert.kind

    @property
    def latest(self) -> datetime:
        """The latest moment of which its statements speak: when one counts, or when it was found to be about somebody."""
        return max(max((s.at, *s.people_since.values())) for s in self.statements)

    @property
    def withdrawal(self) -> AcceptedAlert | None:
        return next((s for s in self.statements if s.alert.action is Action.WITHDRAWN), None)

    @property
    def told(self) -> tuple[AcceptedAlert, ...]:
        """The statements that agencies are told: all but the withdrawal itself, and nothing that was stated after it."""
        last = self.withdrawal.at if self.withdrawal else FOREVER
        return tuple(s for s in self.statements if s.alert.action is not Action.WITHDRAWN and s.at <= last)

    def over_at(self, rule: KindRule, *, waits: bool) -> datetime:
        """The last moment at which it can still meet an agency or, when it `waits`, a case that names its person."""
        known: tuple[KindRule, datetime] | None = self.memo.get(waits)  # every event on a case asks it of every alert there
        if known is None or known[0] is not rule:
            known = self.memo[waits] = (rule, self._over_at(rule, waits=waits))
        return known[1]

    def _over_at(self, rule: KindRule, *, waits: bool) -> datetime:
        if self.withdrawal is not None:
            return self.withdrawal.at
        last = meets_until if waits else stands_until
        return max(last(statement, rule) for statement in self.told)

    def stands_at(self, moment: datetime, rule: KindRule) -> bool:
        withdrawn_at = self.withdrawal.at if self.withdrawal else None
        return any(s.at <= moment <= stands_until(s, rule, withdrawn_at) for s in self.told)


def stands_until(statement: AcceptedAlert, rule: KindRule, withdrawn_at: datetime | None = None) -> datetime:
    """The last moment at which the alert can reach a newcomer: its review date, else the kind's days; sooner if withdrawn."""
    if statement.alert.review_on is not None and rule.stands.days != 0:
        until = max(ends(statement.alert.review_on), statement.at)
    elif rule.stands.days is None:
        until = FOREVER
    else:
        until = statement.at + timedelta(days=rule.stands.days)
    return _unless_withdrawn(until, statement, withdrawn_at)


def meets_until(statement: AcceptedAlert, rule: KindRule, withdrawn_at: datetime | None = None) -> datetime:
    """The last moment at which a link may begin through which the alert reaches a case: while it stands, and at the least for the days
    that its kind waits for a case that names its person; sooner if withdrawn.
    """
    waits = _later(statement.at, timedelta(days=rule.meets_later_days))
    return _unless_withdrawn(max(stands_until(statement, rule), waits), statement, withdrawn_at)


def still_needed(
    alerts: Iterable[tuple[str, StandingAlert]], policy: Policy, now: datetime, *, waits: bool = False
) -> Iterator[tuple[str, StandingAlert]]:
    """The alerts that can still cause something at `now`, with their ids; `waits` as for `over_at`."""
    for alert_id, alert in alerts:
        if now <= _later(alert.over_at(policy.kind_rule(alert.kind), waits=waits), SETTLE):
            yield alert_id, alert


def _unless_withdrawn(until: datetime, statement: AcceptedAlert, withdrawn_at: datetime | None) -> datetime:
    return until if withdrawn_at is None else min(until, max(withdrawn_at, statement.at))


def _later(moment: datetime, by: timedelta) -> datetime:
    return FOREVER if moment > FOREVER - by else moment + by
