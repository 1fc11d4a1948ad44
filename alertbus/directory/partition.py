"""Who is one person: mentions in, clusters out. Pure, and the same for the same claims, whatever the order in which they arrived.

A mention is somebody as one case file or one alert names them. Its marks are what it claims: numbers, a digest of exact
name, birthday and place, or another mention that it points at. In four steps (DESIGN section 14):

1. Mentions of case files that share a mark which decides are one person, unless their numbers contradict each other.
2. Who was said to be one person, by a source or by somebody who decided, is one, unless it was said later that they, or some of
   them, are not.
3. Case files' people who agree exactly are one, if nothing contradicts among all who agree so.
4. An alert's mention joins the one person that it agrees with. Where its numbers lead to several people of case files it
   is about all of them and joins none: an alert alone does not make two families' people one.

What agrees and contradicts at once is a doubt: it joins nobody, and a person is asked.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import combinations

from alertbus.directory.marks import EXACT, MENTION, Mark, in_one_number_system


class MentionKind(StrEnum):
    """Where a person is named. Values are stored."""

    CASE = "case"
    ALERT = "alert"
    MERGE = "merge"
    SPLIT = "split"


SAID_ANEW = frozenset({MentionKind.MERGE, MentionKind.SPLIT})
"""Kinds that count from when they were said last: of a merge and a split of the same people the later stands."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody as named in one place. `since` is when they were first named there.

    `of` is the case or alert: two people of one case are two. `person_ids` is the last decision, the mention's own id first.
    """

    id: str
    kind: MentionKind
    of: str
    since: datetime
    marks: frozenset[Mark]
    person_ids: tuple[str, ...] = ()

    def sharing(self, decides: bool) -> Iterable[Mark]:
        return (mark for mark in self.marks if (mark[0] != EXACT) is decides)


@dataclass(slots=True)
class Cluster:
    """Mentions that are one person, and all that they claim."""

    members: list[Mention] = field(default_factory=list)
    marks: set[Mark] = field(default_factory=set)
    on_case: bool = False
    overruled: set[str] = field(default_factory=set)
    """Splits of people who are in it, because it was said later that they are one."""
    became: "Cluster | None" = None
    """The cluster into which this one was taken since."""

    @property
    def now(self) -> "Cluster":
        return self.became.now if self.became else self

    def add(self, mention: Mention) -> None:
        self.members.append(mention)
        self.marks |= mention.marks
        self.on_case |= mention.kind is MentionKind.CASE

    def take(self, other: "Cluster") -> None:
        self.members += other.members
        self.marks |= other.marks
        self.on_case |= other.on_case
        self.overruled |= other.overruled
        other.became = self


@dataclass(slots=True)
class Decided:
    """`clusters` are the persons. `of_several` are alerts' mentions that are about more than one of them. `doubts` say of a mention
    which others it may be the same as, or not.
    """

    clusters: list[Cluster]
    of_several: dict[str, list[Cluster]] = field(default_factory=dict)
    doubts: dict[str, list[Cluster]] = field(default_factory=dict)

    def cluster_of(self, mention_id: str) -> Cluster | None:
        return next((c for c in self.clusters if any(m.id == mention_id for m in c.members)), None)


def decide_who_is_who(mentions: Collection[Mention]) -> Decided:
    """Say which of these are one person. They must be all that are reached from one of them by shared marks."""
    return _Clustering(mentions).decided()


class _Clustering:
    def __init__(self, mentions: Collection[Mention]) -> None:
        in_order = sorted(mentions, key=lambda m: (m.since, m.id))
        self._cases = [m for m in in_order if m.kind is MentionKind.CASE]
        self._alerts = [m for m in in_order if m.kind is MentionKind.ALERT]
        self._splits = [m for m in in_order if m.kind is MentionKind.SPLIT]
        self._merges = [m for m in in_order if m.kind is MentionKind.MERGE]
        self._by_mark: dict[Mark, list[Cluster]] = defaultdict(list)
        self._clusters: list[Cluster] = []
        self._same_number = _equivalent(m for m in self._merges if not self._undone(m))
        self._found = Decided(self._clusters)

    def decided(self) -> Decided:
        for mention in self._cases:
            self._join_by_number(mention)
        for merge in self._merges:
            self._merge(merge)
        self._join_exact()
        for mention in self._alerts:
            self._join_alert(mention)
        for noted in (self._found.of_several, self._found.doubts):
            for mention_id, clusters in noted.items():
                noted[mention_id] = list({id(c.now): c.now for c in clusters}.values())
        return self._found

    def _join_by_number(self, mention: Mention) -> None:
        agreeing = self._sharing(mention.sharing(decides=True))
        fitting = [c for c in agreeing if self._fits(mention, c) and not any(m.of == mention.of for m in c.members)]
        if any(self._apart(one, other, given=mention) or _one_case(one, other) for one, other in combinations(fitting, 2)):
            fitting = []
        if len(fitting) < len(agreeing):
            self._found.doubts[mention.id] = agreeing
        self._put(mention, fitting)

    def _merge(self, merge: Mention) -> None:
        """Make one of everybody whom it names. Of nobody, once some of them were parted: which of them the others are is open."""
        named = self._sharing(merge.marks)
        sides = [*(c.marks for c in named), *(m.marks for m in self._alerts if (MENTION, m.id) in merge.marks)]
        splits = {split for split in self._splits if any(_parts(split, a, b) for a, b in combinations(sides, 2))}
        if self._undone(merge) or any(split.since > merge.since for split in splits):
            self._clusters.append(Cluster([merge]))
        else:
            self._put(merge, named).overruled |= {split.id for split in splits}

    def _join_exact(self) -> None:
        """Of all clusters that share an exact mark every two must fit each other: else none of them is joined by it."""
        groups: dict[Mark, list[Cluster]] = {m: list(c) for m, c in self._by_mark.items() if m[0] == EXACT and len(c) > 1}
        for mark in sorted(groups):
            group = self._sharing([mark])
            if len(group) < 2:  # noqa: PLR2004  joined already, by another mark
                continue
            clash = any(self._apart(a, b) or _one_case(a, b) for a, b in combinations(group, 2))
            if not clash:
                self._unite(group)
                continue
            for cluster in group:
                if not any(in_one_number_system(m) for m in cluster.marks):
                    for member in cluster.members:
                        self._found.doubts.setdefault(member.id, [c for c in group if c is not cluster])

    def _join_alert(self, mention: Mention) -> None:
        agreeing = self._sharing(mention.sharing(decides=True))
        fitting = [c for c in agreeing if self._fits(mention, c)]
        if fitting:
            apart = any(self._apart(a, b, given=mention) for a, b in combinations(fitting, 2))
            if sum(c.on_case for c in fitting) > 1 or apart:
                self._found.of_several[mention.id] = fitting
                self._found.doubts[mention.id] = agreeing
                return
            if len(fitting) < len(agreeing):
                self._found.doubts[mention.id] = [c for c in agreeing if c not in fitting]
            self._put(mention, fitting)
            return
        alike = self._sharing(mention.sharing(decides=False))
        exact = [c for c in alike if self._fits(mention, c)]
        if agreeing or len(exact) != 1 or len(alike) > 1:
            if agreeing or alike:
                self._found.doubts[mention.id] = [*agreeing, *(c for c in alike if c not in agreeing)]
            exact = []
        self._put(mention, exact)

    def _put(self, mention: Mention, clusters: Sequence[Cluster]) -> Cluster:
        cluster = self._unite(clusters) if clusters else Cluster()
        if not clusters:
            self._clusters.append(cluster)
        cluster.add(mention)
        for mark in mention.marks:
            if cluster not in self._by_mark[mark]:
                self._by_mark[mark].append(cluster)
        return cluster

    def _unite(self, clusters: Sequence[Cluster]) -> Cluster:
        first, *others = clusters
        for other in others:
            first.take(other)
            self._clusters.remove(other)
            for mark in other.marks:
                holding = [c for c in self._by_mark[mark] if c is not other]
                self._by_mark[mark] = holding if first in holding else [*holding, first]
        return first

    def _sharing(self, marks: Iterable[Mark]) -> list[Cluster]:
        found: list[Cluster] = []
        for mark in sorted(marks):
            found += [c for c in self._by_mark.get(mark, ()) if c not in found]
        return found

    def _fits(self, mention: Mention, cluster: Cluster) -> bool:
        return not (self._contradict(mention.marks, cluster.marks) or self._split_between(mention.marks, cluster.marks, cluster.overruled))

    def _apart(self, one: Cluster, other: Cluster, given: Mention | None = None) -> bool:
        """True if two clusters cannot be one person. Numbers that `given` names together are both theirs."""
        together = given.marks if given else frozenset[Mark]()
        return self._contradict(one.marks, other.marks, together) or self._split_between(
            one.marks, other.marks, one.overruled | other.overruled
        )

    def _contradict(self, one: Collection[Mark], other: Collection[Mark], together: Collection[Mark] = ()) -> bool:
        left, right = self._numbers(one), self._numbers(other)
        for system in left.keys() & right.keys():
            if left[system].isdisjoint(right[system]):
                bridged = self._numbers(together).get(system, set())
                if not (bridged & left[system] and bridged & right[system]):
                    return True
        return False

    def _numbers(self, marks: Iterable[Mark]) -> Mapping[str, set[Mark]]:
        found: dict[str, set[Mark]] = defaultdict(set)
        for mark in marks:
            if in_one_number_system(mark):
                found[mark[0]].add(self._same_number.get(mark, mark))
        return found

    def _split_between(self, one: Collection[Mark], other: Collection[Mark], overruled: Collection[str]) -> bool:
        """True if it was said that somebody of the one is not somebody of the other, and not said later that they are."""
        return any(_parts(split, one, other) and split.id not in overruled for split in self._splits)

    def _undone(self, merge: Mention) -> bool:
        return any(len(split.marks & merge.marks) > 1 and split.since > merge.since for split in self._splits)


def _parts(split: Mention, one: Collection[Mark], other: Collection[Mark]) -> bool:
    """True if the split says that somebody of the one is not somebody of the other."""
    here, there = split.marks.intersection(one), split.marks.intersection(other)
    return bool(here and there and here != there)


def _one_case(one: Cluster, other: Cluster) -> bool:
    """Two people of one case file are two, however alike: twins."""
    of = {m.of for m in one.members if m.kind is MentionKind.CASE}
    return any(m.of in of for m in other.members if m.kind is MentionKind.CASE)


def _equivalent(merges: Iterable[Mention]) -> Mapping[Mark, Mark]:
    """Numbers that were said to be one person's count as one number."""
    first: dict[Mark, Mark] = {}
    for merge in merges:
        known = {first.get(mark, mark) for mark in merge.marks}
        least = min(known | merge.marks)
        first |= dict.fromkeys(merge.marks, least)
        first |= {mark: least for mark, rep in first.items() if rep in known}
    return first


