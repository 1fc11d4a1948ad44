"""In which order an inbox stands: what is overdue, then by severity as stated, then by age; never by what the words are like (NOT-06)."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alertbus.chronicle import queries
from alertbus.chronicle.projector import apply, read
from alertbus.chronicle.rebuild import make_tables
from alertbus.model.alert import SaidBy
from alertbus.model.notice import Excerpt
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine
from tests.story import T0, Log, a_notice

NOW = T0 + timedelta(hours=100)
STATED = [
    ("o-overdue-late", "low", 60, 90),
    ("o-overdue-old", "low", 10, 90),
    ("o-critical", "critical", 95, None),
    ("o-high-old", "high", 1, None),
    ("o-high-late", "high", 50, 200),
    ("o-medium", "medium", 0, None),
]
"""Obligation, severity, owed since, due by (hours). In the order in which they must stand but for the first two, of which the older leads."""

VIVID = ["It was a calm visit.", "BLOOD everywhere!! The child screamed.", "Grandmother helps.", "He has a KNIFE", "", "The latest news."]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Database]:
    engine = make_engine(f"sqlite:///{tmp_path}/bus.db")
    await make_tables(engine)
    yield engine
    await engine.dispose()


def excerpts(text: str, said_by: SaidBy) -> tuple[Any, ...]:
    return (Excerpt.of(text, said_by, observed_first_hand=True),) if text else ()


@pytest.mark.parametrize("seed", range(4))
async def test_not_06_words_and_whose_they_are_move_nothing_up_or_down(engine: Database, seed: int) -> None:
    """The same obligations, stated in any order with any words about a risk or a strength, stand in one order."""
    dice, log = random.Random(seed), Log()
    words = dice.sample(VIVID, len(VIVID))
    for (name, severity, since, due), text in dice.sample(list(zip(STATED, words, strict=True)), len(STATED)):
        log.notice(
            a_notice(
                f"n-{name}",
                name,
                agency="gp",
                severity=severity,
                since=T0 + timedelta(hours=since),
                due=due and T0 + timedelta(hours=due),
                narrative=excerpts(text, dice.choice(list(SaidBy))),
                title=dice.choice(["A", "Z", "Birth", "Threat to staff"]),
                summary=text,
            )
        )
    async with engine.begin() as connection:
        await apply(connection, read(log.records))

    items = await queries.inbox(engine, "gp", now=NOW)

    assert [item.obligation.id for item in items] == [
        "o-overdue-old",
        "o-overdue-late",
        "o-critical",
        "o-high-old",
        "o-high-late",
        "o-medium",
    ]
