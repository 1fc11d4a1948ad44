"""What opened items: each statement, or thing on the case, that a rule means, for each child where the rule has a clock for each. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from alertbus.model.alert import Action
from alertbus.model.case import Case, begins
from alertbus.policy.item_rules import CaseCause, ItemOpening, ItemRule, Matching
from alertbus.policy.policy import Policy
from alertbus.reach.case_times import died_at, links_as, open_case, open_for
from alertbus.reach.facts import by_alert, known_on_case, matches, names_kind, standing
from alertbus.reach.kept import CaseFact
from alertbus.reach.roster import BEGINNING, FOREVER


@dataclass(frozen=True, slots=True)
class Opened:
    """What opened one item: the statement (None where the case itself did), the earlier one because of which it matters, and for whom."""

    opening: ItemOpening
    cause: str
    """What opened it, as part of the item's id."""
    at: datetime
    """From when its time counts."""
    known: datetime
    """From when it is known on the case: nothing lapses before."""
    ends: datetime
    """From when on no time runs for it any more: the child has died, or the case is not open any more."""
    fact: CaseFact | None = None
    earlier: CaseFact | None = None
    about: str = ""
    """The key of the child, or of the person who is linked."""
    row: tuple[CaseFact, ...] = ()
    """Where several in a row open it: all of them, and what had begun that row anew."""

    @property
    def terms(self) -> CaseFact | None:
        """The statement that says what is asked for, and by when."""
        return self.earlier or self.fact


