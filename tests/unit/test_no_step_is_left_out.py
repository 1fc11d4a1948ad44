"""A whole case stage in simulated time: what is written late, a clock that is wrong, ticks only where the state's next moment asks for them, a
worker that dies and another that goes on from a state older or newer than the offset that was committed. No step is left out by any of it.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertbus.model.base import INSTANT
from alertbus.model.events import AlertReachedCase, Answered, CaseChanged, ItemEscalated, NotDelivered, Tick
from alertbus.model.notice import Deed, Notice
from alertbus.reach import plans, standing
from alertbus.reach.follow import follow
from alertbus.reach.notices import notices_for
from alertbus.reach.prepared_notices import PreparedNotices
from alertbus.reach.reduce_case import CaseEvent, CaseState
from tests.asked import MONDAY
from tests.unit.test_answers_law import KINDS, SHAPED, Known, Step, time_of, with_others, worlds

END = MONDAY + timedelta(days=30)


@dataclass
class CaseInTime:
    """The topic of one case, and the worker that owns it."""

    facts: list[tuple[datetime, CaseEvent]]
    dice: random.Random
    at: datetime = MONDAY - timedelta(days=4)
    log: list[CaseEvent] = field(default_factory=list)
    state: CaseState = field(default_factory=CaseState)
    place: int = 0
    """The offset that is read next."""
    states: list[CaseState] = field(default_factory=lambda: [CaseState()])
    """By offset, the state before it was read."""
    given: list[list[Notice]] = field(default_factory=list)
    unsaid: list[CaseEvent] = field(default_factory=list)
    """What would answer something of which nobody has been told yet."""
    ticked_for: datetime | None = None
    wrong_by: timedelta = timedelta(0)
    prepared: PreparedNotices = field(default_factory=lambda: PreparedNotices(SHAPED))
    quick: int = 0

    def run(self) -> None:
        for _ in range(5_000):
            if not self.facts and self.place == len(self.log) and not self._waits():
                return
            self.dice.choices([self._time_passes, self._read, self._tick, self._die], [4, 8, 4, 1])[0]()
        raise AssertionError("it comes to no end")

    def _waits(self) -> bool:
        return self.state.next_at is not None and self.state.next_at <= END

    def _time_passes(self) -> None:
        moments = [at for at, _ in self.facts[:1]]
        if self._waits() and self.state.next_at is not None:
            moments.append(self.state.next_at - self.wrong_by)
        if not moments:
            return
        late = timedelta(seconds=self.dice.choice([0, 0, 1, 60, 9_000]))
        self.at = max(self.at, min(moments) + late)
        while self.facts and self.facts[0][0] <= self.at:
            fact = self.facts.pop(0)[1]
            (self.log if _may_be_said(fact, self.given) else self.unsaid).append(fact)
        waited, self.unsaid = self.unsaid, []
        for fact in waited:
            (self.log if _may_be_said(fact, self.given) else self.unsaid).append(fact)

    def _tick(self) -> None:
        """As the owner's clock does: once for a moment, behind what stands on the topic."""
        now, moment = self.at + self.wrong_by, self.state.next_at
        if moment is not None and moment <= now and moment != self.ticked_for and moment <= END:
            self.log.append(Tick(case_id="c1", since=moment - INSTANT, at=now))
            self.ticked_for = moment

    def _read(self) -> None:
        for _ in range(self.dice.choice([1, 1, 3])):
            if self.place < len(self.log):
                notices = self._follow(self.log[self.place])
                if self.place == len(self.given):
                    self.given.append([])
                    self.states.append(self.state)
                self.given[self.place] += notices
                self.place += 1
                self.states[self.place] = self.state

    def _follow(self, event: CaseEvent) -> list[Notice]:
        """As `CaseStage` does, with the prepared form where there is one."""
        before = self.state
        told = self.prepared.tell(before, event) if isinstance(event, AlertReachedCase) else None
        if told is not None:
            self.quick += 1
            self.state = told[0]
            return [Notice.model_validate_json(one.json) for one in told[1]]
        outcome = follow(before, event, SHAPED)
        self.state = outcome.after
        return [*(one.notice for one in notices_for(outcome.owed, before, outcome.after, SHAPED)), *outcome.notices]

    def _die(self) -> None:
        """Another worker goes on from an offset that was committed, with a state that knows as much or more. What that does not know of may
        not have been written.
        """
        kept = self.dice.randint(max(0, self.place - 6), self.place)
        self.place = self.dice.randint(max(0, kept - 6), kept)
        self.state = self.states[kept]
        for place in range(kept, len(self.given)):
            if self.dice.random() < 0.5:
                self.given[place] = []
        self.ticked_for = None
        self.wrong_by = timedelta(seconds=self.dice.choice([0, 0, -40, 40, 200]))
        self.states[self.place] = self.state

    @property
    def steps(self) -> dict[str, Notice]:
        about = (one for some in self.given for one in some if one.obligation.kind in KINDS)
        return {one.id: one for one in about if one.deed is Deed.ESCALATE and one.step is not None}


def _may_be_said(event: CaseEvent, given: list[list[Notice]]) -> bool:
    """Nobody answers, or escalates, or fails to be reached by, what has not been told."""
    match event:
        case Answered() | NotDelivered():
            return any(one.obligation.id == event.obligation_id for some in given for one in some)
        case ItemEscalated():
            steps = [one.step.at for some in given for one in some if one.obligation.id == event.item_id and one.step is not None]
            return bool(steps) and event.at > event.seen
        case _:
            return True


def played(world: list[CaseEvent], seed: int) -> tuple[CaseInTime, dict[str, Step], dict[str, Step]]:
    """The case when all has passed; the steps that must have been taken by then, and all that ever had to be, by what stood on the topic."""
    dice = random.Random(seed)
    first = [one for one in world if isinstance(one, CaseChanged) and one.case.version == 1]
    others = [one for one in world if one not in first]
    delays = [timedelta(seconds=dice.choice([0, 0, 0, 2, 60, 300])) for _ in others]
    facts = sorted([(time_of(one) + late, one) for one, late in zip(others, delays, strict=True)], key=lambda one: one[0])
    written = zip([at for at, _ in facts], with_others([one for _, one in facts]), strict=True)
    case = CaseInTime([(MONDAY - timedelta(days=5), first[0]), *written], dice)
    case.run()
    known, ever = Known(), dict[str, Step]()
    for event in case.log:
        known.take(event)
        ever |= known.due()
    known.take(Tick(case_id="c1", since=END - INSTANT, at=END))  # whether or not a tick was ever asked for
    return case, known.due(), ever | known.due()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds(), st.integers(0, 2**32))
def test_whatever_is_late_and_whoever_dies_no_step_is_left_out(world: list[CaseEvent], seed: int) -> None:
    """Also where what is over is forgotten in its time."""
    case, required, _ = played(world, seed)

    assert case.steps.keys() >= required.keys()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds(), st.integers(0, 2**32))
def test_nor_is_one_taken_that_nothing_on_the_topic_ever_asked_for(world: list[CaseEvent], seed: int) -> None:
    """Where nothing is forgotten: a worker that reads the first word of what its state has forgotten as over cannot know that it is."""
    with pytest.MonkeyPatch.context() as patched:
        for module in (standing, plans):
            for kept in ("SETTLE", "REMEMBERED"):
                patched.setattr(module, kept, timedelta(days=40_000))
        case, required, ever = played(world, seed)

    assert required.keys() <= case.steps.keys() <= ever.keys()
