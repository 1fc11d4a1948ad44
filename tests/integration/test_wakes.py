"""Time on real cases: whoever is to start later is told then what stands then, however the gateway dies in between."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from alertbus.directory.case_clocks import CaseClocks
from alertbus.directory.case_register import CaseRegister
from alertbus.model.case import Case
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, migrate

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path}/bus.db"
    await migrate(url)
    engine = make_engine(url)
    yield engine
    await engine.dispose()


def case(*starts: date, exercise: str | None = None) -> Case:
    return Case.model_validate(
        {"id": "c1", "exercise": exercise, "involvements": [{"agency": f"gp_{n}", "from": start} for n, start in enumerate(starts)]}
    )


async def test_a_case_is_due_when_an_involvement_begins_and_not_before_and_only_once(engine: Database) -> None:
    cases, clocks = CaseRegister(engine), CaseClocks(engine)
    begins = datetime(2026, 3, 9, tzinfo=UTC)
    await cases.record(case(date(2026, 1, 1), date(2026, 3, 9)), NOW, None)

    assert await clocks.due(begins - timedelta(microseconds=1)) == []
    assert await clocks.due(begins) == [("c1", begins)]

    await clocks.ticked([("c1", begins)])
    assert await clocks.due(begins + timedelta(days=1)) == []


async def test_a_new_version_replaces_what_was_to_come(engine: Database) -> None:
    cases, clocks = CaseRegister(engine), CaseClocks(engine)
    await cases.record(case(date(2026, 3, 9)), NOW, None)
    await cases.record(case(date(2026, 3, 16)), NOW, None)

    assert await clocks.due(datetime(2026, 4, 1, tzinfo=UTC)) == [("c1", datetime(2026, 3, 16, tzinfo=UTC))]


async def test_an_exercise_is_never_due_by_the_buss_own_clock(engine: Database) -> None:
    cases, clocks = CaseRegister(engine), CaseClocks(engine)
    await cases.record(case(date(2026, 3, 9), exercise="x1"), NOW, None)

    assert await clocks.due(datetime(2030, 1, 1, tzinfo=UTC)) == []
