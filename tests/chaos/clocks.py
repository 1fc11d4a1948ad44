"""What every obligation with a time must have caused: its steps, worked out anew from the notices' own times, and compared. Pure.

It shares no rule with the reducers: a chaos policy has limits of seconds and one chain for every agency (`QUICK`), so what must come is a sum.
Somebody who owes an answer is reminded when half of its time has passed; when it is due the first of the chain is told, then the next one
after each `next_within_s`, last the duty lead; then it must stand in the queue of what is unowned. An answer stops all of it.

- **Lost:** a step whose moment came while nobody had answered, and of which there is no notice; what nobody answered and is not unowned.
- **Doubled:** one step under two notices; a step after an answer that stood on the case's topic before any tick that covers the step.
- **Early:** a step that the agency's system had before its moment, by this machine's clock, unless a clock had been set forward then.
- **Out of order:** steps of one asking that do not stand in the order of their moments.

A notice that amends or tells anew asks anew, and what takes back ends it: from then on what was asked before is judged no further. One that
amends without asking from a later moment, as after a merge of two people, has the steps that were taken before it. A bus that is late
reads such a change before time has come to a step: then the step need not come, and may. What such a change does to the steps that were to
come is the law of `tests/unit`.
"""

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from alertbus.model.item import StepKind
from alertbus.model.notice import Deed, Notice

BEGINNING, FOREVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

EARLY_S = 0.5
"""Seconds by which a step may seem early: clocks are read one after the other."""

GOES_ON = frozenset({StepKind.NEXT, StepKind.NOT_DELIVERED, StepKind.DUTY_LEAD})
"""Whoever is told for one of these is told once, for whichever."""


@dataclass(frozen=True, slots=True)
class Quick:
    """The kinds whose limits a run sees pass, and how they are chased."""

    kinds: frozenset[str]
    respond_within_s: int
    next_within_s: int
    chain: tuple[str, ...]
    duty_lead: str
    remind_at: float

    @property
    def whole_s(self) -> int:
        """From an alert to the last of its steps, when nobody answers."""
        return self.respond_within_s + (len(self.chain) + 1) * self.next_within_s


QUICK = Quick(frozenset({"threat_to_staff", "nspcc_concern"}), 12, 6, ("team_manager", "duty_manager"), "duty_lead", 0.5)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a case heard of an obligation at `at`: an answer, or that somebody was not reached. `ticked` is how far ticks that stand before
    it on its topic had moved the case's time.
    """

    at: datetime
    ticked: datetime
    answer: bool


class Change(NamedTuple):
    """A version of a case, or a statement of one of its alerts, as it first stood on the case's topic."""

    moment: datetime
    """From when it counts."""
    ticked: datetime
    """How far what stands before it had moved the case's time."""
    place: int
    """Its offset."""
    alert_id: str | None = None
    """Whose statement it is; None for a version of the case."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A clock that a fault had set forward by so many seconds, between two moments of this machine's."""

    since: datetime
    until: datetime
    by_s: float

    def explains(self, step: datetime, arrived: datetime) -> bool:
        """What counts by such a clock comes early by as much, until the world has caught up."""
        late = timedelta(seconds=self.by_s + EARLY_S)
        return step - arrived <= late and self.since <= arrived <= self.until + late


@dataclass(frozen=True, slots=True)
class StepsSeen:
    """What was seen of a run that matters for steps, once the last of them must have come."""

    notices: Sequence[tuple[Notice, datetime]]
    """As they stand on their topic, in order, each once, with the moment that each is dated."""
    heard: Mapping[str, Sequence[Heard]]
    """By obligation, in order."""
    arrived: Mapping[str, datetime]
    """By notice, when a system of an agency first read it."""
    unowned: Collection[str]
    """Obligations whose item has said that nobody is left to be asked; of an answer it has the obligation's id."""
    ahead: Collection[Ahead] = ()
    changed: Mapping[str, Collection[Change]] = field(default_factory=dict)
    """By case, its versions and the statements that reached it."""


@dataclass(frozen=True, slots=True)
class StepVerdict:
    lost: frozenset[str]
    doubled: frozenset[str]
    early: frozenset[str]
    disordered: frozenset[str]
    expected: int = 0
    """Steps that had to come."""


