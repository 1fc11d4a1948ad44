"""What a reducer keeps of an alert, and for how long: its statements, while they can still reach an agency or a case. Pure.

Which of an alert's statements stands, and for how long, is decided here alone; who is told of it while it does is decided in `join`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import Field

from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.base import Moment, Word, plus
from alertbus.model.case import begins, ends
from alertbus.model.events import WordsDecided
from alertbus.model.notice import Obligation
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.policy.policy import KindRule, Policy
from alertbus.reach.roster import BEGINNING, FOREVER

SETTLE = timedelta(minutes=10)
"""How long an alert that is over stays among those that each event is worked out for, so that a case or link event that was accepted before
it but arrives after it still meets it. Chosen: the order in which the intake sends makes that rare, and ten minutes outlast any ordinary
backlog. Then it is kept apart, and what speaks of it brings it back (`comes_again`)."""

REMEMBERED = timedelta(days=35)
"""How long a person's state remembers an alert that is over. It forgets by the dates of cases and statements, whose clocks need not agree:
a case dated before the alert was over must still meet it, and a later correction must find what was told. Chosen: longer than any clock of
a bus is plausibly set back, and short beside the months for which most alerts wait."""

PRUNE_EVERY = 8
"""Alerts that are over leave the state when the number held reaches a multiple of this. Chosen: to look through all of them at each new
alert costs more than keeping a few too long."""


class StandingAlert(Word):
    """One alert: every statement made of it, in the order in which they count, and by the id of each, through which person it first came
    (`via`). `outdated` are notices that are given to nobody any more: when they became owed, their agency had been told something later.
    """

    statements: Annotated[tuple[AcceptedAlert, ...], S.ROUTING]
    via: Annotated[Mapping[str, str], S.ROUTING]
    outdated: Annotated[tuple[str, ...], S.ROUTING] = ()
    retracted: Annotated[tuple[str, ...], S.ROUTING] = ()
    """Notices that a change of the case, or of who was meant, undid: owed again, they need another id."""
    spoken_of: Annotated[Moment, S.ROUTING] = BEGINNING
    """The latest moment of which a copy spoke that no longer stands: what has been worked out up to it stays worked out."""
    asked: Annotated[tuple[str, ...], S.ROUTING] = ()
    """Statements whose words were held back when agencies were told, so that a person was asked about them."""
    decided: Annotated[Mapping[str, WordsDecided], S.ROUTING] = Field(default_factory=dict)
    """What was decided about such words, by statement."""
    told_again: Annotated[Mapping[str, Obligation], S.ROUTING] = Field(default_factory=dict)
    """By id, the obligations that were told anew because a change undid what had been undone, as they were told: asked from then on."""

    @classmethod
    def with_statements(cls, known: Self | None, arrived: Iterable[AcceptedAlert], via: str) -> Self:
        """Add the statements that `arrived` through a person (`via`) to the `known` alert, None at first.

        Of two copies of one statement the one with the higher `people_version` stands, from when the earlier counts (`beside`); a copy that
        is known already, or older, changes nothing.
        """
        held = {s.statement_id: s for s in known.statements} if known is not None else {}
        new: dict[str, AcceptedAlert] = {}
        for statement in arrived:
            other = new.get(statement.statement_id) or held.get(statement.statement_id)
            if (counts := statement.beside(other)) is not other:
                new[statement.statement_id] = counts
        if known is not None and not new:
            return known
        ordered = sorted((held | new).values(), key=lambda s: (s.at, *standing_order(s)))
        return cls(
            statements=tuple(ordered),
            via={**(known.via if known else {}), **dict.fromkeys(new, via)},
            outdated=known.outdated if known else (),
            retracted=known.retracted if known else (),
            spoken_of=known.latest if known and not held.keys().isdisjoint(new) else known.spoken_of if known else BEGINNING,
            asked=known.asked if known else (),
            decided=known.decided if known else {},
            told_again=known.told_again if known else {},
        )

    def with_decided(self, made: WordsDecided) -> Self:
        """Return the alert with a decision about held words; itself where that changes nothing."""
        known = self.decided.get(made.statement_id)
        counts = made.beside(known)
        return self if counts == known else self.model_copy(update={"decided": {**self.decided, made.statement_id: counts}})

    @property
    def waits_for_decision(self) -> bool:
        """True while words of it may still be released here: it must not be forgotten, though it is over."""
        return not self.decided.keys() >= set(self.asked)

    @property
    def _released(self) -> list[AcceptedAlert]:
        decided = ((s, self.decided.get(s.statement_id)) for s in self.statements)
        return [s.with_words(made.at) for s, made in decided if made and made.released]

    @property
    def chain(self) -> tuple[AcceptedAlert, ...]:
        """The statements that ever stood, each from when it counts until the next one does. A statement that was recorded before the one
        that stood when it came never stood. Words that are released stand after their statement, if it does then.
        """
        found: tuple[AcceptedAlert, ...] | None = self.memo.get("chain")
        if found is None:
            spoken = sorted((*self.statements, *self._released), key=lambda s: (s.at, *standing_order(s)))
            found = self.memo["chain"] = tuple(_each_recorded_last(spoken))
        return found

    @property
    def standing(self) -> AcceptedAlert:
        """The statement that stands: the one recorded last. When that is a withdrawal, nothing stands."""
        return self.chain[-1]

    @property
    def kind(self) -> str:
        return self.standing.alert.kind

    @property
    def latest(self) -> datetime:
        """The latest moment of which its statements speak: when one counts, or when it was found to be about somebody."""
        found: datetime | None = self.memo.get("latest")  # every event on a case asks it of every alert there
        if found is None:
            spoken = (max((s.at, *s.people_since.values())) for s in (*self.statements, *self._released))
            found = self.memo["latest"] = max(self.spoken_of, *spoken)
        return found

    def forgotten(self, rule: KindRule) -> AcceptedAlert | None:
        """What may have been told of an alert that was forgotten before the first statement here came: that one, as first said. None when
        no statement can have been forgotten yet; one that is not here was then never about any of these people.
        """
        first = self.statements[0]
        if first.alert.action is Action.RAISED or first.first_at is None:
            return None
        kept_until = plus(plus(first.first_at, timedelta(days=rule.meets_later_days)), REMEMBERED)
        return first.as_first_said() if first.at > kept_until else None

    def over_at(self, rule: KindRule, *, waits: bool) -> datetime:
        """The last moment at which it can still meet an agency or, when it `waits`, a case that names its person."""
        known: tuple[KindRule, datetime] | None = self.memo.get(waits)  # every event on a case asks it of every alert there
        if known is None or known[0] is not rule:
            known = self.memo[waits] = (rule, self._over_at(rule, waits=waits))
        return known[1]

    def _over_at(self, rule: KindRule, *, waits: bool) -> datetime:
        if self.standing.alert.action is Action.WITHDRAWN:
            return self.standing.at
        return (meets_until if waits else stands_until)(self.standing, rule)

    def stood_at(self, moment: datetime, rule: KindRule) -> AcceptedAlert | None:
        """The statement that stood at that moment; None when nothing did: not stated yet, withdrawn, or over."""
        stated = [statement for statement in self.chain if statement.at <= moment]
        if not stated or stated[-1].alert.action is Action.WITHDRAWN or moment > stands_until(stated[-1], rule):
            return None
        return stated[-1]


def standing_order(statement: AcceptedAlert) -> tuple[datetime, datetime, int, str]:
    """Of two statements of an alert the one that is later in this order stands: the one recorded last; of two recorded at the same time the
    one that counts later; in an exercise, where these are one time, what takes back after what it takes back.
    """
    return (statement.alert.recorded_at, statement.at, _ACTIONS.index(statement.alert.action), statement.statement_id)


_ACTIONS = tuple(Action)
"""Raised, amended, withdrawn: the order in which an alert is stated."""


def _each_recorded_last(statements: Iterable[AcceptedAlert]) -> Iterator[AcceptedAlert]:
    last: AcceptedAlert | None = None
    for statement in statements:
        if statement.words_of is not None and (last is None or last.statement_id != statement.words_of):
            continue
        if last is None or standing_order(last) < standing_order(statement):
            last = statement
            yield statement


def stands_until(statement: AcceptedAlert, rule: KindRule, replaced_at: datetime | None = None) -> datetime:
    """The last moment at which the statement can reach a newcomer: its review date, else the kind's days; sooner if another one, such as a
    withdrawal, stands from `replaced_at` on. The review date of a flag ends nothing: somebody is asked (`asked_at`), it stands (NOT-23).
    """
    if statement.alert.review_on is not None and rule.stands.days != 0:
        until = FOREVER if rule.flag else ends(statement.alert.review_on)
    elif rule.stands.days is None:
        until = FOREVER
    else:
        until = plus(statement.stands_from, timedelta(days=rule.stands.days))
    until = max(until, statement.at)
    return _unless_replaced(until, statement, replaced_at)


def asked_at(statement: AcceptedAlert, rule: KindRule) -> datetime | None:
    """When somebody is asked whether the flag still stands: on its review date, and at once where that had passed when it was stated. None
    where nobody is to be asked: no flag, no date, or a withdrawal (NOT-23).
    """
    alert = statement.alert
    if not rule.flag or alert.review_on is None or alert.action is Action.WITHDRAWN:
        return None
    return max(begins(alert.review_on), statement.at)


def meets_until(statement: AcceptedAlert, rule: KindRule, replaced_at: datetime | None = None) -> datetime:
    """The last moment at which a link may begin through which the statement reaches a case: while it stands, and at the least for the days
    that its kind waits for a case that names its person; sooner if replaced.
    """
    waits = plus(statement.stands_from, timedelta(days=rule.meets_later_days))
    return _unless_replaced(max(stands_until(statement, rule), waits), statement, replaced_at)


def still_needed(
    alerts: Iterable[tuple[str, StandingAlert]], policy: Policy, now: datetime, *, waits: bool = False
) -> Iterator[tuple[str, StandingAlert]]:
    """The alerts that can still cause something at `now`, with their ids; `waits` as for `over_at`."""
    for alert_id, alert in alerts:
        if now <= plus(alert.over_at(policy.kind_rule(alert.kind), waits=waits), REMEMBERED if waits else SETTLE):
            yield alert_id, alert


def settled(at: datetime, now: datetime) -> bool:
    """True if at `now` everything that was accepted by `at` has arrived (`SETTLE`)."""
    return now > plus(at, SETTLE)


def _unless_replaced(until: datetime, statement: AcceptedAlert, replaced_at: datetime | None) -> datetime:
    return until if replaced_at is None else min(until, max(replaced_at, statement.at))
