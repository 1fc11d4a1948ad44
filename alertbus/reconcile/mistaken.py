"""Whether people are taken for one, or for several, against what is claimed of them (DESIGN section 14).

It takes no decision of the directory for granted, and shares none of its code that decides: from the topics it reads what
every case file and every alert claims, and whom they were decided to be. Two rules must hold. Whoever has one id is held
together by shared marks, or by somebody's word that they are one, and no numbers of theirs contradict. Whoever shares a
number has an id in common, unless something forbids it. Numbers are held as digests, and only ids come out.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from typing import TypeVar

from alertbus.broker.record import Received
from alertbus.directory.comparing import ONE_NUMBER, exact_marks, strong_marks
from alertbus.directory.doubts import is_doubt
from alertbus.model import watchdog
from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.case import Case
from alertbus.model.events import CASE_RECORDED, AlertAboutPerson
from alertbus.model.identity import PersonMerged, PersonSplit
from alertbus.model.person import Person
from alertbus.policy.policy import Policy
from alertbus.reconcile.judge import Discrepancy, DiscrepancyKind
from alertbus.reconcile.oracle import stands_until
from alertbus.wire.reading import understand
from alertbus.wire.words import words

READ_WORDS = words(AlertAboutPerson.type, CASE_RECORDED, PersonMerged.type, PersonSplit.type)

Token = tuple[str, str]
"""A mark as it is compared here: its system, and a digest of its value."""

_SaidThen = tuple[datetime, frozenset[Token]]
"""A statement about who is who: when it was made, and at whom it points."""

_Thing = TypeVar("_Thing", str, Token)

_ONE_NUMBER = frozenset(system.value for system in ONE_NUMBER)
_PLACE, _KEY, _EXACT = "place", "key", "exact"


@dataclass(frozen=True, slots=True)
class Naming:
    """Somebody as one case file or one alert names them. `shown` is the id that a report may hold: the case's, or the statement's."""

    shown: str
    alert_id: str
    ids: frozenset[str]
    tokens: frozenset[Token]
    place: Token
    judged: bool
    """False for an alert that is over: what it claimed still counts, whom it told does not change any more. False too for whom only a key
    names."""

    @property
    def claimed(self) -> Iterator[Token]:
        """What is claimed here, and the place itself: not the place at which an alert's key points."""
        return (token for token in self.tokens if token[0] != _PLACE or token == self.place)

    def numbers(self, same: Mapping[Token, Token]) -> dict[str, set[Token]]:
        found: dict[str, set[Token]] = defaultdict(set)
        for token in self.tokens:
            if token[0] in _ONE_NUMBER:
                found[token[0]].add(same.get(token, token))
        return found


