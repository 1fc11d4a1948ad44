"""What one batch of alerts costs the database: one question and one write, however many alerts it has."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from alertbus.bench.county import alert_about
from alertbus.broker.record import Record
from alertbus.directory import tables as _directory  # noqa: F401  its tables stand in `metadata` once they are imported
from alertbus.directory.directory import Directory
from alertbus.intake.alerts import Accepted, AlertIntake
from alertbus.intake.publisher import Publisher
from alertbus.model.alert import Action, Alert
from alertbus.policy.load import load_policy
from alertbus.run.bootstrap import now
from alertbus.sql.engine import make_engine, metadata


class Broker:
    """Acknowledges all, and keeps what it was given at a time."""

    def __init__(self) -> None:
        self.written: list[Sequence[Record]] = []

    async def send_all(self, records: Sequence[Record]) -> None:
        self.written.append(records)


class Door:
    """An intake of alerts over a database whose statements are counted."""

    def __init__(self, intake: AlertIntake, broker: Broker, statements: list[str]) -> None:
        self._intake, self.broker, self._statements = intake, broker, statements

    async def take(self, alerts: Sequence[Alert]) -> tuple[list[Accepted], list[str]]:
        """The outcome of alerts that are stated at once by as many callers, and the statements it took."""
        self._statements.clear()
        outcomes = await asyncio.gather(*(self._intake.accept([alert], several=False) for alert in alerts))
        return [one for [one] in outcomes], [statement.split()[0] for statement in self._statements]


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    engine = make_engine(f"sqlite:///{tmp_path / 'bus.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    statements: list[str] = []

    @event.listens_for(engine.engine, "before_cursor_execute")
    def counted(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            statements.append(statement)

    broker = Broker()
    yield Door(AlertIntake(engine, Publisher(broker), Directory(engine, load_policy().identity), now), broker, statements)  # type: ignore[arg-type]
    await engine.dispose()


@pytest.mark.parametrize("count", [1, 50])
async def test_alerts_that_come_together_cost_one_question_and_one_write(door: Door, count: int) -> None:
    outcomes, statements = await door.take([alert_about(number) for number in range(count)])

    assert not any(one.repeated for one in outcomes)
    assert statements == ["SELECT", "INSERT"]
    assert [len(written) for written in door.broker.written] == [count]


async def test_what_was_accepted_before_costs_the_question_alone(door: Door) -> None:
    alerts = [alert_about(number) for number in range(3)]
    await door.take(alerts)

    outcomes, statements = await door.take(alerts)

    assert all(one.repeated for one in outcomes)
    assert statements == ["SELECT"]


async def test_corrections_ask_once_more_for_all_of_them(door: Door) -> None:
    alerts = [alert_about(number) for number in range(3)]
    await door.take(alerts)

    outcomes, statements = await door.take([alert.model_copy(update={"action": Action.WITHDRAWN}) for alert in alerts])

    assert not any(one.repeated for one in outcomes)
    assert statements == ["SELECT", "SELECT", "INSERT"]
