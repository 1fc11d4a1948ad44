"""Items worked out from scratch: of every rule, each item with its time, what closed it, and whether it lapsed. Pure.

The same facts, case, decisions and moment give the same items, in whatever order they came; but of several who escalate one, whoever was
read first has it brought to the first of the chain. Nothing here closes an item but a statement,
and nothing decides about a family (NOT-07, NOT-08).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple, Self

from alertbus.model import ids
from alertbus.model.alert import Action
from alertbus.model.base import plus
from alertbus.model.briefing import LAPSE
from alertbus.model.calendar import day_alone
from alertbus.model.case import begins, in_uk
from alertbus.model.events import ItemDecision
from alertbus.model.item import Item, ItemState, ItemStep, StepKind
from alertbus.policy.item_rules import ItemClosing, ItemRule
from alertbus.policy.policy import UNKNOWN_REASON, Policy
from alertbus.reach.case_times import ItemOwner, owing, same_agency
from alertbus.reach.facts import folded, known_on_case, matches
from alertbus.reach.item_openings import Board, Opened
from alertbus.reach.item_times import as_stated, first_without, in_the_morning, put_off
from alertbus.reach.kept import Answers, CaseFact, DecisionsOnItem, EscalationAsked
from alertbus.reach.raised_early import RaisedEarly, escalation_step, first_before, raised_id
from alertbus.reach.roster import FOREVER

_A_WEEK = timedelta(days=7)


class Lapse(NamedTuple):
    """That an item was due and had not been recorded, from `at` on; `ended_at` is when that was over, None while it is not."""

    at: datetime
    ended_at: datetime | None


class Worked(NamedTuple):
    """An item as it stands, and what follows from it."""

    item: Item
    rule: ItemRule
    opened: Opened
    lapse: Lapse | None = None
    raised: RaisedEarly | None = None
    warned_at: datetime | None = None
    rests_on: frozenset[str] = frozenset()
    """The alerts without which it would be another."""
    settled: bool = False
    """It is as it was, and was not worked out again."""


AlreadySettled = Callable[[str, ItemRule, Opened], Item | None]
"""The item as it was, where nothing that has happened since can have made another of it."""


class SaidOfItems(NamedTuple):
    """By item, what people decided about it, who escalated it, and the item as it was."""

    decided: Mapping[str, DecisionsOnItem]
    heard: Mapping[str, Answers]
    before: Mapping[str, Item]

    def of(self, item_id: str) -> tuple[DecisionsOnItem, tuple[EscalationAsked, ...]]:
        heard = self.heard.get(item_id)
        return self.decided.get(item_id, DecisionsOnItem()), heard.escalated if heard is not None else ()

    def told_early_at(self, item_id: str) -> datetime | None:
        """When the first of the chain was told of it because somebody escalated it before it had lapsed."""
        item = self.before.get(item_id)
        return next((step.at for step in item.steps if step.kind is StepKind.ESCALATED), None) if item is not None else None


def items_of(
    board: Board, said: SaidOfItems, now: datetime, policy: Policy, settled: AlreadySettled = lambda *_: None
) -> dict[str, Worked]:
    """Every item of the case at a moment, by id. Those that are `settled` are not worked out again."""
    found: dict[str, Worked] = {}
    for name, rule in policy.items.items():
        closers = [_Closers.of(closing, board) for closing in rule.closes]
        for opened in board.opened(rule):
            if (since := max(opened.at, opened.known)) > now:
                continue
            item_id = ids.item_id(board.case.id, name, opened.cause, opened.about)
            if (item := settled(item_id, rule, opened)) is not None:
                found.setdefault(
                    item_id, Worked(item, rule, opened, settled=True, rests_on=_rests_on(opened, *board.named(item.closed_by)))
                )
            elif (who := owing(rule, opened.terms, since, board.case, policy)) is not None:
                found.setdefault(item_id, _Clock(item_id, name, rule, opened, who, board, policy).worked(closers, said, now))
    return found


def _rests_on(opened: Opened, *closing: CaseFact) -> frozenset[str]:
    return frozenset(one.alert_id for one in (opened.fact, opened.earlier, *opened.row, *closing) if one is not None)


class _Closers(NamedTuple):
    """The statements that stand and that a rule means to close items by, with the moment of each, in order."""

    closing: ItemClosing
    facts: list[CaseFact]
    moments: list[datetime]

    @classmethod
    def of(cls, closing: ItemClosing, board: Board) -> Self:
        facts = board.meant(closing)
        return cls(closing, facts, [fact.happened_at for fact in facts])

    def since(self, moment: datetime) -> list[CaseFact]:
        return self.facts[bisect_left(self.moments, moment) :]


@dataclass(frozen=True, slots=True)
class _Pause:
    """What people decided about an item's clock: its time as it is now, and since when it stands still, with the reason."""

    due: datetime
    warn: datetime
    since: datetime | None = None
    reason: str | None = None


