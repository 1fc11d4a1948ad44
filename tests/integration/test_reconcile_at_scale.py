"""A comparison costs what is new, and not what the county has: by index, in short transactions, whatever was read at once."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, event

from alertbus.chronicle import tables as chronicle
from alertbus.delivery.ledger.tables import ledger
from alertbus.reconcile import tables as memory
from alertbus.reconcile.incremental import WRITTEN_TOGETHER
from alertbus.reconcile.new_evidence import take_in_versions
from alertbus.sql.database import Database
from tests.integration.test_reconcile import Bench, a_day, engine
from tests.story import a_case

__all__ = ["engine"]
GROWS = (
    *(memory.alert, memory.alert_person, memory.case_version, memory.case_person),
    *(chronicle.obligation, chronicle.notice, chronicle.receipt, chronicle.alert, ledger),
)
"""The tables that are as large as the county, or as the years that it has kept."""


@pytest.fixture
async def asked(engine: Database) -> AsyncIterator[list[tuple[str, Any]]]:
    """Every statement that the database is asked, in order."""
    found: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, several: bool) -> None:
        found.append((statement, parameters[0] if several else parameters))

    event.listen(engine.engine, "before_cursor_execute", note)
    yield found
    event.remove(engine.engine, "before_cursor_execute", note)


def plan_of(asked: str, given: Any, connection: Connection) -> list[str]:
    return [str(row[-1]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", given)]


async def test_no_statement_of_a_comparison_reads_a_table_from_end_to_end_that_grows_with_the_county(
    engine: Database, asked: list[tuple[str, Any]]
) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip(
            "PostgreSQL reads a small table whole whatever its indexes; SQLite's plan of a table never analysed is that of a large one"
        )
    bench = Bench(engine, recheck=2)
    await bench.all_done(a_day(bench.log))
    await bench.run()
    bench.log.case(a_case(version=2))
    asked.clear()
    assert (await bench.run(after=timedelta(minutes=1))).difference == 0
    statements = {statement: given for statement, given in asked if statement.startswith(("SELECT", "WITH", "UPDATE", "DELETE", "INSERT"))}

    plans = {asked: await engine.read(partial(plan_of, asked, given)) for asked, given in statements.items()}
    whole = re.compile(rf"SCAN ({'|'.join(table.name for table in GROWS)})(?! USING (COVERING )?INDEX ix_)")
    assert len(plans) > 20
    assert not {statement: found for statement, plan in plans.items() if (found := [line for line in plan if whole.match(line)])}


async def test_a_thousand_cases_at_once_are_taken_in_by_transactions_of_a_hundred(
    engine: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    async def noted(connection: Any, versions: Any) -> None:
        written.append(len(versions))
        await take_in_versions(connection, versions)

    monkeypatch.setattr("alertbus.reconcile.incremental.take_in_versions", noted)
    bench = Bench(engine)
    for number in range(1_000):
        bench.log.case(a_case(f"case-{number}"))
    await bench.run()

    assert sum(written) == 1_000
    assert max(written) <= WRITTEN_TOGETHER
