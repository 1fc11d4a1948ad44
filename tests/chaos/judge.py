"""What counts as lost and as doubled, decided from what senders, topics, database and receivers recorded. Pure.

**Lost**, each counted once:

- an alert or a case for which a sender saw 2xx, and which is not on its topic;
- an alert from which neither persons nor a question for review came; an obligation owed by the join from scratch for which there is
  no notice; a notice that delivery, or the chronicle, never took up; a delivery without a receipt (the reconciler finds all of these);
- a notice that its agency's system never processed, unless that is known and visible: the system refused it and the obligation says so, it
  lied (below), or the notice was withdrawn before anything was sent;
- a poison record that is not in quarantine, or, on a topic that the chronicle alone reads, not among its unreadable ones;
- a record that the bus wrote itself and could not decide: it stands in quarantine, and nobody had poisoned it.

**Doubled**, each counted once:

- an obligation or a deed nobody owes (the reconciler's `extra`);
- the same statement sent for the same obligation under two keys, when it was not taken back in between; a key that belongs to no notice.
  A receiver dedupes by key, so two keys are two messages to it. That two keys carry the same bytes is no doubling by itself: an agency that
  is shown little reads the same words in an alert and in its correction (seen: housing's message, delivered and amended);
- two contents under one key;
- an attempt begun while an earlier one under its key was still unanswered: two senders at once, which no receiver can dedupe in time;
- a ledger row touched after it was settled, as the database itself recorded it.

Not doubled: a repeat under the same key with the same content after a sender died or its connection broke before it had settled the answer.
That is what the key is for, and the receiver processes it once.

**A receiver that lies** (200, and nothing done): no sender can tell it from an honest one. The bus has settled the message; what
protects the family is that the obligation stays open, and in time overdue, until a named person answers. So a lie is accounted for when
the obligation stands in the chronicle as unanswered, or when a worker of the run has answered it. It is counted beside, not as lost.

**Out of order**: within an agency and a case, first arrivals that do not follow the order of the notices on their topic. Notices that were refused
or lied about do not count, nor do those moved to a lane of their own because they could not be rendered.
"""

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alertbus.broker import topics
from alertbus.model import ids
from alertbus.model.notice import Deed, Notice
from tests.chaos.clocks import GOES_ON
from tests.chaos.receivers import Attempt, Manner

Place = tuple[str, int, int]
"""Topic, partition, offset."""

DECIDED = frozenset({topics.ALERTS, topics.PERSON_EVENTS, topics.CASE_EVENTS, topics.NOTICES})
"""Where a record that cannot be decided must go to quarantine."""

RECORDED = frozenset({topics.CASES, topics.RECEIPTS, topics.REVIEW})
"""Read by the chronicle alone, which counts what it cannot read. Nobody reads the other topics but `alertbus quarantine` and audits."""

SETTLED_BY_REFUSAL = "refused"
WITHDRAWN_UNSENT = "withdrawn_before_it_was_sent"
BUS = "alertbus"
"""The source of what the bus asks on its own: a briefing, a lapse."""

_OWN = "of its own"

UNANSWERED = frozenset({"owed", "sent", "accepted", "seen", "refused", "failed", "escalated"})