class _Closed(NamedTuple):
    """What closed an item: when it happened, from when that is known, and by which alert."""

    at: datetime
    known: datetime
    fact: CaseFact


class _Clock:
    """One item."""

    def __init__(self, item_id: str, name: str, rule: ItemRule, opened: Opened, who: ItemOwner, board: Board, policy: Policy) -> None:
        self._id, self._name, self._rule, self._opened, self._who = item_id, name, rule, opened, who
        self._board, self._case, self._policy = board, board.case, policy

    def worked(self, closers: list[_Closers], said: SaidOfItems, now: datetime) -> Worked:
        due, opened = self._due(), self._opened
        found = [one for each in closers for one in self._closed_by(each)]
        closed = min(found, key=lambda one: one.fact.order, default=None)
        decisions, escalated = said.of(self._id)
        pause = self._pause(due or FOREVER, decisions)
        stops = min(opened.ends, pause.since or FOREVER)
        once = list(self._recorded_once(closers))
        recorded = [*((one.known, FOREVER) for one in found), *((since, until) for _, since, until in once)]
        lapse_at = FOREVER if due is None else first_without(max(pause.due, opened.known), recorded)
        lapsed = lapse_at <= now and lapse_at < FOREVER and pause.due < stops
        warned_at = max(pause.warn, opened.known)
        warned = warned_at < min(pause.due, stops) and warned_at <= now and first_without(warned_at, recorded) == warned_at
        ended = opened.ends if opened.ends <= now else FOREVER
        known_closed = min((one.known for one in found), default=FOREVER)
        over = min(known_closed, max(ended, opened.known)) if min(known_closed, ended) < FOREVER else None
        state = self._state(closed, pause, ended, lapsed=lapsed)
        item = self._item(state, due and pause.due, closed, ended, now)
        steps = [ItemStep(kind=StepKind.REMINDER, role=self._who.role, at=warned_at)] if warned else []
        raised = None
        raises_from = warned_at if warned else max(opened.at, opened.known) if self._never_warns and due is not None else FOREVER
        told_at = said.told_early_at(self._id)
        if self._rule.tells and (asked := first_before(min(lapse_at, stops), raises_from, escalated, recorded, told_at)) is not None:
            ends = min(lapse_at if lapsed else FOREVER, over or FOREVER)
            raised = RaisedEarly(asked, None if ends == FOREVER else max(ends, asked.at))
            steps.append(escalation_step(self._rule.tells[0], asked))
        if lapsed and self._rule.tells:
            steps.append(ItemStep(kind=StepKind.NEXT, role=self._rule.tells[0], at=lapse_at))
        reason = pause.reason if state is ItemState.SUSPENDED else _reason(decisions) if state is ItemState.MISSED else None
        item = item.model_copy(
            update={
                "steps": tuple(steps),
                "next": self._next(due and pause.due, warned_at, now) if state is ItemState.OPEN else None,
                "obligation_id": self._asked_by(pause, raised, lapsed=lapsed),
                "suspended_at": pause.since if state is ItemState.SUSPENDED else None,
                "reason": reason,
            }
        )
        rests_on = _rests_on(opened, *(one.fact for one in (closed,) if one is not None), *(fact for fact, _, _ in once))
        lapse = Lapse(lapse_at, None if over is None else max(over, lapse_at)) if lapsed else None
        return Worked(item, self._rule, opened, lapse, raised, warned_at if warned else None, rests_on)

    @property
    def _never_warns(self) -> bool:
        """Nobody is told before it is late: so whoever sees that it will be need not wait for a reminder (CLK-12)."""
        return not self._rule.warns

    def _asked_by(self, pause: _Pause, raised: RaisedEarly | None, *, lapsed: bool) -> str | None:
        """The obligation by which people answer to it; None while nobody is asked."""
        if lapsed:
            return ids.lapse_id(self._id, pause.due.isoformat()) if self._rule.tells else None
        return raised_id(self._id) if raised is not None else None

    def _due(self) -> datetime | None:
        """By when: as the statement says, else as the opening or the rule does."""
        opened, rule = self._opened, self._rule
        said = opened.terms.said if opened.terms is not None else {}
        for path in rule.due_in:
            if (value := said.get(path)) is not None:
                return as_stated(path, value, self._since(by_the_hour=path.endswith("hours")))
        within = opened.opening.within or rule.within
        return None if within is None else within.after(self._since(by_the_hour=within.by_the_hour), self._policy.bank_holidays)

    def _since(self, *, by_the_hour: bool) -> datetime:
        """From when time counts. Where the minute at which it happened must stay unknown, hours count from when it was told (NOT-01)."""
        fact = self._opened.fact
        return max(fact.told_at, self._opened.at) if fact is not None and fact.by_day and by_the_hour else self._opened.at

    def _warning(self, due: datetime) -> datetime:
        """When whoever owes it is reminded; after every moment if never."""
        rule, opened = self._rule, self._opened
        if rule.asks:
            return opened.at
        at = FOREVER if rule.warn is None else in_the_morning(rule.warn.after(opened.at, self._policy.bank_holidays))
        if rule.warn_before_holidays:
            for holiday in self._policy.school_holidays:
                first = begins(holiday.first_day_in(in_uk(opened.at).year))
                if first < opened.at:
                    first = begins(holiday.first_day_in(in_uk(opened.at).year + 1))
                if first < due:
                    at = min(at, max(opened.at, in_the_morning(first - _A_WEEK)))
        return at

    def _closed_by(self, closers: _Closers) -> Iterator[_Closed]:
        first = self._opened.fact
        for fact in closers.since(self._opened.at if first is None else first.happened_at):
            if self._closes(closers.closing, fact):
                own = self._opened.fact is not None and fact.alert_id == self._opened.fact.alert_id
                at = min(fact.recorded_at, fact.at) if own else fact.happened_at  # its own amendment says when it was done
                yield _Closed(at, self._board.known[fact.alert_id], fact)

    def _closes(self, closing: ItemClosing, fact: CaseFact) -> bool:
        """Whether a statement that the rule means closes this very item."""
        opened, terms = self._opened, self._opened.terms
        if not self._comes_after(fact):
            return False
        if not closing.by_anybody and not same_agency(self._case.agency_stating(fact.agency), self._who.agency):
            return False
        if closing.child_in is not None and opened.about not in (fact.said.get(closing.child_in) or ()):
            return False
        if closing.about and self._whom().isdisjoint(fact.subjects):
            return False
        if terms is None:
            return closing.of is None and not closing.same
        as_asked = closing.of is None or matches(terms, closing.of)
        return as_asked and all(folded(fact.said.get(one)) == folded(terms.said.get(other)) for one, other in closing.same.items())

    def _whom(self) -> set[str]:
        """The ids of whom it is about: the person who is linked, else whoever the statement that opened it is about."""
        opened = self._opened
        return set(self._case.person(opened.about).person_ids if opened.about else opened.fact.subjects if opened.fact else ())

    def _comes_after(self, fact: CaseFact) -> bool:
        """Whether a statement comes after what opened the item. Of two in one moment that both open one, one is the earlier."""
        first = self._opened.fact
        if first is None:
            return fact.happened_at >= self._opened.at
        if fact.statement_id == first.statement_id or fact.happened_at < first.happened_at:
            return False
        return fact.order > first.order or not matches(fact, self._opened.opening)

    def _recorded_once(self, closers: list[_Closers]) -> Iterator[tuple[CaseFact, datetime, datetime]]:
        """The statements that do not stand any more and that closed it, each from when to when."""
        for statements in self._board.corrected:
            for one, instead in pairwise(statements):
                if one.action is not Action.WITHDRAWN and any(
                    matches(one, closing) and self._closes(closing, one) for closing, _, _ in closers
                ):
                    yield one, known_on_case(one, self._case, self._policy) or FOREVER, instead.at

    def _pause(self, due: datetime, decisions: DecisionsOnItem) -> _Pause:
        """The clock as people have stopped it and let it run again. A clock that has run out is not stopped any more."""
        within = self._opened.opening.within or self._rule.within
        working = within is not None and within.working_days is not None
        pause = _Pause(due, self._warning(due))
        for made in sorted(decisions.made, key=lambda one: (one.at, one.decision, one.reason)):
            if made.decision is ItemDecision.SUSPENDED and pause.since is None and made.at < pause.due:
                pause = _Pause(pause.due, pause.warn, made.at, made.reason)
            elif made.decision is ItemDecision.RESUMED and pause.since is not None:
                by = made.at - pause.since
                later = put_off(pause.due, by, self._policy.bank_holidays, working=working)
                warn = pause.warn if pause.warn <= pause.since or pause.warn == FOREVER else plus(pause.warn, by)
                pause = _Pause(later, warn)
        return pause

    def _state(self, closed: _Closed | None, pause: _Pause, ended: datetime, *, lapsed: bool) -> ItemState:
        if closed is not None and closed.at < ended:
            return ItemState.MET if closed.at <= pause.due else ItemState.MISSED
        if lapsed:
            return ItemState.MISSED
        if ended < FOREVER:
            return ItemState.VOID
        return ItemState.SUSPENDED if pause.since is not None else ItemState.OPEN

    def _next(self, due: datetime | None, warned_at: datetime, now: datetime) -> ItemStep | None:
        """Who is told next if nothing is recorded."""
        if due is None:
            return None
        if now < warned_at < due:
            return ItemStep(kind=StepKind.REMINDER, role=self._who.role, at=warned_at)
        return ItemStep(kind=StepKind.NEXT, role=self._rule.tells[0], at=due) if self._rule.tells else None

    def _item(self, state: ItemState, due: datetime | None, closed: _Closed | None, ended: datetime, now: datetime) -> Item:
        opened, fact = self._opened, self._opened.fact
        by = closed if closed is not None and closed.at < ended else None
        return Item(
            id=self._id,
            case_id=self._case.id,
            rule=self._name,
            title=self._rule.title,
            agency=self._who.agency,
            role=self._who.role,
            kind=fact.kind if fact is not None else LAPSE,
            alert_id=fact.alert_id if fact is not None else None,
            source_id=fact.source_id if fact is not None else None,
            child=opened.about if opened.about in self._case.children else None,
            opened_at=day_alone(opened.at) if fact is not None and fact.by_day else opened.at,
            due=due,
            state=state,
            closed_at=_closed_at(by) if by is not None else ended if ended < FOREVER else None,
            closed_by=by.fact.source_id if by is not None else None,
            cite=self._rule.cite,
            policy_version=self._policy.version,
            exercise=self._case.exercise,
            at=now,
        )


def _closed_at(closed: _Closed) -> datetime:
    return day_alone(closed.at) if closed.fact.by_day else closed.at


def _reason(decisions: DecisionsOnItem) -> str:
    given = [made for made in decisions.made if made.decision is ItemDecision.REASON_GIVEN]
    return max(given, key=lambda made: (made.at, made.reason)).reason if given else UNKNOWN_REASON
