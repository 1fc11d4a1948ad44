"""Items: what is owed on a case by a time, beside answers. Pure: a function of the facts, the case, what people decided, and the ticks.

What an event gives out is the difference between the items worked out before it and after it (`item_clocks.items_of`); a repeated event
gives out again what it gave, under the same ids. What is over leaves the state after a while: it is in the chronicle.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from alertbus.model.base import plus
from alertbus.model.briefing import LAPSE
from alertbus.model.events import AlertReachedCase, CaseChanged, ItemDecided, ItemEscalated, Tick
from alertbus.model.item import Item, ItemState, StepKind
from alertbus.model.notice import Notice
from alertbus.policy.item_rules import ItemRule
from alertbus.policy.policy import Policy
from alertbus.reach.case_times import case_moments
from alertbus.reach.facts import DEATH, concerns_items, fact_of, gives_meaning, matches
from alertbus.reach.heard import with_heard
from alertbus.reach.item_clocks import AlreadySettled, Lapse, SaidOfItems, Worked, items_of
from alertbus.reach.item_notices import early_notices, lapse_notices, lapse_obligation, raised_notice, raised_obligation
from alertbus.reach.item_openings import Board, Opened
from alertbus.reach.kept import CaseFact, DecisionsOnItem, OwnObligation
from alertbus.reach.raised_early import RaisedEarly, raised_id
from alertbus.reach.reduce_case import CaseEvent, CaseState
from alertbus.reach.roster import BEGINNING, FOREVER

KEPT = timedelta(days=28)
"""How long an item that is over stays in state, and any statement that a rule may ask for: what arrives later than that closes nothing that
came before it. Chosen: as long as most alerts wait for a case (`KindRule.meets_later_days`)."""

_A_DAY = timedelta(days=1)

CHASED = timedelta(days=365)
"""How long an item stays in state that was due and never recorded, and a statement that gives later ones a meaning. Chosen: the chronicle
shows it for good; after a year nobody records late what was due."""


def reduce_items(before: CaseState, after: CaseState, event: CaseEvent, policy: Policy) -> tuple[CaseState, list[Item], list[Notice]]:
    """The case with its items after the event, the items that changed, and the notices of those that will be due or have lapsed."""
    if not policy.items:
        return after, [], []
    match event:
        case AlertReachedCase():
            touched = _alert_reached(before, after, event, policy)
        case CaseChanged():
            stale = before.case is not None and before.case.version > event.case.version
            repeated = before.case is not None and before.case.version == event.case.version
            touched = None if stale else _Touched(after, everything=repeated)
        case Tick():
            touched = _ticked(before, after, event, policy)
        case ItemDecided():
            touched = _decided(after, event)
        case ItemEscalated():
            after = with_heard(after, event)
            touched = _Touched(after, escalated=event.item_id) if event.item_id in after.items else None
        case _:
            touched = None
    return _changed(before, touched, policy) if touched is not None else (after, [], [])


def known_until(state: CaseState) -> datetime:
    """The moment up to which the items are worked out: by ticks, by the case, and by whatever was stated or decided of them."""
    decided = (made.at for one in state.item_decisions.values() for made in one.made)
    escalated = (heard.escalated[-1].at for one, heard in state.answers.items() if heard.escalated and one in state.items)
    case_known = state.case.known_at if state.case is not None else None
    return max(state.now, case_known or BEGINNING, *(fact.at for fact in state.facts.values()), *decided, *escalated)


def next_item_moment(state: CaseState, policy: Policy) -> datetime | None:
    """When time alone next changes an item, or may; None if it never does."""
    if state.case is None or not policy.items:
        return None
    until = known_until(state)
    moments = [_next_of(item) for item in state.items.values() if item.state is ItemState.OPEN]
    of_case = case_moments(state.case, policy)
    place = bisect_right(of_case, until)
    moments += of_case[place : place + 1]
    return min((moment for moment in moments if moment is not None), default=None)


def _next_of(item: Item) -> datetime | None:
    return min(_moments_ahead(item), default=None)


def _moments_ahead(item: Item) -> list[datetime]:
    """When the item is due, and when somebody is told next."""
    return [one for one in (item.due, item.next.at if item.next is not None else None) if one is not None]


class _Touched(NamedTuple):
    """The case with what the event states of items, and of what to give out again: everything, what these alerts or items are, or what
    became due in a span of time.
    """

    state: CaseState
    everything: bool = False
    alerts: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()
    escalated: str | None = None
    """The item of which only what an escalation causes is given again."""
    span: tuple[datetime, datetime] | None = None
    new: tuple[CaseFact, ...] | None = None
    """The statements that are new, where nothing else has changed; None where anything may have."""

    def again(self, work: Worked) -> bool:
        return self.everything or not self.alerts.isdisjoint(work.rests_on) or work.item.id in self.items

    def due_again(self, at: datetime) -> bool:
        return self.span is not None and self.span[0] < at <= self.span[1]


def _alert_reached(before: CaseState, after: CaseState, event: AlertReachedCase, policy: Policy) -> _Touched | None:
    """The facts with the statements of an alert, if any rule asks for one of them."""
    arrived = {one.statement_id: one for one in (*event.others, event.alert)}
    if not any(concerns_items(one, before.facts, policy) for one in arrived.values()):
        return None
    alert_id = event.alert.alert_id
    known = after.alerts.get(alert_id)
    all_of_it = {**arrived, **{one.statement_id: one for one in (known.statements if known is not None else ())}}
    new: dict[str, CaseFact] = {}
    for one in all_of_it.values():
        held = before.facts.get(one.statement_id)
        if not one.alert.history and (held is None or held.people_version < one.people_version):
            new[one.statement_id] = fact_of(one, policy)
    if not new:
        first = known is None or known.via.get(event.alert.statement_id) == event.via
        return _Touched(after, alerts=frozenset({alert_id})) if first else None
    facts = {**before.facts, **new}
    in_order = min(fact.at for fact in new.values()) >= max((fact.at for fact in before.facts.values()), default=BEGINNING)
    if any(gives_meaning(fact, policy) for fact in new.values()):
        for alert in after.alerts.values():  # statements that came before it matter because of it
            for one in alert.statements:
                if one.statement_id not in facts and concerns_items(one, facts, policy):
                    facts[one.statement_id] = fact_of(one, policy)
                    in_order = False
    alone = in_order and not any(fact.kind == DEATH for fact in new.values())
    return _Touched(after.model_copy(update={"facts": facts}), new=tuple(new.values()) if alone else None)


def _ticked(before: CaseState, after: CaseState, tick: Tick, policy: Policy) -> _Touched | None:
    """Nothing to do where nothing becomes due, and nothing did in the time of which the tick speaks."""
    span = (min(tick.since, before.now), max(tick.at, after.now))
    steps = (step.at for item in after.items.values() for step in item.steps)
    moments = (one for item in after.items.values() if item.closed_at is None for one in _moments_ahead(item))
    of_case = case_moments(after.case, policy) if after.case is not None else ()
    due = any(span[0] < moment <= span[1] for moment in (*steps, *moments, *of_case)) or _overdue(after)
    return _Touched(after, span=(tick.since, tick.at), new=()) if due else None


def _overdue(state: CaseState) -> bool:
    until = known_until(state)
    return any(item.state is ItemState.OPEN and (moment := _next_of(item)) is not None and moment <= until for item in state.items.values())


def _decided(after: CaseState, event: ItemDecided) -> _Touched:
    known = after.item_decisions.get(event.item_id, DecisionsOnItem())
    if event not in known.made:
        known = DecisionsOnItem(made=(*known.made, event))
        after = after.model_copy(update={"item_decisions": {**after.item_decisions, event.item_id: known}})
    return _Touched(after, items=frozenset({event.item_id}))


def _settled(items: Mapping[str, Item], touched: _Touched, board: Board) -> AlreadySettled:
    """What need not be worked out again, because it was recorded, and nothing new is about it or happened before that."""
    new = touched.new
    if new is None:
        return lambda *_: None
    alerts = {fact.alert_id for fact in new}
    statements = [fact for alert_id in alerts for fact in board.statements[alert_id]]
    first_new: dict[int, datetime] = {}

    def settled(item_id: str, rule: ItemRule, opened: Opened) -> Item | None:
        item = items.get(item_id)
        if item is None or item.closed_by is None or item.closed_at is None or item.alert_id != (opened.fact and opened.fact.alert_id):
            return None
        if any(one is not None and one.alert_id in alerts for one in (opened.fact, opened.earlier)):
            return None
        if any(touched.due_again(step.at) for step in item.steps):
            return None
        if id(rule) not in first_new:
            closing = (fact.happened_at for fact in statements if any(matches(fact, one) for one in rule.closes))
            first_new[id(rule)] = min(closing, default=FOREVER)
        return item if plus(item.closed_at, _A_DAY) < first_new[id(rule)] else None  # the day alone may be what it says

    return settled


def _changed(before: CaseState, touched: _Touched, policy: Policy) -> tuple[CaseState, list[Item], list[Notice]]:
    """Work the items out anew, and give out what is not as it was."""
    state = touched.state
    if state.case is None:
        return state, [], []
    now, forgotten_until = known_until(state), known_until(before) - KEPT if known_until(before) > BEGINNING + KEPT else BEGINNING
    held = {one: item for one, item in before.items.items() if not _forgotten(item, now)}
    board = Board(list(state.facts.values()), state.case, policy)
    works = {
        one: work
        for one, work in items_of(
            board, SaidOfItems(state.item_decisions, state.answers, before.items), now, policy, _settled(held, touched, board)
        ).items()
        if one in held or max(work.opened.at, work.opened.known) > forgotten_until  # an older one was over, and has been forgotten
    }
    items, own = held.copy(), dict(state.own)
    found: list[Item] = []
    notices: list[Notice] = []
    for one, work in works.items():
        if work.settled:
            continue
        known = before.items.get(one)
        changed = known is None or not _same(known, work.item)
        item = work.item if known is None or changed else known
        items[one] = item
        if changed or touched.again(work) or item.id == touched.escalated:
            found.append(item)
        notices += _notices_of(work, before, touched, own, policy)
    for one, item in held.items():
        if one not in works and item.state is not ItemState.VOID:
            items[one] = _void(item, now)
            found.append(items[one])
    after = state.model_copy(update={"own": _ended(own, works, items, now)})
    after = _pruned(after, items, works, board, policy)
    return after, sorted(found, key=lambda one: (one.opened_at, one.id)), sorted(notices, key=lambda one: (one.obligation.since, one.id))


def _notices_of(work: Worked, before: CaseState, touched: _Touched, own: dict[str, OwnObligation], policy: Policy) -> Iterator[Notice]:
    """The notices of one item that are due now and were not, or are given again; a new lapse's obligation is put among the bus's own."""
    known, case = before.items.get(work.item.id), touched.state.case
    again = touched.again(work)
    steps = known.steps if known is not None else ()
    if work.warned_at is not None and (work.item.steps[:1] != steps[:1] or again or touched.due_again(work.warned_at)):
        yield from early_notices(work, policy)
    if (raised := raised_obligation(work, policy)) is not None:
        new = not any(step.kind is StepKind.ESCALATED for step in steps)
        if new or raised.obligation.id in own:
            own[raised.obligation.id] = raised
        if new or again or work.item.id == touched.escalated:
            yield raised_notice(work, raised, policy)
    if work.lapse is None or (lapse := lapse_obligation(work, policy)) is None or case is None:
        return
    new = known is None or known.obligation_id != lapse.obligation.id
    if new:
        own.setdefault(lapse.obligation.id, lapse)
    if new or again or touched.due_again(work.lapse.at):
        yield from lapse_notices(work, lapse, case, policy)


def _same(known: Item, item: Item) -> bool:
    return known == item.model_copy(update={"at": known.at})


def _void(item: Item, now: datetime) -> Item:
    """What opened it does not stand, or is not about this case."""
    update = {"state": ItemState.VOID, "closed_at": now, "closed_by": None, "next": None, "suspended_at": None, "reason": None, "at": now}
    return item.model_copy(update=update)


def _ended(
    own: dict[str, OwnObligation], works: Mapping[str, Worked], items: Mapping[str, Item], now: datetime
) -> dict[str, OwnObligation]:
    """The bus's own obligations, those ended of which the item has been recorded, or is not due any more."""
    for one, kept in own.items():
        if kept.obligation.kind != LAPSE or kept.obligation.source_id not in items:
            continue
        work = works.get(kept.obligation.source_id)
        if work is not None and work.settled:
            continue
        if work is not None and one == raised_id(work.item.id):
            cause: Lapse | RaisedEarly | None = work.raised
        else:
            cause = work.lapse if work is not None and work.item.obligation_id == one else None
        ended = cause.ended_at if cause is not None else kept.ended_at or now
        if ended != kept.ended_at:
            own[one] = kept.model_copy(update={"ended_at": ended})
    return own


