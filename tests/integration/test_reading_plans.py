"""What is asked of the chronicle is found by index, however much it holds: the databases' own plans, on both."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from alertbus.bench.chronicle_rows import AGENCIES, WORKERS, fill
from alertbus.chronicle import queries, tables
from alertbus.chronicle.answers import InboxItem
from alertbus.chronicle.asked_rows import AskedOf
from alertbus.chronicle.changes import ChangeNumber, Seen, from_now_on, news_since
from alertbus.chronicle.inbox_order import EVERYTHING, OPEN
from alertbus.chronicle.item_numbers import unowned_by_agency
from alertbus.chronicle.item_queries import ItemsAsked, ItemsOf, item_owed, items_owed, page_of_parts
from alertbus.chronicle.item_sight import ItemShown, ItemSight
from alertbus.chronicle.rebuild import make_tables
from alertbus.chronicle.reviews import review_items
from alertbus.chronicle.worker_inbox import answered_meanwhile, inbox_of_worker
from alertbus.chronicle.worker_items import parts_of_worker
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine
from tests.story import POLICY

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
LARGE = (
    *(tables.obligation, tables.notice, tables.receipt, tables.alert, tables.alert_case, tables.review, tables.review_decision),
    *(tables.item, tables.case_agency, tables.case_worker, tables.asked),
)


class Filled:
    """A chronicle of some thousand obligations, and how its database answers what is asked of it."""

    def __init__(self, engine: Database) -> None:
        self.engine = engine
        self._asked: list[tuple[str, Any]] = []
        event.listen(engine.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        self._asked.append((statement, parameters))

    async def plan(self, question: Callable[[], Awaitable[Any]]) -> list[str]:
        """Ask it, and give the lines of the plans of all its queries."""
        self._asked.clear()
        await question()
        queries_asked = [(statement, given) for statement, given in self._asked if statement.startswith(("SELECT", "WITH"))]
        assert queries_asked
        explain = "EXPLAIN QUERY PLAN " if self.engine.dialect.name == "sqlite" else "EXPLAIN "
        return await self.engine.read(
            lambda connection: [
                str(row[-1]) for asked, given in queries_asked for row in connection.exec_driver_sql(explain + asked, given)
            ]
        )


SHORT = (
    *("ix_chronicle_review_open", "ix_chronicle_obligation_changed", "ix_chronicle_obligation_due"),
    *("ix_chronicle_item_open", "ix_chronicle_item_overdue", "ix_chronicle_item_unowned"),
)
"""Indexes of what is open alone, of which a page is the beginning, and one of which the end is read and no more."""


def read_whole(plan: Sequence[str]) -> list[str]:
    """The lines of a plan that read a large table, or the whole of an index of it, from one end to the other."""
    scans = [f"{verb} {table.name}" for table in LARGE for verb in ("SCAN", "Seq Scan on")]
    return [line for line in plan if any(f"{one} " in f"{line} " for one in scans) and not any(one in line for one in SHORT)]


def indexes(plan: Sequence[str]) -> set[str]:
    """The indexes of obligations that a plan uses."""
    return {found for line in plan for found in re.findall(r"ix_chronicle_obligation_\w+", line)}


@pytest.fixture(scope="module", params=["sqlite", "sqlite, never analysed", "postgresql"])
async def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Filled]:
    folder: Path = tmp_path_factory.mktemp("filled")
    url = f"sqlite:///{folder}/bus.db" if "sqlite" in request.param else request.getfixturevalue("postgres_url")
    engine = make_engine(url)
    await make_tables(engine)
    async with engine.begin() as connection:
        await connection.run_sync(fill, 14_000, NOW)
        if "never" in request.param:
            await connection.execute(text("DELETE FROM sqlite_stat1"))
    await engine.dispose()  # SQLite reads its statistics when it opens the file
    yield Filled(engine)
    await engine.dispose()


A_WHILE_AGO = Seen(ChangeNumber(6_990, ""), NOW - timedelta(minutes=1))
AGENCY = [pytest.param("gp", id="gp"), pytest.param("school.7", id="school.7"), pytest.param(None, id="all agencies")]
EXERCISE = [pytest.param(EVERYTHING, id="everything"), pytest.param(None, id="real"), pytest.param("drill-1", id="drill")]


@pytest.mark.parametrize("state", [None, OPEN, "accepted", "acknowledged"])
@pytest.mark.parametrize("exercise", EXERCISE)
@pytest.mark.parametrize("agency", AGENCY)
async def test_page_of_an_inbox_is_the_beginning_of_an_index_for_each_state(
    filled: Filled, agency: str | None, exercise: str | None, state: str | None
) -> None:
    rehearsed = "rehearsed_" if exercise == "drill-1" else ""
    expected = f"ix_chronicle_obligation_{rehearsed}inbox{'' if agency else 'es'}"
    first = await queries.inbox(filled.engine, agency, state, exercise, now=NOW, limit=5)

    for after in (None, *(item.cursor for item in first[-1:])):
        plan = await filled.plan(lambda after=after: queries.inbox(filled.engine, agency, state, exercise, now=NOW, limit=5, after=after))

        assert read_whole(plan) == []
        if filled.engine.dialect.name == "sqlite":
            assert indexes(plan) == {expected}
        else:  # PostgreSQL knows of which states, and behind which place, there are few: for so few either index will do
            assert indexes(plan) <= {expected, f"ix_chronicle_obligation_{rehearsed}inboxes"}
        # What is put together is sorted: the states' first ones, twice, and a page's receipts. Nothing is sorted to find them.
        assert len([line for line in plan if "TEMP B-TREE" in line]) <= 3


@pytest.mark.parametrize("state", [None, OPEN, "accepted", "acknowledged"])
@pytest.mark.parametrize("exercise", EXERCISE)
@pytest.mark.parametrize("agency", AGENCY)
async def test_tur_06_the_inbox_of_one_person_is_found_by_index_whoever_they_answer_for(
    filled: Filled, agency: str | None, exercise: str | None, state: str | None
) -> None:
    """Of whom anything is asked, and then what is asked of some of them; and what was answered while one of them was away."""
    engine, asked = filled.engine, set[AskedOf]()

    def theirs(one: AskedOf) -> bool:
        asked.add(one)
        return one.named in WORKERS[:20]

    async def page(after: str | None = None) -> list[InboxItem]:
        return await inbox_of_worker(engine, agency, state, exercise, theirs, now=NOW, limit=5, after=after)

    found = await page()
    assert found or (agency, exercise) != ("gp", EVERYTHING), "and there is some"
    assert len(asked) > len(AGENCIES) or agency == "school.7" or exercise == "drill-1"
    for after in (None, *(item.cursor for item in found[-1:])):
        assert read_whole(await filled.plan(lambda after=after: page(after))) == []
    meanwhile = await filled.plan(lambda: answered_meanwhile(engine, agency or "gp", theirs, NOW - timedelta(days=9), NOW, now=NOW))
    assert read_whole(meanwhile) == []


async def test_what_is_asked_most_reads_no_large_table_whole(filled: Filled) -> None:
    """The numbers of the status, one alert by either id, one obligation, what is open for a person, and what has changed."""
    engine = filled.engine
    item = (await queries.inbox(engine, "gp", "acknowledged", now=NOW, limit=1))[0]
    alert = await queries.alert_status(engine, item.obligation.alert_id, now=NOW)
    questions: dict[str, Callable[[], Awaitable[Any]]] = {
        "status": lambda: queries.status(engine, NOW),
        "status of an exercise": lambda: queries.status(engine, NOW, "drill-1"),
        "alert": lambda: queries.alert_status(engine, alert.alert_id, now=NOW),
        "alert by its sender's id": lambda: queries.alert_status(engine, alert.source_id, now=NOW),
        "obligation": lambda: queries.obligation(engine, item.obligation.id, now=NOW),
        "reviews": lambda: review_items(engine, NOW, "childrens_social_care", limit=5),
        "review": lambda: review_items(engine, NOW, "childrens_social_care", alert_id=alert.alert_id),
        "where the feed begins": lambda: engine.read(lambda connection: from_now_on(connection, NOW)),
        "a look of the feed": lambda: engine.read(lambda connection: news_since(connection, A_WHILE_AGO, NOW, lambda _: True)),
    }

    assert {name: found for name, ask in questions.items() if (found := read_whole(await filled.plan(ask)))} == {}


SIGHT = [
    pytest.param(ItemSight("gp"), id="an agency"),
    pytest.param(ItemSight("school.10"), id="a setting"),
    pytest.param(ItemSight("childrens_social_care", None), id="all cases"),
    pytest.param(ItemSight("childrens_social_care", ("case-1",)), id="some cases"),
]


@pytest.mark.parametrize("asked", [ItemsAsked.OPEN, ItemsAsked.OVERDUE, ItemsAsked.UNOWNED])
@pytest.mark.parametrize("sight", SIGHT)
async def test_what_is_owed_by_a_time_is_read_by_index(filled: Filled, sight: ItemSight, asked: ItemsAsked) -> None:
    """In pages, of one case, of one alert, and one by its id."""
    engine = filled.engine
    found = await items_owed(engine, POLICY, sight, asked, now=NOW, limit=5, exercise=None)
    assert found or asked is ItemsAsked.UNOWNED, "and there are some"
    if not found:
        sight = ItemSight(None, None)
        found = await items_owed(engine, POLICY, sight, now=NOW, limit=5, exercise=None)

    def read_large(plan: list[str]) -> list[str]:  # PostgreSQL knows how few items there are here, and reads them all instead
        few = () if engine.dialect.name == "sqlite" else (tables.item.name, tables.case_agency.name)
        return [line for line in read_whole(plan) if not any(name in line for name in few)]

    of_case, of_alert = {"case_id": found[0].case_id}, {"alert_id": found[0].alert_id}
    for given in ({}, {"after": found[-1].id}, of_case, of_alert):
        plan = await filled.plan(lambda given=given: items_owed(engine, POLICY, sight, asked, now=NOW, limit=5, exercise=None, **given))
        assert read_large(plan) == []
    assert read_large(await filled.plan(lambda: item_owed(engine, POLICY, sight, found[0].id, now=NOW))) == []
    assert read_large(await filled.plan(lambda: unowned_by_agency(engine))) == []


@pytest.mark.parametrize("asked", [ItemsAsked.OPEN, ItemsAsked.OVERDUE, ItemsAsked.UNOWNED])
@pytest.mark.parametrize("agency", ["childrens_social_care", "gp", None])
async def test_what_one_person_owes_by_a_time_is_found_by_index_whoever_they_stand_for(
    filled: Filled, agency: str | None, asked: ItemsAsked
) -> None:
    engine, sight, of = filled.engine, ItemSight("childrens_social_care", None), ItemsOf(exercise=None)
    named: set[AskedOf] = set()

    def theirs(one: AskedOf) -> bool:
        named.add(one)
        return one.named in WORKERS[:20]

    async def page(after: str | None = None) -> list[ItemShown]:
        parts = parts_of_worker(agency, asked, of, theirs, NOW)
        return await page_of_parts(engine, POLICY, sight, parts, now=NOW, limit=5, after=after)

    found = await page()
    assert found or asked is ItemsAsked.UNOWNED
    assert len(named) > 20, "and others are looked at"
    few = () if engine.dialect.name == "sqlite" else (tables.item.name, tables.case_worker.name)  # PostgreSQL knows how few there are
    for after in (None, *(item.id for item in found[-1:])):
        plan = await filled.plan(lambda after=after: page(after))
        assert [line for line in read_whole(plan) if not any(name in line for name in few)] == []


async def test_the_feed_finds_by_index_what_has_changed_and_what_has_become_due(filled: Filled) -> None:
    plan = await filled.plan(lambda: filled.engine.read(lambda c: news_since(c, A_WHILE_AGO, NOW, lambda _: True)))

    assert indexes(plan) == {"ix_chronicle_obligation_changed", "ix_chronicle_obligation_due"}
