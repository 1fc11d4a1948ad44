"""What a person states about who is who, apart from any review item: that two are one, or are not, or that this counts no longer."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from alertbus.audit.chain import AuditedDeed
from alertbus.directory.claims import holders
from alertbus.directory.marks import MENTION, Mark, case_mention
from alertbus.directory.who_is_who import WhoIsWho, WhoIsWhoRegister
from alertbus.intake.by_name import Audited, later, named
from alertbus.intake.callers import Caller
from alertbus.intake.who import WhoIsWhoIntake
from alertbus.model import ids
from alertbus.model.base import Word
from alertbus.model.errors import Fault, InvalidInput, NotFound
from alertbus.model.identity import PersonMerged, PersonPointer, PersonSplit
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults, reading

_OTHER: dict[type[WhoIsWho], type[WhoIsWho]] = {PersonMerged: PersonSplit, PersonSplit: PersonMerged}


class StatedOfPeople(Word):
    """A named person's statement that two people are one, or are not. `taken_back`: the same statement, made before, counts no longer."""

    people: Annotated[tuple[PersonPointer, PersonPointer], S.IDENTITY]
    by: Annotated[str, S.ROUTING] = Field(min_length=2, max_length=120)
    note: Annotated[str | None, S.OBSERVATION] = Field(default=None, max_length=500)
    """Why, for the audit."""
    taken_back: Annotated[bool, S.ROUTING] = False
    exercise: Annotated[str | None, S.ROUTING] = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,60}$")


class OutcomeOfPeople(Word):
    """What came of it. `id` is the statement's; `waits`: nobody is known yet by one of the numbers, so nothing follows so far."""

    id: str
    repeated: bool
    waits: bool


class PeopleIntake:
    """The door for such statements by a person. What an agency says of the same two, pointed at in the same way, replaces its last word."""

    def __init__(self, engine: Database, people: WhoIsWhoIntake, audited: Audited, now: Callable[[], datetime]) -> None:
        self._engine, self._people, self._audited, self._now = engine, people, audited, now
        self._register = WhoIsWhoRegister(engine)

    async def state(self, kind: type[WhoIsWho], stated: StatedOfPeople, agency: str, caller: Caller) -> OutcomeOfPeople:
        """Accept the statement as this agency's, and publish what follows from it.

        Raises `NotFound` for somebody who is on no case file or unknown, and for a statement to take back that was never made;
        `InvalidInput` for one person named twice; `Unavailable` when it is not durable in time.
        """
        name = named(stated.by)
        if stated.people[0] == stated.people[1]:
            raise InvalidInput([Fault("people", "two people, each pointed at once", "same_twice")])
        said_id = "people-" + ids.event_id("people", *sorted(one.model_dump_json() for one in stated.people))
        with database_faults():
            mine, opposite = [await self._register.standing(one, agency, said_id, stated.exercise) for one in (kind, _OTHER[kind])]
        if stated.taken_back and mine is None:
            raise NotFound("nothing was said of these two that could be taken back; point at them as it was done then")
        waits = await self._waits(stated.people, stated.exercise or "")
        at = later(self._now(), *(one.at for one in (mine, opposite) if one))
        saying: list[WhoIsWho] = []
        if opposite is not None and not opposite.taken_back and not stated.taken_back:
            saying.append(opposite.model_copy(update={"at": at, "taken_back": True, "by": name}))
        if mine is None or (mine.taken_back and not stated.taken_back):
            saying.append(kind(id=said_id, source=agency, at=at, people=stated.people, by=name, exercise=stated.exercise))
        elif stated.taken_back and not mine.taken_back:
            saying.append(mine.model_copy(update={"at": at, "taken_back": True, "by": name}))
        deeds = AuditedDeed.WHO_IS_WHO_BEGUN, AuditedDeed.WHO_IS_WHO_DONE
        done = f"{'merge' if kind is PersonMerged else 'split'}{' taken back' if stated.taken_back else ''}"
        async with self._audited.deed(*deeds, caller, by=name, reason=(stated.note or "").strip() or done, about=[said_id]):
            for one in saying:
                await self._people.accept(one)
            await self._people.republish()
        return OutcomeOfPeople(id=said_id, repeated=not saying, waits=waits)

    async def _waits(self, people: Sequence[PersonPointer], scope: str) -> bool:
        """Say whether nobody is known by one of the numbers. Raises `NotFound` for somebody who is not on the case that is named."""
        marks: list[Mark] = []
        for one in people:
            if one.identifier:
                marks.append((one.identifier.system.value, one.identifier.value))
            elif one.case_id and one.key:
                marks.append((MENTION, case_mention(one.case_id, one.key)))
        with database_faults():
            async with reading(self._engine) as connection:
                found = await holders(connection, scope, marks)
        if any(system == MENTION and (system, value) not in found for system, value in marks):
            raise NotFound("no such person on that case; `alertbus cases show CASE` gives the keys of its people")
        return any(mark not in found for mark in marks)
