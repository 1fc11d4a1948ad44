"""How long people wait for a page of the desk when two hundred of them are at it, and one agency has ten thousand alerts to answer.

The desk is a process as `alertbus run desk` starts it, with a broker and a database of the bench's own. Whoever plays the people runs in
the bench's process, on the same machine: what it takes of the processors is told beside.
"""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, insert, select

from alertbus.bench import county
from alertbus.bench.bench_broker import bench_broker
from alertbus.bench.chronicle_rows import AGENCIES, as_autovacuum_leaves_it, fill
from alertbus.bench.desk_visitors import Visitors, seconds_of
from alertbus.bench.figures import percentile
from alertbus.bench.process import BenchParts, Running, cpu_seconds, free_port, tree_cpu_seconds
from alertbus.chronicle import tables
from alertbus.desk.sign_in.desk_person import DeskPerson
from alertbus.desk.sign_in.signed_in import Sessions
from alertbus.desk.visitor import Role
from alertbus.settings import Settings
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, migrate

AGENCY = "health_visiting"
WARM_S = 10.0
"""Before it is measured: templates are compiled, connections are made."""

PAGES = {"inbox": 50, "alert": 30, "family": 20}
"""What people open, in percent. Chosen: they come back to the inbox after each alert, and look into two families of three."""


@dataclass(frozen=True, slots=True)
class DeskTime:
    """`ms`: by page, to its last byte, and `first_p95` to its first. `busy`: how many whole processors each process used."""

    people: int
    open: int
    """Obligations of the agency that wait for an answer."""
    database: str
    pages_per_s: float
    ms: Mapping[str, Mapping[str, float]]
    kib: Mapping[str, float]
    cpu_ms_per_page: float
    """The desk's own, with what two hundred open pages ask for by themselves."""
    busy: Mapping[str, float]


async def desk_time(
    folder: Path,
    *,
    people: int,
    obligations: int,
    seconds: float,
    database: str | None = None,
    database_pid: int | None = None,
    profile: Path | None = None,
) -> DeskTime:
    """Let so many people work for so long at an agency with so many obligations that wait."""
    url, port = Settings(data_dir=folder / "bus", database_url=database).sqlalchemy_url, free_port()
    async with bench_broker(folder) as broker:
        (folder / "bus").mkdir(parents=True, exist_ok=True)
        await migrate(url)
        engine = make_engine(url)
        try:
            now = datetime.now(UTC)
            await engine.write(lambda connection: fill(connection, obligations * len(AGENCIES), now, waiting=1.0))
            await engine.write(lambda connection: _add_case_files(connection, now))
            await asyncio.to_thread(as_autovacuum_leaves_it, engine.engine)
            some = await engine.read(_some_of_them)
            cookies = await _signed_in(engine, people, now)
        finally:
            await engine.dispose()
        settings = {"ALERTBUS_DESK_PORT": str(port), **({} if database is None else {"ALERTBUS_DATABASE_URL": database})}
        async with BenchParts(folder / "bus", broker.bootstrap, settings) as parts:
            desk = await parts.start("desk", profile=profile)
            people_there = Visitors(port, cookies, _pages(some))
            await people_there.work(WARM_S)
            people_there.opened.clear()
            people_there.feeds = 0
            pids = {"broker": broker.pid, "database": database_pid}
            return await _measured(people_there, desk, pids, seconds, obligations, engine.dialect.name)


async def _measured(
    there: Visitors, desk: Running, pids: Mapping[str, int | None], seconds: float, obligations: int, database: str
) -> DeskTime:
    def used() -> dict[str, float]:
        others = {
            name: (tree_cpu_seconds(pid) if name == "database" else cpu_seconds(pid)) for name, pid in pids.items() if pid is not None
        }
        return {"desk": desk.cpu_s(), "people": time.process_time(), **others}

    before, began = used(), time.perf_counter()
    await there.work(seconds)
    took, after = time.perf_counter() - began, used()
    desk.alive()
    names = dict.fromkeys(one.page for one in there.opened)
    return DeskTime(
        people=len(there.cookies),
        open=obligations,
        database=database,
        pages_per_s=round(len(there.opened) / took, 1),
        ms={name: _ms(there, name) for name in sorted(names)} | {"all": _ms(there, None)},
        kib={name: _kib(there, name) for name in sorted(names)},
        cpu_ms_per_page=round(1000 * (after["desk"] - before["desk"]) / len(there.opened), 1),
        busy={name: round((after[name] - before[name]) / took, 2) for name in after},
    )


def _ms(there: Visitors, page: str | None) -> dict[str, float]:
    first, last = seconds_of(there.opened, page)
    parts = {f"p{int(part * 100)}": percentile(last, part) for part in (0.5, 0.95, 0.99)}
    shown = parts | {"worst": max(last), "first_p95": percentile(first, 0.95), "pages": len(last) / 1000}
    return {name: round(seconds * 1000, 1) for name, seconds in shown.items()}


def _kib(there: Visitors, page: str) -> float:
    sizes = [one.size for one in there.opened if one.page == page]
    return round(sum(sizes) / len(sizes) / 1024, 1)


def _pages(some: Sequence[tuple[str, str]]) -> Callable[[random.Random], tuple[str, str]]:
    """Draw what is opened next. Alerts and families are drawn evenly from all that the agency has, so that no memory helps."""

    def chosen(dice: random.Random) -> tuple[str, str]:
        [page] = dice.choices(list(PAGES), list(PAGES.values()))
        alert_id, case_id = dice.choice(some)
        return page, {"inbox": "/inbox", "alert": f"/alerts/{alert_id}", "family": f"/families/{case_id}"}[page]

    return chosen


async def _signed_in(engine: Database, people: int, now: datetime) -> list[str]:
    """Begin a session for each, as the sign-in service's people have it, and give their cookies."""
    sessions, cookies = Sessions(engine), []
    for number in range(people):
        name = f"R. Postholder {number}"
        one = DeskPerson(f"oidc:bench-{number}", name, name, AGENCY, None, None, frozenset({Role.PRACTITIONER}))
        cookies.append(f"desk-session={await sessions.begin(one, now)}")
    return cookies


def _add_case_files(connection: Connection, now: datetime) -> None:
    """The file of every case on which something was told: the bench's family, under the case's id."""
    file = county.case_of(0).with_implied_links().learned(None, now - timedelta(days=900))
    ids = connection.execute(select(tables.case_agency.c.case_id).distinct()).scalars().all()
    known = {"version": file.version, "exercise": None, "known_at": now}
    bodies = ((id_, file.model_copy(update={"id": id_}).model_dump_json(by_alias=True, exclude_defaults=True)) for id_ in ids)
    connection.execute(insert(tables.case_version), [{**known, "case_id": id_, "body": body.encode()} for id_, body in bodies])


def _some_of_them(connection: Connection) -> list[tuple[str, str]]:
    owed = tables.obligation.c
    rows = connection.execute(select(owed.alert_id, owed.case_id).where(owed.agency == AGENCY).order_by(owed.id).limit(5_000))
    return [(row.alert_id, row.case_id.partition("~")[0]) for row in rows]  # behind `~` stand copies, whose ids no address takes
