"""How long one look-up takes among a million people, and what they cost: fills a directory, then measures it.

    python bench/matching/million.py fill URL [PEOPLE]      # minutes; everybody in it is invented
    python bench/matching/million.py measure URL [LOOKUPS]

URL is the database's, as SQLAlchemy writes it. Everybody has an NHS number, a name, a birthday and an address, and stands
on a case of four. Four look-ups are measured, each as an alert makes it: by number, by number with exact name, birthday
and postcode, by these alone, and the search for whoever is alike.
"""

import asyncio
import random
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from alertbus.directory import tables
from alertbus.directory.candidates import alike
from alertbus.directory.case_claims import claims_of
from alertbus.directory.case_rows import digest_of, row_of
from alertbus.directory.directory import Directory
from alertbus.directory.rebuild_claims import ClaimedVersion, write_claims
from alertbus.model.case import Case
from alertbus.model.person import Person
from alertbus.policy.identity_rules import IdentityRules
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, metadata, reading

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
RULES = IdentityRules()
A_CASE = 4
AT_ONCE = 500
"""Cases written in one transaction."""
GIVEN = [
    f"{a}{b}"
    for a in ("Al", "Be", "Ca", "Da", "El", "Fi", "Ga", "Ha", "Is", "Jo", "Ka", "Li", "Ma")
    for b in ("na", "ra", "vin", "ton", "ica", "len")
]
FAMILY = [
    f"{a}{b}{c}"
    for a in ("Ash", "Brad", "Cor", "Dun", "Elm", "Far")
    for b in ("er", "ing", "le", "ow", "wick")
    for c in ("ton", "ley", "by", "well", "ford", "ham", "man")
]


def nhs(number: int) -> str:
    """The valid NHS number of this person: every body that has a check digit is somebody's."""
    body = 400_000_000 + number * 3
    while True:
        total = sum(int(digit) * weight for digit, weight in zip(str(body), range(10, 1, -1), strict=True))
        check = 11 - total % 11
        if check != 10:  # noqa: PLR2004  no number has it
            return f"{body}{check % 11}"
        body += 1


def person(number: int) -> Person:
    chance = random.Random(number)
    return Person.model_validate(
        {
            "key": f"p{number % A_CASE}",
            "identifiers": [{"system": "nhs_number", "value": nhs(number)}],
            "name": {"given": chance.choice(GIVEN), "family": chance.choice(FAMILY)},
            "born": date(1940, 1, 2) + timedelta(days=chance.randrange(31_000)),
            "addresses": [
                {"postcode": f"NN{chance.randrange(1, 30)} {chance.randrange(1, 10)}{chance.choice('ABDE')}{chance.choice('FGHJ')}"}
            ],
        }
    )


def case(number: int) -> Case:
    people = [person(number * A_CASE + one) for one in range(A_CASE)]
    named = [one.model_dump() | {"person_ids": (str(UUID(int=number * A_CASE + n)),)} for n, one in enumerate(people)]
    return Case.model_validate({"id": f"case-{number}", "version": 1, "people": named, "known_at": AT})


async def fill(engine: Database, people: int) -> None:
    began = time.perf_counter()
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    for start in range(0, people // A_CASE, AT_ONCE):
        cases = [case(number) for number in range(start, min(start + AT_ONCE, people // A_CASE))]
        async with engine.begin() as connection:
            rows = [row_of(one, digest_of(one), published=True) for one in cases]
            await connection.execute(tables.case_version.insert(), rows)
            await write_claims(connection, [ClaimedVersion(one.id, AT, claims_of(one, AT, RULES)) for one in cases])
    async with engine.begin() as connection:
        await connection.execute(text("ANALYZE"))
    print(f"{people} people in {time.perf_counter() - began:.0f} s")


async def measure(engine: Database, lookups: int) -> None:
    async with reading(engine) as connection:
        people = (await connection.execute(text("SELECT count(*) FROM directory_mention"))).scalar_one()
        claims = (await connection.execute(text("SELECT count(*) FROM directory_claim"))).scalar_one()
    print(f"{people} people, {claims} claims")
    chance, directory = random.Random(7), Directory(engine, RULES)
    someone = [person(chance.randrange(people)) for _ in range(lookups)]
    by_number = [Person(identifiers=one.identifiers) for one in someone]
    both = [one.model_copy(update={"key": None}) for one in someone]
    by_name = [one.model_copy(update={"identifiers": (), "key": None}) for one in someone]

    async def looked_up(one: Person) -> int:
        [match] = await directory.look_up([one], None)
        return len(match.person_ids)

    async def searched(one: Person) -> int:
        async with reading(engine) as connection:
            return len(await alike(connection, one, "", RULES))

    for what, whom, ask in (
        ("by number", by_number, looked_up),
        ("by number and exact name", both, looked_up),
        ("by exact name", by_name, looked_up),
        ("who is alike", by_name, searched),
    ):
        print(what, await timed(whom, ask))
    print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


async def timed(whom: list[Person], ask: Callable[[Person], Awaitable[int]]) -> str:
    took, found = [], 0
    for one in whom:
        began = time.perf_counter()
        found += await ask(one) > 0
        took.append(time.perf_counter() - began)
    took.sort()
    half, most = took[len(took) // 2], took[int(len(took) * 0.99)]
    return f"found {found} of {len(whom)}, median {half * 1000:.2f} ms, p99 {most * 1000:.2f} ms"


async def main() -> None:
    what, url, *rest = sys.argv[1:]
    engine = make_engine(url)
    try:
        await (fill(engine, int(rest[0]) if rest else 1_000_000) if what == "fill" else measure(engine, int(rest[0]) if rest else 5_000))
    finally:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
