"""What is kept beside the rows is what the rows give, whatever is repeated, mixed, refused or written again: numbers, and who is asked."""

import random
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.command import downgrade
from alembic.config import Config
from sqlalchemy import Connection, insert, select, text

from alertbus.chronicle import queries, tables
from alertbus.chronicle.kept_counts import counts
from alertbus.chronicle.projector import apply, read
from alertbus.chronicle.rebuild import ChronicleRestore, make_tables
from alertbus.model.alert import Action
from alertbus.model.item import ItemState
from alertbus.model.notice import Deed
from alertbus.model.receipt import Intent, Stage
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import MIGRATIONS, make_engine, metadata, migrate
from tests.story import LATER, Log, a_case, a_notice, a_receipt, accepted, an_item, hours, story, unowned

COUNTED = """
SELECT state, exercise, COUNT(*) FROM chronicle_obligation GROUP BY state, exercise
UNION ALL SELECT 'statements', exercise, COUNT(*) FROM chronicle_alert GROUP BY exercise
UNION ALL SELECT 'alerts', exercise, COUNT(DISTINCT alert_id) FROM chronicle_alert GROUP BY exercise
UNION ALL SELECT 'cases', exercise, COUNT(DISTINCT case_id) FROM chronicle_case_version GROUP BY exercise
UNION ALL SELECT 'items_open', exercise, COUNT(*) FROM chronicle_item WHERE open GROUP BY exercise
UNION ALL SELECT 'items_overdue', exercise, COUNT(*) FROM chronicle_item WHERE overdue GROUP BY exercise
UNION ALL SELECT 'items_unowned', exercise, COUNT(*) FROM chronicle_item WHERE unowned_since IS NOT NULL GROUP BY exercise
UNION ALL SELECT 'clocks_met', exercise, COUNT(*) FROM chronicle_item WHERE state = 'met' AND rule <> 'answer' GROUP BY exercise
UNION ALL SELECT 'clocks_missed', exercise, COUNT(*) FROM chronicle_item WHERE state = 'missed' AND rule <> 'answer' GROUP BY exercise
"""


@pytest.fixture
async def engine(url: str) -> AsyncIterator[Database]:
    engine = make_engine(url)
    await make_tables(engine)
    yield engine
    await engine.dispose()


async def assert_right(connection: Transaction) -> None:
    found: dict[str | None, Counter[str]] = {}
    for counted, exercise, number in await connection.execute(text(COUNTED)):
        found.setdefault(exercise, Counter())[counted] = number
    assert found
    for exercise, numbers in found.items():
        assert +await connection.run_sync(counts, exercise) == numbers
    kept = (await connection.execute(text("SELECT SUM(number) FROM chronicle_count"))).scalar_one()
    assert kept == sum(numbers.total() for numbers in found.values()), "and nothing is kept of an exercise that is not there"


def a_log() -> Log:
    """A story, and beside it an exercise, an alert amended in another exercise, a case in two versions, and an obligation that ends."""
    log = story()
    for exercise in (None, "drill", "drill", "other"):
        log.alert(accepted("OUR-1", hours(1), exercise=exercise))
        log.alert(accepted("OUR-1", hours(2), action=Action.AMENDED, exercise=exercise))
        log.case(a_case(f"case-{exercise}", 1, exercise=exercise))
        log.case(a_case(f"case-{exercise}", 2, exercise=exercise))
    told = a_notice("told", "owed-1")
    log.notice(told)
    log.receipt(a_receipt(told, Stage.ACKNOWLEDGED))
    log.notice(a_notice("ended", "owed-1", deed=Deed.WITHDRAW))
    log.notice(a_notice("rehearsed", "owed-2", exercise="drill"))
    for exercise in (None, "drill"):
        log.item(unowned(f"unowned-{exercise}", hours(30), exercise=exercise))
        log.item(unowned(f"answered-late-{exercise}", hours(30), exercise=exercise))
        log.item(unowned(f"answered-late-{exercise}", hours(31), exercise=exercise, unowned=False, closed_at=hours(31), closed_by="r"))
    log.raw("alertbus.notices", "x", b"not a notice")
    return log


async def test_whatever_is_repeated_and_in_whatever_batches(engine: Database) -> None:
    records = a_log().records
    for seed in range(3):
        dice = random.Random(seed)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.drop_all, tables=tables.TABLES)
            await connection.run_sync(metadata.create_all, tables=tables.TABLES)
        at = 0
        while at < len(records):
            size = dice.randint(1, 150)
            async with engine.begin() as connection:
                await apply(connection, read(records[max(0, at - dice.randint(0, 80)) : at + size]))
                await assert_right(connection)
            at += size


async def test_the_same_record_again_at_a_later_offset_counts_nothing(engine: Database) -> None:
    log = Log()
    for _ in range(3):
        log.alert(accepted("OUR-1", hours(1)))
        log.case(a_case())
        log.notice(a_notice("n"))
    async with engine.begin() as connection:
        await apply(connection, read(log.records[:4]))
        await apply(connection, read(log.records[4:]))
        await assert_right(connection)

    found = await queries.status(engine, LATER)

    assert (found.alerts, found.statements, found.cases, found.obligations["owed"]) == (1, 1, 1, 1)


async def test_what_is_undone_in_a_transaction_is_not_counted(engine: Database) -> None:
    log = Log()
    log.alert(accepted("OUR-1"))
    log.case(a_case())
    log.notice(a_notice("n"))
    log.notice(a_notice("refused"))
    facts = read(log.records)
    facts[-1].row["deed"] = None  # refused by both databases, so that the batch is written again in parts
    async with engine.begin() as connection:
        await apply(connection, facts)
        await assert_right(connection)

    assert (await queries.status(engine, LATER)).unreadable == 1