@dataclass(slots=True)
class ClaimsRead:
    """What the topics say of who is who, of one exercise or of reality."""

    exercise: str | None
    policy: Policy
    _cases: dict[str, Case] = field(default_factory=dict)
    _statements: dict[str, dict[str, AcceptedAlert]] = field(default_factory=lambda: defaultdict(dict))
    _said: dict[tuple[str, str, str], PersonMerged | PersonSplit] = field(default_factory=dict)

    def take(self, record: Received) -> None:
        """Add one record."""
        match understand(record, READ_WORDS).word:
            case Case() as case if case.exercise == self.exercise and not (watchdog.is_reserved(case_id=case.id) or is_doubt(case.id)):
                if case.id not in self._cases or self._cases[case.id].version < case.version:
                    self._cases[case.id] = case
            case AlertAboutPerson(alert=said) if said.alert.exercise == self.exercise:
                of_it = self._statements[said.alert_id]
                of_it[said.statement_id] = said.beside(of_it.get(said.statement_id))
            case PersonMerged() | PersonSplit() as stated if stated.exercise == self.exercise:
                key = (stated.type, stated.source, stated.id)
                if key not in self._said or self._said[key].at <= stated.at:
                    self._said[key] = stated
            case _:
                pass

    def mistaken(self, now: datetime) -> frozenset[Discrepancy]:
        """Give every case and every alert on which somebody is taken for another, or not known for who they are."""
        merges = [one for one in self._said.values() if isinstance(one, PersonMerged) and not one.taken_back]
        splits = [one for one in self._said.values() if isinstance(one, PersonSplit) and not one.taken_back]
        return frozenset(_Rules(list(self._namings(now)), merges, splits).broken())

    def _namings(self, now: datetime) -> Iterator[Naming]:
        for case in self._cases.values():
            for person in case.people:
                place = _PLACE, _digest(f"case/{case.id}/{person.key}")
                key = {(_KEY, _digest(person.key))} if self.exercise else set()
                yield Naming(case.id, "", frozenset(person.person_ids), self._tokens(person) | {place} | key, place, judged=True)
        for statements in self._statements.values():
            yield from self._of_alert(list(statements.values()), now)

    def _of_alert(self, statements: Collection[AcceptedAlert], now: datetime) -> Iterator[Naming]:
        standing = max(statements, key=lambda s: (s.alert.recorded_at, s.accepted_at, s.alert.action is Action.WITHDRAWN))
        if standing.alert.action is Action.WITHDRAWN:
            return
        days = self.policy.kind_rule(standing.alert.kind).meets_later_days
        over = stands_until(standing, self.policy, None) < now and (now - standing.at).days >= days
        for number, (entry, ids) in enumerate(zip(standing.everybody, standing.people, strict=False)):
            meant = dict(enumerate(standing.claimed or ())).get(number)
            by_key = bool(entry.person.key) and not meant  # whom a key meant is not on the topic where nothing was learned
            place = _PLACE, _digest(f"alert/{standing.alert_id}/{number}")
            pointed = {(_KEY if self.exercise else _PLACE, _digest(meant))} if meant else set()
            tokens = self._tokens(entry.person) | {place} | pointed
            yield Naming(standing.statement_id, standing.alert_id, frozenset(ids), tokens, place, judged=not over and not by_key)

    def _tokens(self, person: Person) -> frozenset[Token]:
        numbers = {(system, _digest(system, value)) for system, value in strong_marks(person, self.policy.identity)}
        return frozenset(numbers | {(_EXACT, _digest(mark)) for mark in exact_marks(person, self.policy.identity)})