@dataclass(slots=True)
class _Asking:
    """One time of asking: the notice that asked, what chased it, and until when nothing but answers changed it."""

    notice: Notice
    until: datetime
    covered: datetime = FOREVER
    """What was due later than this need not have come: what ended the asking stood on the topic before time had come so far."""
    steps: list[Notice] = field(default_factory=list)
    hasty: tuple[str, ...] = ()
    """Its steps that stand before it on their topic."""

    @property
    def name(self) -> str:
        owed = self.notice.obligation
        return f"obligation {owed.id} ({owed.agency}, {owed.role})"


def judge_steps(seen: StepsSeen, quick: Quick = QUICK) -> StepVerdict:
    askings = list(_askings(seen, quick))
    lost: list[str] = []
    doubled: list[str] = []
    disordered: list[str] = []
    expected = 0
    for asking in askings:
        due = list(_due(asking, seen, quick))
        expected += len(due)
        lost += _missing(asking, due, seen)
        doubled += _told_twice(asking)
        doubled += _after_an_answer(asking, seen)
        disordered += _disordered(asking)
        lost += _never_unowned(asking, seen, quick)
    early = [line for notice, _ in seen.notices if (line := _early(notice, seen)) is not None]
    return StepVerdict(*(frozenset(found) for found in (lost, doubled, early, disordered)), expected=expected)


def _askings(seen: StepsSeen, quick: Quick) -> Iterator[_Asking]:
    """Each asking of a quick kind with its steps."""
    of_obligation: dict[str, list[_Asking]] = defaultdict(list)
    before: dict[tuple[str, datetime], list[Notice]] = defaultdict(list)
    for notice, at in seen.notices:
        owed = notice.obligation
        known = of_obligation[owed.id]
        if notice.deed is Deed.ESCALATE:
            of_it = [asking for asking in known if asking.notice.obligation.since == owed.since]
            if notice.step is not None:
                (of_it[-1].steps if of_it else before[owed.id, owed.since]).append(notice)
            continue
        if known and at < known[-1].until:
            known[-1].until, known[-1].covered = _ended(known[-1], notice, at, seen)
        if not notice.deed.ends and owed.due is not None and owed.kind in quick.kinds:
            hasty = before.pop((owed.id, owed.since), [])
            same = [step for asking in known if asking.notice.obligation.since == owed.since for step in asking.steps]
            known.append(_Asking(notice, FOREVER, steps=[*same, *hasty], hasty=tuple(one.id for one in hasty)))
    return itertools.chain.from_iterable(of_obligation.values())


def _ended(asking: _Asking, notice: Notice, at: datetime, seen: StepsSeen) -> tuple[datetime, datetime]:
    """Until when it was asked, by a notice that changed it, and how far the case's time had come when the cause of that stood on the case's
    topic. An agency that a version of the case leaves out hears nothing more: not even of a step whose moment had come, if the alert stands
    behind that version.
    """
    owed = asking.notice.obligation
    changes = [one for one in seen.changed.get(owed.case_id, ()) if one.alert_id in {None, owed.alert_id}]
    ended = [one for one in changes if owed.since < one.moment <= at]
    if not ended:
        return at, FOREVER
    last = max(one.moment for one in ended)
    first = min((one for one in ended if one.moment == last), key=lambda one: one.place)
    reached = min((one.place for one in changes if one.alert_id is not None), default=first.place)
    return last if notice.deed.ends else at, first.ticked if reached <= first.place else BEGINNING


def _plan(asking: _Asking, quick: Quick) -> Iterator[tuple[StepKind, str, datetime]]:
    owed = asking.notice.obligation
    assert owed.due is not None
    yield StepKind.REMINDER, owed.role, owed.since + (owed.due - owed.since) * quick.remind_at
    for place, role in enumerate(_roles(asking, quick)):
        kind = StepKind.DUTY_LEAD if role == quick.duty_lead else StepKind.NEXT
        yield kind, role, owed.due + timedelta(seconds=quick.next_within_s) * place


def _roles(asking: _Asking, quick: Quick) -> tuple[str, ...]:
    own, chain = asking.notice.obligation.role, quick.chain
    return (*(chain[chain.index(own) + 1 :] if own in chain else chain), quick.duty_lead)


def _unowned_at(asking: _Asking, quick: Quick) -> datetime:
    owed = asking.notice.obligation
    assert owed.due is not None
    return owed.due + timedelta(seconds=quick.next_within_s) * len(_roles(asking, quick))