async def test_an_item_is_what_was_said_of_it_last_and_what_was_said_before_changes_nothing(engine: Database) -> None:
    log = Log()
    log.item(an_item("one"))
    log.item(an_item("one", ItemState.MISSED, hours(24)))
    log.item(an_item("one", ItemState.MISSED, hours(30), closed_at=hours(30), closed_by="T-9"))
    facts = read(log.records)
    for some in ([facts[0]], [facts[1]], facts):
        async with engine.begin() as connection:
            await apply(connection, some)
            await assert_right(connection)

    async with engine.begin() as connection:
        row = (await connection.execute(text("SELECT open, overdue, position FROM chronicle_item"))).one()
        kept = await connection.run_sync(counts, None)
    assert (bool(row.open), bool(row.overdue), row.position) == (False, False, 2)
    assert (kept["items_open"], kept["items_overdue"], kept["clocks_missed"]) == (0, 0, 1)


async def test_the_agencies_on_a_case_are_those_of_its_latest_version_and_a_database_of_before_is_given_them(
    url: str, engine: Database, tmp_path: Path
) -> None:
    log = Log()
    involvements: list[dict[str, Any]] = [
        {"agency": "school.123456", "children": ["child"], "from": "2026-01-05", "to": "2026-07-17"},
        {"agency": "probation", "scope": "adult_linked", "adult": "adult", "known_at": "2026-02-01T08:30:00Z"},
        {"agency": "gp", "from": "2026-01-05", "known_at": "2026-02-01T08:30:00+01:00"},
        {"agency": "gp", "level": "worker", "worker": "Dr No"},
    ]
    log.case(a_case("case-1", 2, involvements=involvements))
    log.case(a_case("case-1", 1))
    log.case(a_case("case-2", 1, exercise="drill"))
    async with engine.begin() as connection:
        await apply(connection, read(log.records))
        derived = (await connection.execute(select(tables.case_agency).order_by("case_id", "number"))).all()
        versions = (await connection.execute(select(tables.case_version))).mappings().all()
        await connection.run_sync(metadata.drop_all)
    assert [(row.case_id, row.agency, row.children) for row in derived] == [
        *[("case-1", "school.123456", True), ("case-1", "probation", False), ("case-1", "gp", True)],
        *[("case-2", "gp", True), ("case-2", "health_visiting", True), ("case-2", "childrens_social_care", True)],
    ]

    before = tmp_path / "before"
    shutil.copytree(MIGRATIONS, before, ignore=lambda _, names: [name for name in names if "0014" <= name[:4] <= "9999"])
    await migrate(url, before)
    async with engine.begin() as connection:
        await connection.execute(insert(tables.case_version), [dict(row) for row in versions])
    await migrate(url)
    async with engine.begin() as connection:
        assert (await connection.execute(select(tables.case_agency).order_by("case_id", "number"))).all() == derived


async def test_a_rebuild_counts_from_none(engine: Database) -> None:
    from alertbus.chronicle.projector import WORDS
    from alertbus.wire.reading import understand

    records = a_log().records
    restore = ChronicleRestore()
    for start in range(0, len(records), 100):
        async with engine.begin() as connection:
            await restore.write(connection, restore.read([understand(record, WORDS) for record in records[start : start + 100]]))
    await restore.finish(engine)

    async with engine.begin() as connection:
        await assert_right(connection)


async def test_a_database_of_before_is_counted_when_it_is_migrated(url: str, tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(MIGRATIONS, before, ignore=lambda _, names: [name for name in names if "0013" <= name[:4] <= "9999"])
    await migrate(url, before)
    engine = make_engine(url)
    owed = (
        "INSERT INTO chronicle_obligation (id, alert_id, case_id, agency, role, kind, severity, severity_rank, since, cause, notice_id, "
        "state, exercise) VALUES ('{0}', 'a', 'c', 'gp', 'gp', 'other', 'low', 3, '2026-03-02 00:00:00', 'alert', 'n', '{1}', {2})"
    )
    async with engine.begin() as connection:
        for name, state, exercise in (("1", "owed", "NULL"), ("2", "owed", "NULL"), ("3", "withdrawn", "NULL"), ("4", "owed", "'drill'")):
            await connection.execute(text(owed.format(name, state, exercise)))

    await migrate(url)

    async with engine.begin() as connection:
        await assert_right(connection)
        assert (await connection.execute(text("SELECT max(changed) FROM chronicle_obligation"))).scalar_one() == 0
    await engine.dispose()


def taken_back_to(connection: Connection, revision: str) -> None:
    """Make the schema what it was at a revision, by the migrations' own way back."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    downgrade(config, revision)


async def test_a_database_of_before_knows_of_whom_everything_is_asked_when_it_is_migrated(url: str) -> None:
    log = a_log()
    named = a_notice("named", "owed-9", recipient="R. Postholder", due=hours(9))
    asked = named.obligation.model_copy(update={"role": "team_manager"})
    log.notice(named)
    log.notice(named.model_copy(update={"id": "next", "deed": Deed.ESCALATE, "obligation": asked, "recipient": "Lee Chan"}))
    log.receipt(a_receipt(named, Stage.ACKNOWLEDGED, intent=Intent.PASSING_ON, to="Jo Goldammer"))
    await migrate(url)
    engine = make_engine(url)
    rows = select(tables.asked).order_by(*tables.asked.primary_key)
    async with engine.begin() as connection:
        await apply(connection, read(log.records))
        written = (await connection.execute(rows)).all()
        await connection.run_sync(taken_back_to, "0018")

    await migrate(url)

    async with engine.begin() as connection:
        assert (await connection.execute(rows)).all() == written
    await engine.dispose()
    assert len(written) > 100
    assert sum(row.obligation_id == "owed-9" for row in written) == 3
