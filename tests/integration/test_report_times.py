"""By which clock a case hears that a notice reached nobody: by that of the failed attempt, whatever the clock of whoever writes the report says.

Who is told next, and by when, counts from it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alertbus.broker.record import Record
from alertbus.delivery.fallback import Fallback, Sweep
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.rows import Settlement
from alertbus.delivery.ledger.tables import LedgerState, beat, ledger
from alertbus.model.events import NotDelivered
from alertbus.model.receipt import Receipt, Stage
from alertbus.plugin.kit.samples import sample_notice, sample_obligation
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, metadata
from alertbus.waiting import eventually
from alertbus.wire.reading import understand
from alertbus.wire.words import RECEIPT_GIVEN, words
from tests.story import Arrived

ASKED_AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
FAILED_AT = ASKED_AT + timedelta(hours=3)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Database]:
    engine = make_engine(f"sqlite:///{tmp_path}/bus.db")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all, tables=[ledger, beat])
    yield engine
    await engine.dispose()


async def written(engine: Database, writers_clock: Sequence[datetime]) -> list[Any]:
    """What a worker publishes whose clock shows these moments, one after the other, and then the last."""
    given: list[Record] = []
    moments = list(writers_clock)

    def now() -> datetime:
        return moments.pop(0) if len(moments) > 1 else moments[0]

    async def publish(records: Sequence[Record]) -> None:
        given.extend(records)

    none: Any = None
    stop = asyncio.Event()
    fallback = Fallback(Ledger(engine), none, none, lambda _: None, publish, now=now, sweep=Sweep(every_s=0.001, again=MINUTE))
    task = asyncio.create_task(fallback.run(stop))

    async def all_written() -> bool:
        return len(moments) == 1 and bool(given)

    assert await eventually(all_written, 60, 0.001)
    stop.set()
    await task
    heard = words(NotDelivered.type, RECEIPT_GIVEN)
    return [understand(Arrived(one.topic, 0, 0, one.key, one.value, one.headers), heard).word for one in given]


async def attempted(engine: Database, state: LedgerState, at: datetime) -> None:
    """An attempt at the notice was made at this moment by the clock of the worker that made it, and failed."""
    owed = sample_obligation(agency="school", since=ASKED_AT, due=None)
    book = Ledger(engine)
    await book.record([sample_notice(obligation=owed, sector="education")], at)
    (leased,) = await book.lease("somebody", at, 10)
    retry_at = None if state is LedgerState.REFUSED else at + timedelta(hours=1)
    await book.settle([Settlement(leased, state, error="unreachable", retry_at=retry_at)], at)


@pytest.mark.parametrize("state", [LedgerState.FAILED, LedgerState.REFUSED])
@pytest.mark.parametrize("clock", [[FAILED_AT + MINUTE], [FAILED_AT - MINUTE, FAILED_AT]], ids=["ahead", "behind, until it comes so far"])
async def test_a_report_that_a_notice_reached_nobody_is_dated_by_the_failed_attempt(
    engine: Database, state: LedgerState, clock: list[datetime]
) -> None:
    await attempted(engine, state, FAILED_AT)

    (report,) = [one for one in await written(engine, clock) if isinstance(one, NotDelivered)]

    assert (report.at, report.reason) == (FAILED_AT, "unreachable")


async def test_a_report_that_is_written_again_after_a_crash_says_the_same_by_any_clock(engine: Database) -> None:
    await attempted(engine, LedgerState.FAILED, FAILED_AT)
    book = Ledger(engine)
    first, again = [(await book.claim_undelivered(now, until=now))[0] for now in (FAILED_AT + MINUTE, FAILED_AT + timedelta(hours=1))]

    assert first == again
    assert first.since == FAILED_AT


async def test_an_attempt_by_a_clock_that_was_set_back_counts_as_of_the_moment_that_it_is_about(engine: Database) -> None:
    await attempted(engine, LedgerState.FAILED, ASKED_AT - MINUTE)

    (report,) = [one for one in await written(engine, [ASKED_AT + MINUTE]) if isinstance(one, NotDelivered)]

    assert report.at == ASKED_AT


async def test_a_delivery_after_the_attempt_is_newer_news_than_a_receipt_by_a_clock_ahead(engine: Database) -> None:
    """What was never tried is undelivered once it has waited too long: the receipt says when that was seen, the report since when it was so."""
    book = Ledger(engine)
    owed = sample_obligation(agency="school", since=ASKED_AT, due=None)
    await book.record([sample_notice(obligation=owed, sector="education")], ASKED_AT)
    much_later = ASKED_AT + timedelta(days=2)

    found = await written(engine, [much_later])

    (report,) = [one for one in found if isinstance(one, NotDelivered)]
    (receipt,) = [one for one in found if isinstance(one, Receipt)]
    assert (receipt.stage, receipt.at) == (Stage.FAILED, much_later)
    assert ASKED_AT < report.at < much_later