class Board:
    """The statements that stand on a case, in the order in which things happened, and since when each is known there."""

    def __init__(self, facts: Sequence[CaseFact], case: Case, policy: Policy) -> None:
        self.case, self.policy = case, policy
        self.statements = by_alert(facts)
        found = [(fact, known_on_case(fact, case, policy)) for fact in standing(facts)]
        self.facts = [fact for fact, known in found if known is not None]
        self.known = {fact.alert_id: known for fact, known in found if known is not None}
        self.corrected = [one for one in self.statements.values() if len(one) > 1]
        self._deaths: dict[str, datetime] = {}
        self._named: dict[str, list[CaseFact]] = defaultdict(list)
        self._by_place: dict[str, list[CaseFact]] = defaultdict(list)
        """By kind, which has no dot, and by each path of which something is stated."""
        for fact in self.facts:
            self._named[fact.source_id].append(fact)
            for place in (fact.kind, *fact.said):
                self._by_place[place].append(fact)

    def named(self, source_id: str | None) -> list[CaseFact]:
        """The statements that go by this id of a sender's."""
        return self._named.get(source_id or "", [])

    def died_at(self, child: str) -> datetime:
        if child not in self._deaths:
            self._deaths[child] = died_at(self.case, child, self.facts)
        return self._deaths[child]

    @property
    def last_death(self) -> datetime:
        """When the last of the children died; after every moment while one lives, and on a case without children."""
        return max((self.died_at(child) for child in self.case.children), default=FOREVER)

    def meant(self, matching: Matching) -> list[CaseFact]:
        """The statements that a rule means, in the order in which things happened."""
        if not self.facts:
            return []
        needed = [*matching.stated, *(path for path, values in matching.where.items() if None not in values)]
        if len(matching.kinds) == 1:
            needed += matching.kinds
        candidates = self.facts
        if needed:
            candidates = min((self._by_place.get(place, []) for place in needed), key=len)
        return [fact for fact in candidates if matches(fact, matching)]

    def opened(self, rule: ItemRule) -> Iterator[Opened]:
        """Everything that opened an item by the rule."""
        for opening in rule.opens:
            if opening.case is not None:
                yield from self._by_case(opening)
            elif opening.after is not None:
                yield from self._by_later(rule, opening, opening.after)
            else:
                for fact, row in self._in_a_row(opening):
                    yield from self._by_statement(rule, opening, fact, row=row)
                for fact in self._closed_by_their_own_amendment(rule, opening):
                    yield from self._by_statement(rule, opening, fact)

    def _by_case(self, opening: ItemOpening) -> Iterator[Opened]:
        """A child's plan that has begun, the case that is open, a link that was made."""
        found: Iterator[tuple[str, datetime, datetime]]
        match opening.case:
            case CaseCause.CHILD_ON_OPEN_CASE:
                found = ((child, *times) for child in self.case.children for times in open_for(self.case, child, self.policy))
            case CaseCause.OPEN_CASE:
                found = (("", *times) for times in open_case(self.case, self.policy))
            case _:
                found = links_as(self.case, opening)
        for about, start, end in found:
            if start > BEGINNING:
                last = self.died_at(about) if about in self.case.children else self.last_death
                cause = f"{opening.case}, {start.astimezone(UTC).isoformat()}"
                yield Opened(opening, cause, start, start, min(end, last), about=about)

    def _in_a_row(self, opening: ItemOpening) -> Iterator[tuple[CaseFact, tuple[CaseFact, ...]]]:
        """The statements that open: each; or the last of so many in a row, with its row and what had begun that anew."""
        if opening.times == 1:
            yield from ((fact, ()) for fact in self.meant(opening))
            return
        if opening.within_days is not None:
            yield from self._within_a_span(opening)[0]
            return
        row: list[CaseFact] = []
        begun: tuple[CaseFact, ...] = ()
        for fact in self.facts:
            if opening.reset is not None and matches(fact, opening.reset):
                row, begun = [], (fact,)
            elif matches(fact, opening):
                row.append(fact)
                if len(row) == opening.times:
                    yield fact, (*begun, *row)

    def _within_a_span(
        self, opening: ItemOpening, but_for: Collection[str] = ()
    ) -> tuple[list[tuple[CaseFact, tuple[CaseFact, ...]]], list[CaseFact]]:
        """The statements that open, each with its row: with the ones before it there are so many within the span. And those that may count
        towards a later one.

        Counted by child where all must be about one: what is about none of the case's children counts for none. It follows from the last so
        many alone, so that what is forgotten of long ago changes nothing.
        """
        span = timedelta(days=opening.within_days or 0)
        rows: dict[str, list[CaseFact]] = defaultdict(list)
        found: dict[str, tuple[CaseFact, dict[str, CaseFact]]] = {}
        for fact in self.facts:
            if opening.reset is not None and fact.alert_id not in but_for and matches(fact, opening.reset):
                rows.clear()
            elif matches(fact, opening):
                for child in self._children_of(fact) if opening.same_child else ("",):
                    row = [*(one for one in rows[child] if fact.happened_at - one.happened_at <= span), fact][-opening.times :]
                    if len(row) == opening.times:
                        found.setdefault(fact.alert_id, (fact, {}))[1].update((one.alert_id, one) for one in row)
                    rows[child] = row
        waiting = {fact.alert_id: fact for row in rows.values() for fact in row[1 - opening.times :]}
        return [(fact, tuple(row.values())) for fact, row in found.values()], list(waiting.values())

    def _children_of(self, fact: CaseFact) -> list[str]:
        """The children of the case whom the statement is about."""
        meant = {*fact.subjects, *fact.children}
        return [key for key in self.case.children if not meant.isdisjoint(self.case.person(key).person_ids)]

    def _closed_by_their_own_amendment(self, rule: ItemRule, opening: ItemOpening) -> Iterator[CaseFact]:
        """Statements that do not stand any more because the same alert says now that what they asked for is done."""
        for statements in self.corrected if opening.times == 1 else ():
            fact = statements[-1]
            earlier = [one for one in statements[:-1] if matches(one, opening)]
            stands = earlier and fact.alert_id in self.known and not matches(fact, opening)
            if stands and any(matches(fact, closing) for closing in rule.closes):
                yield earlier[-1]

    def _by_later(self, rule: ItemRule, opening: ItemOpening, after: Matching) -> Iterator[Opened]:
        """The first statement after each of those because of which it matters."""
        for earlier in self.meant(after):
            later = self.first_after(earlier, opening)
            if later is not None:
                yield from self._by_statement(rule, opening, later, earlier=earlier)

    def first_after(self, earlier: CaseFact, opening: ItemOpening) -> CaseFact | None:
        """The first statement after another that matters because of it; None where none has come, or its waiting has ended."""
        day = earlier.said.get(opening.before) if opening.before is not None else None
        last = FOREVER if day is None else begins(date.fromisoformat(str(day)))
        for fact in self.facts:
            if fact.order <= earlier.order or fact.alert_id == earlier.alert_id:
                continue
            if fact.happened_at >= last or (opening.reset is not None and matches(fact, opening.reset)):
                return None
            if matches(fact, opening) and names_kind(earlier, opening, fact.kind):
                return fact
        return None

    def waiting(self, opening: ItemOpening, but_for: Collection[str] = ()) -> list[CaseFact]:
        """The earlier statements after which nothing has yet come of what they wait for, while it still may, or would but for what these
        alerts say.
        """
        found = [] if opening.after is None else self.meant(opening.after)
        return [one for one in found if not self._ended(one, opening, but_for) and self.first_after(one, opening) is None]

    def _ended(self, earlier: CaseFact, opening: ItemOpening, but_for: Collection[str]) -> bool:
        reset = opening.reset
        later = (one for one in self.facts if one.order > earlier.order and one.alert_id not in but_for)
        return reset is not None and any(matches(one, reset) for one in later)

    def last_reset(self, opening: ItemOpening) -> list[CaseFact]:
        """What last began a row anew, or ended a waiting."""
        return self.meant(opening.reset)[-1:] if opening.reset is not None else []

    def in_this_row(self, opening: ItemOpening, but_for: Collection[str] = ()) -> list[CaseFact]:
        """The statements that count towards the next row's end, or would but for what these alerts say."""
        if opening.within_days is not None:
            return self._within_a_span(opening, but_for)[1]
        row: list[CaseFact] = []
        for fact in self.facts:
            if opening.reset is not None and fact.alert_id not in but_for and matches(fact, opening.reset):
                row = []
            elif matches(fact, opening):
                row.append(fact)
        return row

    def _by_statement(
        self,
        rule: ItemRule,
        opening: ItemOpening,
        fact: CaseFact,
        *,
        earlier: CaseFact | None = None,
        row: tuple[CaseFact, ...] = (),
    ) -> Iterator[Opened]:
        known = self._known_since(rule, fact) if earlier is None else max(self.known[fact.alert_id], self.known[earlier.alert_id])
        at = max(fact.told_at, known) if rule.from_told else fact.happened_at
        cause = fact.alert_id if earlier is None else f"{earlier.alert_id}, {opening.kinds_in or opening.before or ''}"
        for about in self._about(rule, opening, fact, at):
            last = self.died_at(about) if about else self.last_death
            ends = FOREVER
            if rule.while_open:
                times = open_for(self.case, about, self.policy) if about else open_case(self.case, self.policy)
                ends = next((end for start, end in times if start <= max(at, known) <= end), BEGINNING)
            if ends > BEGINNING and at < last:
                yield Opened(opening, cause, at, known, min(ends, last), fact, earlier, about, row)

    def _known_since(self, rule: ItemRule, fact: CaseFact) -> datetime:
        """From when it was known on the case: from the first of its alert's statements since which nothing about its time has changed."""
        statements = self.statements[fact.alert_id]
        first = fact
        for one in reversed(statements[: statements.index(fact)]):
            if _times_of(one, rule) != _times_of(fact, rule):
                break
            first = one
        return known_on_case(first, self.case, self.policy) or self.known[fact.alert_id]

    def _about(self, rule: ItemRule, opening: ItemOpening, fact: CaseFact, at: datetime) -> Sequence[str]:
        """The children for each of whom the statement opens an item; one item for nobody in particular where the rule has no such clock."""
        if not rule.per_child:
            return ("",)
        named = fact.said.get(opening.child_in) if opening.child_in is not None else None
        there = [child for child in self.case.children if opening.child_in is None or child in (named or ())]
        return [child for child in there if (born := self.case.person(child).born) is None or begins(born) <= at]


def _times_of(fact: CaseFact, rule: ItemRule) -> tuple[object, ...]:
    """What of a statement an item's time follows from."""
    return (fact.kind, fact.action is Action.WITHDRAWN, fact.happened_at, *(fact.said.get(path) for path in rule.due_in))
