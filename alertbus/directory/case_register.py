"""Cases as accepted: the next version with its people found, recorded in one transaction before anything is sent to Kafka."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from alertbus.directory.candidates import alike
from alertbus.directory.case_claims import claims_of
from alertbus.directory.case_rows import digest_of, identify_on_cases, known_as, linked_people, row_of, take_off, unlinked_from
from alertbus.directory.claims import Settled, by_case, locked, settle
from alertbus.directory.marks import case_mention
from alertbus.directory.partition import MentionKind
from alertbus.directory.tables import case_version, held, mention, revised, unlinked_person
from alertbus.model.case import Case
from alertbus.model.errors import NotFound, VersionConflict
from alertbus.model.events import PersonRevised
from alertbus.policy.identity_rules import IdentityRules
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import reading


@dataclass(frozen=True, slots=True)
class Recorded:
    """A case as it stands. `before` is the version it replaced, None when it replaced none just now; `unlinked` are persons taken off it
    since it was last published; `publish` says whether Kafka has yet to hear of it; `others` that more than this case has changed.
    `alike` says of people on it, by key, who else they may be. `at` is when its sender's statement was recorded: published later or
    twice, it is told as of then.
    """

    case: Case
    before: Case | None
    unlinked: tuple[str, ...]
    publish: bool
    others: bool = False
    alike: tuple[tuple[str, tuple[str, ...]], ...] = ()
    at: datetime | None = None


class CaseRegister:
    """The case register over one database."""

    def __init__(self, engine: Database, rules: IdentityRules | None = None) -> None:
        self._engine = engine
        self._rules = rules or IdentityRules()

    async def record(self, snapshot: Case, at: datetime, expected: int | None) -> Recorded:
        """Record the snapshot as the case's next version. The same content again changes nothing: the version that stands is returned.

        `expected` is the version the sender read (0: no such case yet; None: whatever stands). Raises `VersionConflict` when somebody
        has stated another since; that somebody on the case has turned out to be somebody else is no conflict. The version is
        unpublished until `published` is called.
        """
        snapshot = snapshot.with_implied_links()
        digest = digest_of(snapshot)
        async with self._engine.begin() as connection:
            await locked(connection)
            query = select(case_version).where(case_version.c.case_id == snapshot.id).with_for_update()
            row = (await connection.execute(query)).one_or_none()
            before = Case.model_validate_json(row.snapshot) if row else None
            standing = before.version if before else 0
            stated = (before.stated_version if before else 0) or standing  # 0 too where an earlier bus recorded it
            if expected is not None and not stated <= expected <= standing:
                raise VersionConflict(f'case version {standing} stands; read it, apply the change to it, and send If-Match: "{standing}".')
            if before is not None and row is not None and row.digest == digest:
                told = await unlinked_from(connection, before.id), not row.published
                return Recorded(before, None, *told, at=await _claimed_at(connection, before.id))
            at = before.moment_after(at) if before else at
            settled = await self._settle(connection, snapshot, at)
            case = _with_people_found(snapshot, before, settled, at).learned(before, at)
            values = row_of(case, digest, published=False)
            if row is None:
                await connection.execute(insert(case_version).values(values))
            else:
                await connection.execute(update(case_version).where(case_version.c.case_id == case.id).values(values))
            await take_off(connection, case.id, linked_people(before) if before else set(), linked_people(case))
            await identify_on_cases(connection, by_case(settled.moved), at)
            others = await self._alike(connection, case, settled)
            unlinked = await unlinked_from(connection, case.id)
            return Recorded(case, before, unlinked, publish=True, others=bool(settled.moved or settled.lost), alike=others, at=at)

    async def published(self, case: Case) -> None:
        """Mark this version as published: Kafka has acknowledged all that it causes."""
        async with self._engine.begin() as connection:
            same = (case_version.c.case_id == case.id) & (case_version.c.version == case.version)
            done = await connection.execute(update(case_version).where(same).values(published=True))
            if done.rowcount:  # else a later version stands, and will say who is off the case
                await connection.execute(delete(unlinked_person).where(unlinked_person.c.case_id == case.id))

    async def unpublished(self) -> list[Recorded]:
        async with reading(self._engine) as connection:
            rows = await connection.execute(select(case_version.c.snapshot).where(case_version.c.published.is_(False)))
            cases = [Case.model_validate_json(snapshot) for snapshot in rows.scalars()]
            return [
                Recorded(case, None, await unlinked_from(connection, case.id), publish=True, at=await _claimed_at(connection, case.id))
                for case in cases
            ]

    async def get(self, case_id: str) -> Case:
        async with reading(self._engine) as connection:
            query = select(case_version.c.snapshot).where(case_version.c.case_id == case_id)
            snapshot = (await connection.execute(query)).scalar_one_or_none()
        if snapshot is None:
            raise NotFound("no such case")
        return Case.model_validate_json(snapshot)

    async def of_people(self, person_ids: Collection[str], exercise: str | None) -> list[Case]:
        """Give the cases on which any of these persons is."""
        async with reading(self._engine) as connection:
            on = (
                select(mention.c.of)
                .join(held, held.c.mention_id == mention.c.mention_id)
                .where(held.c.person_id.in_(person_ids), mention.c.kind == MentionKind.CASE.value, mention.c.scope == (exercise or ""))
            )
            rows = await connection.execute(select(case_version.c.snapshot).where(case_version.c.case_id.in_(on)))
            return [Case.model_validate_json(snapshot) for snapshot in rows.scalars()]

    async def revisions(self) -> list[PersonRevised]:
        """Give the persons of whom the streams have yet to hear that statements about them may be about somebody else."""
        async with reading(self._engine) as connection:
            rows = await connection.execute(select(revised).order_by(revised.c.person_id))
            return [PersonRevised(person_id=row.person_id, version=row.version, at=row.at) for row in rows]

    async def revised(self, told: Iterable[PersonRevised]) -> None:
        """Strike these off: the streams have heard."""
        async with self._engine.begin() as connection:
            for one in told:
                same = (revised.c.person_id == one.person_id) & (revised.c.version == one.version)
                await connection.execute(delete(revised).where(same))

    async def _settle(self, connection: Transaction, case: Case, at: datetime) -> Settled:
        """Write what this version claims, and that nobody else is on the case any more."""
        scope = case.exercise or ""
        claims = claims_of(case, at, self._rules)
        there = select(mention.c.mention_id).where(
            mention.c.of == case.id, mention.c.kind == MentionKind.CASE.value, mention.c.ended_at.is_(None)
        )
        gone = set((await connection.execute(there)).scalars()) - {one.mention.id for one in claims}
        return await settle(connection, claims, sorted(gone), scope, at)

    async def _alike(self, connection: Transaction, case: Case, settled: Settled) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Of people who are new to the directory or in doubt, who else they may be."""
        found: list[tuple[str, tuple[str, ...]]] = []
        for person in case.people if case.exercise is None else ():
            own = case_mention(case.id, person.key)
            others = set(settled.doubts.get(own, ()))
            if own in settled.fresh:
                found_alike = (await alike(connection, person, "", self._rules, beside=case.id)).values()
                others |= {p for ids, compared in found_alike if not compared.contradicts for p in ids}
            if others := others - set(person.person_ids):
                found.append((person.key, tuple(sorted(others))))
        return tuple(found)


async def _claimed_at(connection: Transaction, case_id: str) -> datetime | None:
    """Give when the case last claimed something, None if nobody ever was on it."""
    last = select(mention.c.said_at).where(mention.c.of == case_id, mention.c.kind == MentionKind.CASE.value)
    return (await connection.execute(last.order_by(mention.c.said_at.desc()).limit(1))).scalar_one_or_none()


def _with_people_found(case: Case, before: Case | None, settled: Settled, at: datetime) -> Case:
    were = {person.key: person for person in before.people} if before else {}
    since = None if case.exercise else at
    people = (known_as(p, were.get(p.key), settled.ids[case_mention(case.id, p.key)], since) for p in case.people)
    return case.model_copy(update={"people": tuple(people)})