@dataclass(frozen=True, slots=True)
class Row:
    """A ledger row."""

    notice_id: str
    agency: str
    case_id: str
    state: str
    error: str | None
    aside: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that was seen of a run, once it is quiet."""

    accepted: Collection[str]
    """Statements for which a sender saw 2xx."""
    on_topic: Collection[str]
    """Statements on `alerts`."""
    statements: Mapping[str, Sequence[str]]
    """By alert, its statements."""
    recorded: Mapping[str, Collection[int]]
    """By case, the versions for which a PUT saw 2xx."""
    versions: Mapping[str, Collection[int]]
    """By case, the versions on `cases`."""
    missing: Mapping[str, Collection[str]]
    """The reconciler's lists that mean something is not there, by their names."""
    extra: Collection[str]
    """The reconciler's list of what should not be there."""
    notices: Sequence[Notice]
    """As they stand on their topic, in order, each once."""
    rows: Sequence[Row]
    unsettled: Collection[str]
    """Notices whose ledger row was touched after it was settled."""
    attempts: Sequence[Attempt]
    unsigned: int
    inbox: Collection[str]
    """Keys in the built-in inbox."""
    systems: Collection[str]
    """Agencies that have a system of their own."""
    obligations: Mapping[str, str]
    """The chronicle's state of each."""
    poison: Collection[Place]
    quarantined: Collection[Place]
    unreadable: Collection[Place]
    """Where the chronicle found records it could not read."""
    answered: Collection[str] = ()
    """Obligations that a worker of the run has answered."""
    decided: Mapping[str, int] = field(default_factory=dict)
    """By statement, how often the directory decided who is meant by it, as its records on `alerts` say."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Each entry says in a few words what, and of whom by id."""

    lost: frozenset[str]
    doubled: frozenset[str]
    disordered: frozenset[str]
    lies: frozenset[str] = field(default_factory=frozenset)
    refusals: int = 0

    def since(self, before: "Verdict") -> "Verdict":
        """What has come on top of an earlier verdict on the same bus."""
        return Verdict(self.lost - before.lost, self.doubled - before.doubled, self.disordered - before.disordered, self.lies - before.lies)


def judge(seen: Seen) -> Verdict:
    # In the inbox of an agency that has a system lies a copy for a human: the system must have it all the same.
    own_inbox = {notice.id for notice in seen.notices if notice.obligation.agency not in seen.systems} & set(seen.inbox)
    processed = {attempt.key for attempt in seen.attempts if attempt.processed} | own_inbox
    refused_by = {attempt.key for attempt in seen.attempts if attempt.status is not None and 400 <= attempt.status < 500}
    lied_about = {attempt.key for attempt in seen.attempts if attempt.manner is Manner.LIES and attempt.status == 200} - processed
    rows = {row.notice_id: row for row in seen.rows}
    excused: set[str] = set()
    lies: set[str] = set()
    for notice in seen.notices:
        row = rows.get(notice.id)
        if row is None or notice.id in processed:
            continue
        if (row.state == SETTLED_BY_REFUSAL and notice.id in refused_by) or row.error == WITHDRAWN_UNSENT:
            excused.add(notice.id)
        elif notice.id in lied_about and _is_accounted(notice.obligation.id, seen):
            lies.add(notice.id)
    return Verdict(
        lost=frozenset(_lost(seen, processed | excused | lies)),
        doubled=frozenset(_doubled(seen)),
        disordered=frozenset(_disordered(seen, rows)),
        lies=frozenset(lies),
        refusals=len(excused),
    )


def _is_accounted(obligation_id: str, seen: Seen) -> bool:
    return obligation_id in seen.answered or seen.obligations.get(obligation_id) in {*UNANSWERED, "withdrawn"}


def _lost(seen: Seen, accounted: Collection[str]) -> Iterator[str]:
    yield from (f"statement {one}: accepted, not on its topic" for one in set(seen.accepted) - set(seen.on_topic))
    for case_id, versions in seen.recorded.items():
        yield from (f"case {case_id} version {v}: recorded, not on its topic" for v in set(versions) - set(seen.versions.get(case_id, ())))
    for name, found in seen.missing.items():
        yield from (f"{name} {one}" for one in found)
    yield from (f"notice {notice.id}: never with {notice.obligation.agency}" for notice in seen.notices if notice.id not in accounted)
    for place in seen.poison:
        kept = seen.quarantined if place[0] in DECIDED else seen.unreadable
        if place[0] in {*DECIDED, *RECORDED} and place not in kept:
            yield f"poison at {'/'.join(map(str, place))}: passed over in silence"
    for place in set(seen.quarantined) - set(seen.poison):
        if place[0] in DECIDED - {topics.NOTICES}:  # there stand the notices that an agency's system refused for good
            yield f"{'/'.join(map(str, place))}: no poison, and could not be decided"
    if seen.unsigned:
        yield f"{seen.unsigned} messages came unsigned"


