"""What is undelivered, in numbers: for the status command, for Prometheus, and after the shipped migrations."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import generate_latest
from sqlalchemy import insert

from alertbus.chronicle import tables as chronicle
from alertbus.chronicle.derive import derive_obligation
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.rows import Settlement
from alertbus.delivery.ledger.tables import LedgerState
from alertbus.model.notice import Notice
from alertbus.model.receipt import Intent, Receipt, Stage
from alertbus.operations.gauges import Vitals, measured
from alertbus.operations.undelivered import undelivered
from alertbus.plugin.kit.samples import CANARIES, sample_notice, sample_obligation
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, migrate

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
async def engine(url: str) -> AsyncIterator[Database]:
    await migrate(url)
    engine = make_engine(url)
    yield engine
    await engine.dispose()


def notice(name: str, agency: str, exercise: str | None = None) -> Notice:
    return sample_notice(id=name, obligation=sample_obligation(id=f"o-{name}", agency=agency, case_id=f"case-{name}", exercise=exercise))


async def show(engine: Database, *notices: Notice, receipts: tuple[Receipt, ...] = ()) -> None:
    async with engine.begin() as connection:
        for one in notices:
            mine = [r for r in receipts if r.notice_id == one.id]
            await connection.execute(insert(chronicle.obligation).values(**derive_obligation([one], mine).row))


def acknowledged(one: Notice) -> Receipt:
    owed = one.obligation
    return Receipt(
        id=f"r-{one.id}",
        notice_id=one.id,
        obligation_id=owed.id,
        alert_id=owed.alert_id,
        case_id=owed.case_id,
        agency=owed.agency,
        stage=Stage.ACKNOWLEDGED,
        at=NOW,
        by="R. Postholder",
        intent=Intent.ACTING,
    )


async def test_what_failed_or_was_refused_counts_by_agency_and_reason_until_a_person_has_answered(engine: Database) -> None:
    book = Ledger(engine)
    failing, refused, answered, rehearsed, well = (
        notice("failing", "school"),
        notice("refused", "gp"),
        notice("answered", "gp"),
        notice("rehearsed", "gp", exercise="x1"),
        notice("well", "police"),
    )
    await book.record([failing, refused, answered, rehearsed, well], NOW)
    for one in await book.lease("me", NOW, 10):
        at = NOW + timedelta(minutes=5 if one.agency == "school" else 1)
        if one.agency == "school":
            later = at + timedelta(hours=1)
            await book.settle([Settlement(one, LedgerState.WAITING, error="unreachable", retry_at=later, told=True)], at)
        else:
            refusal = Settlement(one, LedgerState.REFUSED, error="refused")
            await book.settle([refusal if one.agency == "gp" else Settlement(one, LedgerState.ACCEPTED)], at)
    await show(engine, refused, answered, rehearsed, well, receipts=(acknowledged(answered),))  # `failing` is not yet in the chronicle
    (stuck, *_) = await book.claim_undelivered(NOW + timedelta(minutes=5), until=NOW + timedelta(minutes=6))
    await book.note_copy(stuck, "inbox", NOW + timedelta(minutes=5))

    found = await undelivered(engine)

    assert [(u.agency, u.reason, u.count, u.since) for u in found] == [
        ("gp", "refused", 1, NOW + timedelta(minutes=1)),
        ("school", "unreachable", 1, NOW + timedelta(minutes=5)),
    ]
    assert sum(u.in_fallback for u in found) == (stuck.leased.notice_id in {"failing", "refused"})
    for canary in CANARIES:
        assert canary not in str(found)


async def test_prometheus_is_told_how_many_for_what_reason_and_how_old_the_oldest_is(engine: Database) -> None:
    before = generate_latest(await measured(vitals(engine))).decode()
    book = Ledger(engine)
    await book.record([notice("a", "school")], NOW)
    (one,) = await book.lease("me", NOW, 10)
    await book.settle([Settlement(one, LedgerState.REFUSED, error="refused")], NOW)
    after = generate_latest(await measured(vitals(engine))).decode()

    assert "alertbus_undelivered_oldest_seconds 0.0" in before
    assert 'alertbus_undelivered_obligations{agency="school",reason="refused"} 1.0' in after
    assert "alertbus_undelivered_oldest_seconds 600.0" in after
    assert all(canary not in after for canary in CANARIES)


def vitals(engine: Database) -> Vitals:
    """The broker is away: what can be asked is told all the same."""
    return Vitals("127.0.0.1:1", engine, lambda: NOW + timedelta(minutes=10), watchdog_interval_s=60)


async def test_an_obligation_of_which_two_notices_failed_for_two_reasons_counts_once_by_the_first(engine: Database) -> None:
    book, first = Ledger(engine), notice("first", "school")
    second = first.model_copy(update={"id": "second"})
    await book.record([first, second], NOW)
    for at, error in ((NOW, "plugin_fault"), (NOW + timedelta(minutes=1), "refused")):
        (one,) = await book.lease("me", at, 1)
        settled = Settlement(one, LedgerState.REFUSED, error=error)
        await book.settle([settled], at)
    await show(engine, first)

    assert [(u.agency, u.reason, u.count, u.since) for u in await undelivered(engine)] == [("school", "plugin_fault", 1, NOW)]