class _Rules:
    """The two rules over all that is named."""

    def __init__(self, namings: list[Naming], merges: Iterable[PersonMerged], splits: Iterable[PersonSplit]) -> None:
        self._namings = [one for one in namings if one.ids]
        later = [(split.at, frozenset(_pointed(split))) for split in splits]
        standing = [m for m in merges if not any(at > m.at and len(sides & frozenset(_pointed(m))) > 1 for at, sides in later)]
        self._apart = later
        self._merged = [(merge.at, frozenset(_pointed(merge))) for merge in standing]
        self._same = _least_of(sides for _, sides in self._merged)
        self._said: dict[Token, set[str]] = defaultdict(set)
        """In which systems a merge gives a number to whoever it names, though nobody on file may have it."""
        for token, said in self._same.items():
            self._said[said] |= {token[0]} & _ONE_NUMBER
        self._by_id: dict[str, list[Naming]] = defaultdict(list)
        for one in self._namings:
            for person_id in one.ids:
                self._by_id[person_id].append(one)
        self._binds = _least_of(self._binding(self._merged, later))
        self._by_token: dict[Token, list[Naming]] = defaultdict(list)
        """Who must be one: they share a number, or a merge that holds for everybody whom it names."""
        for one in self._namings:
            for token in {self._binds.get(token, token) for token in one.tokens}:
                self._by_token[token].append(one)

    def broken(self) -> Iterator[Discrepancy]:
        for together in self._persons():
            yield from self._not_one(together)
        for token, sharing in self._by_token.items():
            if token[0] != _EXACT:
                yield from self._not_several(sharing)

    def _persons(self) -> Iterator[list[Naming]]:
        """Everybody who is taken for one person: the ids that somebody on a case file has are all theirs."""
        one_of = _least_of(one.ids for one in self._namings if not one.alert_id and len(one.ids) > 1)
        persons: dict[str, list[Naming]] = defaultdict(list)
        for one in self._namings:
            for first in {one_of.get(person_id, person_id) for person_id in one.ids}:
                persons[first].append(one)
        yield from persons.values()

    def _not_one(self, together: list[Naming]) -> Iterator[Discrepancy]:
        """Whoever has one id is connected by shared marks, and no two of them are forbidden to be one."""
        pieces = sorted(self._connected(together), key=lambda piece: (any(not one.alert_id for one in piece), len(piece)))
        for piece in pieces[:-1]:
            yield from (_mistaken(one) for one in piece if one.judged)
        if any(token in self._same for one in together for token in one.tokens):
            return  # somebody has said that they are one: that weighs more than numbers that contradict
        for one, other in combinations([one for one in together if not one.alert_id], 2):
            bridged = any(self._bridges(third, one, other) for third in together)
            if not bridged and self._contradict([one], [other]):
                yield from (_mistaken(one), _mistaken(other))

    def _not_several(self, sharing: list[Naming]) -> Iterator[Discrepancy]:
        """Whoever shares a number has an id in common, unless numbers contradict or somebody has said that they are not one."""
        for one, other in combinations(sharing, 2):
            if not (one.judged and other.judged) or one.ids & other.ids or (one.alert_id and other.alert_id):
                continue
            mine, theirs = self._group(one), self._group(other)
            if self._cannot_be_one(mine, theirs) or _of_one_case(mine, theirs):
                continue
            if one.alert_id or other.alert_id or not (self._open(one) or self._open(other)):
                yield _mistaken(one if one.alert_id else other)

    def _open(self, one: Naming) -> bool:
        """True if numbers of somebody on file lead to two, and which of them it is, is open: they were parted, or one file has both."""
        numbers = {token for token in one.tokens if token[0] not in {_EXACT, _PLACE}}
        sharing = [other for token in numbers for other in self._by_token[self._binds.get(token, token)] if token in other.tokens]
        met = [other for other in sharing if not other.alert_id and other.shown != one.shown]
        fitting = [other for other in met if not self._cannot_be_one([one], self._group(other))]
        pairs = [(self._group(a), self._group(b)) for a, b in combinations(fitting, 2) if not a.ids & b.ids]
        return any(self._split(mine, theirs, self._apart) or _of_one_case(mine, theirs) for mine, theirs in pairs)

    def _cannot_be_one(self, mine: list[Naming], theirs: list[Naming]) -> bool:
        return self._contradict(mine, theirs) or self._split(mine, theirs, self._apart)

    def _binding(self, merges: Iterable[_SaidThen], splits: list[_SaidThen]) -> Iterator[frozenset[Token]]:
        """Give whom the merges make one: one of which some were parted later, by whatever word for them, makes nobody one."""
        named: dict[Token, list[Naming]] = defaultdict(list)
        for one in self._namings if splits else ():
            for token in ({one.place} if one.alert_id else one.tokens) & self._same.keys():
                named[token].append(one)
        for at, sides in merges:
            apart = [(when, parted) for when, parted in splits if when > at]
            theirs = [one for side in sides for one in named[side]] if apart else []
            pairs = ((one, other) for one, other in combinations(theirs, 2) if not one.ids & other.ids)
            if not any(self._split(self._group(one), self._group(other), apart) for one, other in pairs):
                yield sides

    def _connected(self, together: list[Naming]) -> list[list[Naming]]:
        pieces: list[tuple[set[Token], list[Naming]]] = []
        for one in together:
            tokens, members = set(self._reduced(one)), [one]
            rest = []
            for seen, others in pieces:
                if seen & tokens:
                    tokens |= seen
                    members += others
                else:
                    rest.append((seen, others))
            pieces = [*rest, (tokens, members)]
        return [members for _, members in pieces]

    def _group(self, one: Naming) -> list[Naming]:
        """Everybody who is that person alone; not an alert that is about several people at once."""
        return [other for person_id in one.ids for other in self._by_id[person_id] if other.ids <= one.ids]

    def _contradict(self, mine: Iterable[Naming], theirs: Iterable[Naming]) -> bool:
        left, right = self._numbers(mine), self._numbers(theirs)
        return any(left[system].isdisjoint(right[system]) for system in left.keys() & right.keys())

    def _numbers(self, group: Iterable[Naming]) -> dict[str, set[Token]]:
        found: dict[str, set[Token]] = defaultdict(set)
        for one in group:
            for system, tokens in one.numbers(self._same).items():
                found[system] |= tokens
            for said in {self._same[token] for token in one.claimed if token in self._same}:
                for system in self._said[said]:
                    found[system].add(said)
        return found

    def _bridges(self, third: Naming, one: Naming, other: Naming) -> bool:
        """True if a third names numbers of both together: two that one source gives for one person are both theirs."""
        named = {token for tokens in third.numbers(self._same).values() for token in tokens}
        return all(named & {t for tokens in end.numbers(self._same).values() for t in tokens} for end in (one, other))

    def _split(self, mine: Iterable[Naming], theirs: Iterable[Naming], apart: Iterable[_SaidThen]) -> bool:
        """True if a split parts the two, and no merge since says of somebody of either that they are one."""
        left, right = ({token for one in group for token in one.tokens} for group in (mine, theirs))
        parted = ((at, sides & left, sides & right) for at, sides in apart)
        return any(here and there and not self._merged_after(at, here, there) for at, here, there in parted)

    def _merged_after(self, at: datetime, here: frozenset[Token], there: frozenset[Token]) -> bool:
        """True if a merge after that moment names, by whatever word for them, who is parted by these."""
        ours, others = self._also(here), self._also(there)
        return any(when > at and named & ours and named & others for when, named in self._merged)

    def _also(self, tokens: frozenset[Token]) -> frozenset[Token]:
        """These, and what else is stated of who is named by one of them."""
        return tokens.union(*(one.tokens for one in self._namings if one.tokens & tokens))

    def _reduced(self, one: Naming) -> set[Token]:
        return {self._same.get(token, token) for token in one.tokens}