def _pruned(state: CaseState, items: Mapping[str, Item], works: Mapping[str, Worked], board: Board, policy: Policy) -> CaseState:
    """Without the items that were over long ago, and the statements that no item rests on and none can any more."""
    now = known_until(state)
    kept = {one: item for one, item in items.items() if not _forgotten(item, now)}
    needed = {alert_id for one in kept if one in works for alert_id in works[one].rests_on}
    needed = needed.union(_waiting(board, needed, now, policy))
    facts = {one: fact for one, fact in state.facts.items() if fact.alert_id in needed or now <= plus(fact.at, KEPT) or fact.kind == DEATH}
    decisions = {one: made for one, made in state.item_decisions.items() if one in kept or now <= plus(made.made[-1].at, KEPT)}
    return state.model_copy(
        update={
            "items": kept,
            "own": {one: made for one, made in state.own.items() if made.obligation.kind != LAPSE or made.obligation.source_id in kept},
            "facts": facts if len(facts) < len(state.facts) else state.facts,
            "item_decisions": decisions if len(decisions) < len(state.item_decisions) else state.item_decisions,
        }
    )


def _forgotten(item: Item, now: datetime) -> bool:
    """Whether an item that is over has been so for long enough, or nobody will record any more what it was about."""
    if item.closed_at is not None:
        return now > plus(item.at, KEPT)
    return item.state is ItemState.MISSED and item.due is not None and now > plus(item.due, CHASED)


def _waiting(board: Board, needed: set[str], now: datetime, policy: Policy) -> Iterator[str]:
    """The alerts of which a later statement may still make something: a condition that waits, the first of several in a row; and what ended
    such a thing, without which one that is still held would begin anew. What has ended it lately may be taken back, and ends nothing here.
    """
    for opening in (one for rule in policy.items.values() for one in rule.opens if one.after is not None or one.times > 1):
        ends = board.meant(opening.reset) if opening.reset is not None else ()
        lately = {fact.alert_id for fact in ends if now <= plus(fact.at, KEPT)}
        waiting = [*board.waiting(opening, lately), *(board.in_this_row(opening, lately) if opening.times > 1 else ())]
        found = {fact.alert_id for fact in (*waiting, *board.last_reset(opening)) if now <= plus(fact.at, CHASED)}
        yield from found
        for earlier in board.meant(opening.after) if opening.after is not None else ():
            held = earlier.alert_id in needed | found or now <= plus(earlier.at, KEPT)
            if held and (later := board.first_after(earlier, opening)) is not None:
                yield later.alert_id
