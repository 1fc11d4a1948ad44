"""Cases and exercise clocks on their way into Kafka.

For each version, every step acknowledged before the next: (1) case-changed to the case, (2) to every person linked now
their links, and to every person taken off the case that they have none left, (3) the snapshot for the record; then the
version counts as published and the call answers. This order is what makes "after PUT /v1/cases has answered, the next
alert finds its people" true: an alert that comes after (2) meets the links at its person, and through them a case that
already knows its agencies, because (1) stands before anything that the links let through. A crash in between is made
good by `republish` at the next start: all of it again, under the same ids.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import IntegrityError

from alertbus.broker.record import Record
from alertbus.directory.case_register import CaseRegister, Recorded
from alertbus.directory.doubts import is_doubt
from alertbus.directory.exercise_clocks import ExerciseClocks
from alertbus.intake.case_ids import fault_of_id
from alertbus.intake.out_of_range import must_be_in_range
from alertbus.intake.publisher import Publisher, check_sizes
from alertbus.model import watchdog
from alertbus.model.case import Case, Scope
from alertbus.model.errors import Fault, InvalidInput, NotFound
from alertbus.model.events import ReviewReason
from alertbus.policy.human_range import AS_SHIPPED, HumanRange
from alertbus.policy.identity_rules import IdentityRules
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults
from alertbus.wire import records

log = structlog.get_logger("alertbus.gateway")

BEGINNING = datetime.min.replace(tzinfo=UTC)


class CaseIntake:
    """The case register, and the records that follow from each change of it."""

    def __init__(
        self,
        engine: Database,
        publisher: Publisher,
        rules: IdentityRules,
        now: Callable[[], datetime],
        allowed: HumanRange = AS_SHIPPED,
    ) -> None:
        self._cases, self._publisher, self._now, self._allowed = CaseRegister(engine, rules), publisher, now, allowed
        self._publishing: set[str] = set()
        self._clocks = ExerciseClocks(engine)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, case_id: str) -> Case:
        with database_faults():
            return await self._cases.get(case_id)

    async def check(self, snapshot: Case, *, by_watchdog: bool = False) -> None:
        """Raise `InvalidInput` for a snapshot that is not its sender's to state, and for the id of a new case that tells of somebody."""
        if not by_watchdog and watchdog.is_reserved(exercise=snapshot.exercise, case_id=snapshot.id):
            raise InvalidInput([Fault("id", "another id, and another exercise: these are the bus's own", "reserved")])
        if is_doubt(snapshot.id) or any(one.scope is Scope.FRONT_DOOR for one in snapshot.involvements):
            own = "an id that does not begin `doubt-`, and no scope `front_door`: these are the bus's own"
            raise InvalidInput([Fault("id", own, "reserved")])
        if (telling := fault_of_id(snapshot)) and not await self._stands(snapshot.id):
            raise InvalidInput([telling])

    async def put(self, snapshot: Case, expected: int | None = None, *, by_watchdog: bool = False) -> Case:
        """Record a snapshot and publish it; gives the version that stands afterwards. The same content again changes nothing.

        What only the bus may state (versions, ids, when it learned of something) is passed over. `expected` is the version that the
        sender read, 0 for none; raises `VersionConflict` when another one stands.

        An id that tells something of somebody is refused for a case that is new (`case_ids`).

        `by_watchdog`: the watchdog itself speaks, to which its exercise and its case are reserved.
        """
        await self.check(snapshot, by_watchdog=by_watchdog)
        stated = snapshot.as_stated()
        must_be_in_range(stated, self._allowed, self._now())
        check_sizes([records.case_changed(stated, self._now())])
        recorded = await self._record(stated, expected)
        if recorded.publish:
            await self._publish(recorded)
            await self._publisher.send(*_questions(recorded))
        if recorded.others:
            await self.republish()
        return recorded.case

    async def _stands(self, case_id: str) -> bool:
        """Say whether a version of the case was recorded: nothing about its id may keep a family's news from its file then."""
        try:
            await self.get(case_id)
        except NotFound:
            return False
        return True

    async def republish(self) -> int:
        """Publish what was recorded and is not published: by an earlier process, or of cases whose people turned out to be others.

        Then tell the streams of whom they must identify statements again: first the cases, so that what is identified finds its links.
        Gives the number of cases. Published twice it is harmless.
        """
        with database_faults():
            waiting, revisions = await self._cases.unpublished(), await self._cases.revisions()
        for recorded in waiting:
            if recorded.case.id not in self._publishing:
                await self._publish(recorded)
                log.info("case published again", case_id=recorded.case.id, version=recorded.case.version)
        if revisions:
            await self._publisher.send(*map(records.person_revised, revisions))
            with database_faults():
                await self._cases.revised(revisions)
        return len(waiting)

    async def advance_exercise(self, exercise: str, to: datetime) -> list[str]:
        """Move the exercise's clock, never backwards; gives the ids of the cases that were ticked.

        Raises `InvalidInput` for a moment outside the policy's human range.

        The ticks are written first. Ticked and not moved, they come again at the next call; moved and not ticked, they would be lost.
        """
        must_be_in_range(to, self._allowed, self._now(), "at")
        with database_faults():
            stood, cases = await self._clocks.of_exercise(exercise)
        if stood is not None and to < stood:
            return []
        since = BEGINNING if stood is None else stood
        await self._publisher.send(*(records.ticked(case_id, since, to) for case_id in cases))
        with database_faults():
            await self._clocks.advance(exercise, to)
        return cases

    async def _record(self, stated: Case, expected: int | None) -> Recorded:
        with database_faults():
            try:
                return await self._cases.record(stated, self._now(), expected)
            except IntegrityError:  # PostgreSQL locks no row that is not there yet: another gateway has just written the first version
                return await self._cases.record(stated, self._now(), expected)

    async def _publish(self, recorded: Recorded) -> None:
        case, at = recorded.case, recorded.case.known_at or recorded.at or self._now()
        self._publishing.add(case.id)
        try:
            await self._publish_in_turn(recorded, at)
        finally:
            self._publishing.discard(case.id)

    async def _publish_in_turn(self, recorded: Recorded, at: datetime) -> None:
        case = recorded.case
        async with self._turns[case.id]:  # records of two versions must not interleave
            await self._publisher.send(records.case_changed(case, at))
            await self._publisher.send(*records.links_changed(case, recorded.unlinked, at))
            await self._catch_up(case)
            await self._publisher.send(records.case_recorded(case, at))
            with database_faults():
                await self._cases.published(case)

    async def _catch_up(self, case: Case) -> None:
        """A case that joins an exercise already under way has missed its earlier ticks."""
        if case.exercise is None or case.version > 1:
            return
        with database_faults():
            stands, _ = await self._clocks.of_exercise(case.exercise)
        if stands is not None:
            await self._publisher.send(records.ticked(case.id, BEGINNING, stands))


def _questions(recorded: Recorded) -> list[Record]:
    """For a human: people of the case who may be somebody known, or not."""
    case = recorded.case
    return [
        records.review_needed(
            case.id,
            ReviewReason.UNSURE_MATCH,
            case.known_at or BEGINNING,
            case.id,
            key,
            *alike,
            person_ids=(*case.person(key).person_ids, *alike),
            detail=f"case {case.id}",
        )
        for key, alike in recorded.alike
    ]