def _doubled(seen: Seen) -> Iterator[str]:
    yield from (f"extra {one}" for one in seen.extra)
    yield from (f"notice {one}: touched after it was settled" for one in seen.unsettled)
    yield from told_twice(seen)
    known = {notice.id for notice in seen.notices}
    contents: dict[str, set[str]] = defaultdict(set)
    by_key: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in seen.attempts:
        by_key[attempt.key].append(attempt)
        if attempt.digest:
            contents[attempt.key].add(attempt.digest)
    yield from (f"key {key}: of no notice" for key in by_key.keys() - known)
    yield from (f"key {key}: {len(found)} contents" for key, found in contents.items() if len(found) > 1)
    for key, attempts in by_key.items():
        attempts.sort(key=lambda attempt: attempt.began)
        for earlier, later in itertools.pairwise(attempts):
            if earlier.ended is None or later.began < earlier.ended:
                yield f"key {key}: two senders at once"


def told_twice(seen: Seen) -> Iterator[str]:
    """The same statement for the same obligation and deed under two notices, when it was not taken back in between."""
    told: dict[str, dict[tuple[Deed, str], str]] = defaultdict(dict)
    escalated: dict[tuple[str, datetime, str, str], str] = {}
    deeds: dict[str, list[str]] = defaultdict(list)
    for notice in seen.notices:
        owed = notice.obligation
        deeds[owed.id].append(f"{notice.deed} {owed.since:%H:%M:%S.%f}")
        if notice.deed is Deed.ESCALATE:  # once for each time of asking, each person, and each reason but that it goes on to them
            why = notice.step.kind if notice.step is not None and notice.step.kind not in GOES_ON else "on"
            other = escalated.setdefault((owed.id, owed.since, owed.role, why), notice.id)
            if other != notice.id:
                yield f"obligation {owed.id}: escalated to {owed.role} as {other} and {notice.id}"
            continue
        if notice.deed.ends:
            if not told.pop(owed.id, None):
                yield f"obligation {owed.id}: taken back, and nothing stood (since: {', '.join(deeds[owed.id])})"
            continue
        statement = _statement_of(notice, seen)
        if owed.source == BUS:  # of which nobody made a statement: amended by whatever came later on the same day
            statement = notice.id if notice.deed is Deed.AMEND else _OWN
        if statement is None:
            yield f"notice {notice.id}: of no statement"
            continue
        other = told[owed.id].setdefault((Deed.DELIVER if notice.deed is Deed.AMEND else notice.deed, statement), notice.id)
        if other != notice.id:
            yield f"obligation {owed.id}: statement {statement} told as {other} and {notice.id}"


def _statement_of(notice: Notice, seen: Seen) -> str | None:
    """A notice's id is computed from its statement; the one that gives it is the one it tells.

    What is told again, because what came after it did not stand, and what is given anew, because an agency was taken off the case and put
    back, have ids that name the change too: a version of the case, or what was said or decided of the alert.
    """
    owed, since = notice.obligation, notice.obligation.since.isoformat()
    statements = seen.statements.get(owed.alert_id, ())
    usual = {ids.notice_id(owed.id, one, since=other): one for one in statements for other in ("", since)}
    if notice.id in usual:
        return usual[notice.id]
    changes = [f"case version {version}" for version in seen.versions.get(owed.case_id, ())]
    for one in statements:
        changes += [f"statement {one}", *(f"statement {one}, version {version}" for version in range(1, seen.decided.get(one, 0) + 1))]
    again = {ids.notice_id(owed.id, one, since=f"{since}, {change}"): one for one in statements for change in changes}
    anew = {ids.notice_id(owed.id, told, since=change): one for told, one in {**usual, **again}.items() for change in changes}
    return again.get(notice.id) or anew.get(notice.id)


def _disordered(seen: Seen, rows: Mapping[str, Row]) -> Iterator[str]:
    order = {notice.id: place for place, notice in enumerate(seen.notices)}
    latest: dict[tuple[str, str], int] = {}
    for attempt in sorted((a for a in seen.attempts if a.processed), key=lambda a: a.began):
        row = rows.get(attempt.key)
        if row is None or row.aside or attempt.key not in order:
            continue
        lane = (row.agency, row.case_id)
        if order[attempt.key] < latest.get(lane, -1):
            yield f"notice {attempt.key}: after a later one of its agency and case"
        latest[lane] = max(order[attempt.key], latest.get(lane, -1))
