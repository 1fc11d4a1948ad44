"""A comparison costs what is new, and not what the county has: by index, in short transactions, whatever was read at once."""

import re
from datetime import timedelta
from typing import Any

import pytest

from alertbus.chronicle import tables as chronicle
from alertbus.delivery.ledger.tables import ledger
from alertbus.reconcile import tables as memory
from alertbus.reconcile.incremental import WRITTEN_TOGETHER
from alertbus.reconcile.new_evidence import take_in_versions
from alertbus.sql.database import Database
from tests.integration.test_reconcile import Bench, a_day, engine
from tests.plans_asked import asked_of, scans_of
from tests.story import a_case

__all__ = ["engine"]
GROWS = (
    *(memory.alert, memory.alert_person, memory.case_version, memory.case_person),
    *(chronicle.obligation, chronicle.notice, chronicle.receipt, chronicle.alert, ledger),
)
"""The tables that are as large as the county, or as the years that it has kept."""


async def test_no_statement_of_a_comparison_reads_a_table_from_end_to_end_that_grows_with_the_county(engine: Database) -> None:
    if engine.dialect.name != "sqlite":
        pytest.skip(
            "PostgreSQL reads a small table whole whatever its indexes; SQLite's plan of a table never analysed is that of a large one"
        )
    bench = Bench(engine, recheck=2)
    await bench.all_done(a_day(bench.log))
    await bench.run()
    bench.log.case(a_case(version=2))
    with asked_of(engine) as asked:
        assert (await bench.run(after=timedelta(minutes=1))).difference == 0
    scans = await scans_of(engine, asked)

    whole = re.compile(rf"({'|'.join(table.name for table in GROWS)})(?! USING (COVERING )?INDEX ix_)")
    assert len(scans) > 20
    assert not {one: found for one, lines in scans.items() if (found := [line for line in lines if whole.match(line)])}


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