def _of_one_case(mine: Iterable[Naming], theirs: Iterable[Naming]) -> bool:
    """True if a case file names somebody of either: two people of one file are two, whatever number they share."""
    return bool({one.shown for one in mine if not one.alert_id} & {one.shown for one in theirs if not one.alert_id})


def _mistaken(one: Naming) -> Discrepancy:
    return Discrepancy(one.alert_id, DiscrepancyKind.MISTAKEN, one.shown)


def _pointed(stated: PersonMerged | PersonSplit) -> Iterator[Token]:
    for pointer in stated.people:
        if pointer.identifier:
            system, value = pointer.identifier.system.value, pointer.identifier.value
            yield system, _digest(system, value)
        elif pointer.case_id:
            yield _PLACE, _digest(f"case/{pointer.case_id}/{pointer.key}")
        elif pointer.alert_id:
            yield _PLACE, _digest(f"alert/{pointer.alert_id}/{pointer.entry}")


def _least_of(groups: Iterable[Collection[_Thing]]) -> dict[_Thing, _Thing]:
    """Give for each member of these groups the least of all that are one with it; groups that share a member are one."""
    above: dict[_Thing, _Thing] = {}

    def top(one: _Thing) -> _Thing:
        while above[one] != one:
            above[one] = above[above[one]]
            one = above[one]
        return one

    for group in groups:
        for one in group:
            above.setdefault(one, one)
        if tops := {top(one) for one in group}:
            above |= dict.fromkeys(tops, min(tops))
    return {one: top(one) for one in above}


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