def _never_unowned(asking: _Asking, seen: StepsSeen, quick: Quick) -> Iterator[str]:
    """An answer that stood on the case's topic before any tick that covers the moment is the earlier news, whatever ended the asking since."""
    owed, end = asking.notice.obligation, _unowned_at(asking, quick)
    answered = any(one.answer and owed.since <= one.at and one.ticked < end for one in seen.heard.get(owed.id, ()))
    if end < _end(asking, seen) and end <= asking.covered and owed.id not in seen.unowned and not answered:
        yield f"{asking.name}: nobody answered by {end:%H:%M:%S}, and it is not unowned"


def _heard(asking: _Asking, seen: StepsSeen) -> list[Heard]:
    owed = asking.notice.obligation
    return [one for one in seen.heard.get(owed.id, ()) if owed.since <= one.at < asking.until]


def _answer(asking: _Asking, seen: StepsSeen) -> Heard | None:
    return min((one for one in _heard(asking, seen) if one.answer), key=lambda one: one.at, default=None)


def _end(asking: _Asking, seen: StepsSeen) -> datetime:
    """Until when it was asked."""
    answer = _answer(asking, seen)
    return asking.until if answer is None else min(asking.until, answer.at)


def _due(asking: _Asking, seen: StepsSeen, quick: Quick) -> Iterator[tuple[StepKind, str, datetime]]:
    end = _end(asking, seen)
    return (step for step in _plan(asking, quick) if step[2] < end and step[2] <= asking.covered)


def _missing(asking: _Asking, due: Sequence[tuple[StepKind, str, datetime]], seen: StepsSeen) -> Iterator[str]:
    not_reached = any(not one.answer for one in _heard(asking, seen))
    given = {(step.kind, step.role): step.at for notice in asking.steps if (step := notice.step) is not None}
    for kind, role, at in due:
        told_at = given.get((kind, role))
        if told_at is None and not_reached and kind in GOES_ON:  # at once, because somebody before was not reached
            told_at = given.get((StepKind.NOT_DELIVERED, role))
            if told_at is not None and told_at <= at:
                continue
        if told_at != at:
            yield f"{asking.name}: {kind} of {role} at {at:%H:%M:%S.%f}; {_known(asking, seen)}"


def _known(asking: _Asking, seen: StepsSeen) -> str:
    """What is known of an asking, for whoever must find out what went wrong."""
    given = [f"{step.kind} {step.role} {step.at:%H:%M:%S.%f}" for notice in asking.steps if (step := notice.step) is not None]
    heard = [
        f"{'answer' if one.answer else 'not reached'} {one.at:%H:%M:%S.%f} behind ticks to {one.ticked:%H:%M:%S.%f}"
        for one in seen.heard.get(asking.notice.obligation.id, ())
    ]
    owed = asking.notice.obligation
    return f"asked {owed.since:%H:%M:%S.%f} until {asking.until:%H:%M:%S.%f}, given {given}, heard {heard}"


def _told_twice(asking: _Asking) -> Iterator[str]:
    told: dict[tuple[object, str | None], set[str]] = defaultdict(set)
    for notice in asking.steps:
        assert notice.step is not None
        told["on" if notice.step.kind in GOES_ON else notice.step.kind, notice.step.role].add(notice.id)
    yield from (f"{asking.name}: {what} of {role} under {len(ids)} notices" for (what, role), ids in told.items() if len(ids) > 1)


def _after_an_answer(asking: _Asking, seen: StepsSeen) -> Iterator[str]:
    answer = _answer(asking, seen)
    for notice in asking.steps:
        step = notice.step
        if answer is not None and step is not None and step.at > max(answer.at, answer.ticked):
            yield f"{asking.name}: {step.kind} of {step.role} at {step.at:%H:%M:%S}, answered at {answer.at:%H:%M:%S}; {_known(asking, seen)}"


def _disordered(asking: _Asking) -> Iterator[str]:
    yield from (f"{asking.name}: step {one} stands before the notice that asked" for one in asking.hasty)
    steps = [notice.step for notice in asking.steps if notice.step is not None and notice.step.kind is not StepKind.NOT_DELIVERED]
    for before, after in itertools.pairwise(steps):
        if after.at < before.at:
            yield f"{asking.name}: {after.kind} of {after.role} behind {before.kind} of {before.role}"


def _early(notice: Notice, seen: StepsSeen) -> str | None:
    arrived = seen.arrived.get(notice.id)
    if notice.step is None or arrived is None or arrived >= notice.step.at - timedelta(seconds=EARLY_S):
        return None
    if any(one.explains(notice.step.at, arrived) for one in seen.ahead):
        return None
    return f"notice {notice.id}: {notice.step.kind} at {notice.step.at:%H:%M:%S.%f}, and with its agency at {arrived:%H:%M:%S.%f}"
