"""What the queries share: one consistent view, and the parts that several answers have in common."""

import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Row, select

from alertbus.chronicle import tables
from alertbus.chronicle.answers import ObligationStatus
from alertbus.chronicle.derive import copied_to
from alertbus.chronicle.tables import ANSWERED, ObligationState
from alertbus.model.case import Case
from alertbus.model.errors import NotFound
from alertbus.model.notice import Notice
from alertbus.model.receipt import Receipt
from alertbus.policy.neutral import is_neutral
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import database_faults, reading

T = TypeVar("T")

AT_ONCE = 500
"""Ids in one query; both databases allow some 32,000."""


@contextlib.asynccontextmanager
async def view(engine: Database) -> AsyncIterator[Transaction]:
    """Open one consistent moment of the chronicle for several SQL statements. Raises `DatabaseUnavailable` when there is no database."""
    with database_faults():
        async with reading(engine) as connection:
            yield connection


async def answered(engine: Database, question: Callable[[Connection], T]) -> T:
    """Give what a plain function finds in one consistent moment of the chronicle. Raises `DatabaseUnavailable`."""
    with database_faults():
        return await engine.read(question)


def same_exercise(column: Column[str], exercise: str | None) -> ColumnElement[bool]:
    return column.is_(None) if exercise is None else column == exercise


async def latest_case(connection: Transaction, case_id: str) -> Case:
    """Give the newest version. Raises `NotFound`."""
    versions = tables.case_version.c
    query = select(versions.body).where(versions.case_id == case_id).order_by(versions.version.desc()).limit(1)
    body = (await connection.execute(query)).scalar_one_or_none()
    if body is None:
        raise NotFound("no such case; see the id, and allow a moment after it was recorded")
    return Case.model_validate_json(body)


def receipts_given(connection: Connection, obligations: Sequence[str]) -> dict[str, tuple[Receipt, ...]]:
    """Give the receipts by obligation, the oldest first; an empty tuple for an obligation without any."""
    given = tables.receipt
    found: dict[str, list[Receipt]] = defaultdict(list)
    for start in range(0, len(obligations), AT_ONCE):
        some = obligations[start : start + AT_ONCE]
        query = select(given).where(given.c.obligation_id.in_(some)).order_by(given.c.at, given.c.id)
        for row in connection.execute(query):
            found[row.obligation_id].append(receipt_in(row))
    return {obligation: tuple(found[obligation]) for obligation in obligations}


def receipt_in(row: Row[*tuple[Any, ...]]) -> Receipt:
    """The receipt that a row holds."""
    return Receipt(**{name: row._mapping[name] for name in Receipt.model_fields})  # noqa: SLF001  public in spite of its name


async def obligations_where(connection: Transaction, condition: ColumnElement[bool], now: datetime) -> list[ObligationStatus]:
    """Give obligations with their receipts, in the order in which they arose."""
    owed = tables.obligation
    query = (
        select(owed, tables.notice.c.body)
        .join(tables.notice, tables.notice.c.notice_id == owed.c.notice_id)
        .where(condition)
        .order_by(owed.c.since, owed.c.case_id, owed.c.agency, owed.c.role)
    )
    rows = (await connection.execute(query)).all()
    receipts = await connection.run_sync(receipts_given, [row.id for row in rows])
    found = []
    for row in rows:
        shown = Notice.model_validate_json(row.body)
        found.append(
            ObligationStatus(
                id=row.id,
                alert_id=row.alert_id,
                case_id=row.case_id,
                agency=row.agency,
                role=row.role,
                cause=row.cause,
                state=row.state,
                overdue=is_overdue(row.state, row.due, now),
                since=row.since,
                due=row.due,
                acknowledged_by=row.acknowledged_by,
                acknowledged_at=row.acknowledged_at,
                acknowledged_intent=row.acknowledged_intent,
                passed_to=row.passed_to,
                accepted=row.accepted,
                acted_by=row.acted_by,
                acted_at=row.acted_at,
                asked_again_at=asked_again_at(shown, row.state),
                deed=shown.deed,
                ended_at=shown.ended_at,
                because=shown.because,
                do_not_reveal_source=shown.do_not_reveal_source and not is_neutral(shown),  # such a notice hides every source
                receipts=receipts[row.id],
                copied_to=copied_to(receipts[row.id]),
            )
        )
    return found


def asked_again_at(latest: Notice, state: str) -> datetime | None:
    """Since when an answer is asked for again, as the latest notice says; None while it is not."""
    return latest.step.asked_again if latest.step is not None and ObligationState(state) not in ANSWERED else None


def is_overdue(state: str, due: datetime | None, now: datetime) -> bool:
    return due is not None and due < now and ObligationState(state) not in ANSWERED