def ids_of(found: Decided, new_id: Callable[[], str]) -> dict[str, tuple[str, ...]]:
    """Give each mention's person ids after a decision: its own first, then the others of its cluster.

    An id stays with the cluster of the oldest mention whose own it is. Several that became one person keep all their ids,
    so that whatever was said under any of them still finds them; when they are parted again each keeps its own. A statement that numbers
    are one person's makes nobody: whoever is named by one of them first does.
    """
    keeper: dict[str, Cluster] = {}
    everybody = sorted(((m, c) for c in found.clusters for m in c.members), key=lambda pair: (pair[0].since, pair[0].id))
    for mention, cluster in everybody:
        if mention.person_ids and mention.kind is not MentionKind.MERGE:
            keeper.setdefault(mention.person_ids[0], cluster)
    held: dict[int, list[str]] = {id(c): sorted(p for p, keeps in keeper.items() if keeps is c) for c in found.clusters}
    given: dict[str, tuple[str, ...]] = {}
    for cluster in found.clusters:
        named = any(m.kind is not MentionKind.MERGE for m in cluster.members)
        theirs = held[id(cluster)] or ([new_id()] if named else [])
        held[id(cluster)] = theirs
        for mention in cluster.members:
            own = mention.person_ids[:1] if set(mention.person_ids[:1]) & set(theirs) else tuple(theirs[:1])
            given[mention.id] = (*own, *(p for p in theirs if p not in own))
    for mention_id, clusters in found.of_several.items():
        given[mention_id] = tuple(sorted({p for c in clusters for p in held[id(c)]}))
    return given
