"""The chronicle's questions. Every answer is one consistent view of it; nothing here writes.

`exercise` None means what is real, only. What a caller may see is the caller's to decide; an inbox item is already minimised
for its agency, a chronology is not.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, literal, or_, select

from alertbus.chronicle import tables
from alertbus.chronicle.alert_sight import AlertSight
from alertbus.chronicle.answers import AlertStatus, InboxItem, StatementStatus, Status, Unanswered
from alertbus.chronicle.derive import copied_to
from alertbus.chronicle.inbox_order import EVERYTHING, InboxPlace, page, states_asked
from alertbus.chronicle.item_numbers import item_numbers
from alertbus.chronicle.kept_counts import Counted, counts
from alertbus.chronicle.reviews import waiting_reviews
from alertbus.chronicle.tables import ObligationState
from alertbus.chronicle.views import AT_ONCE, answered, asked_again_at, is_overdue, obligations_where, receipts_given, same_exercise, view
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.briefing import OWN_KINDS, OWN_SOURCE
from alertbus.model.errors import NotFound
from alertbus.model.events import ReviewReason
from alertbus.model.gaps import gaps
from alertbus.model.notice import Notice
from alertbus.model.receipt import Receipt
from alertbus.sql.database import Database, Transaction

_owed = tables.obligation.c
_AS_SAID = (tables.alert.c.accepted_at, tables.alert.c.position, tables.alert.c.statement_id)
_ALL = AlertSight()
_NO_SUCH_ALERT = "no such alert; give the bus's id or its sender's, and allow a moment after it was accepted"


async def inbox(
    engine: Database,
    agency: str | None = None,
    state: str | None = None,
    exercise: str | None = EVERYTHING,
    *,
    now: datetime,
    limit: int = 100,
    after: str | None = None,
    kind: str | None = None,
) -> list[InboxItem]:
    """List obligations: overdue first, then by severity, then the oldest. `state` is an `ObligationState`, `OPEN` or `ALL` (or None).
    `kind` is one that the agency was told; None for every kind.

    `after` is the `cursor` of the last item seen; give the same `now` with it, or what has become overdue in between
    changes places.
    """
    asked, seen = states_asked(state), None if after is None else InboxPlace.at(after)

    def found(connection: Connection) -> list[InboxItem]:
        return items_of(connection, page(connection, agency, asked, exercise, now=now, limit=limit, after=seen, kind=kind), now)

    return await answered(engine, found)


def items_of(connection: Connection, obligations: Sequence[str], now: datetime) -> list[InboxItem]:
    """Give the items of these obligations in the order of the ids; one that does not exist is left out."""
    rows = {}
    for start in range(0, len(obligations), AT_ONCE):
        query = _items().where(_owed.id.in_(obligations[start : start + AT_ONCE]))
        rows.update({row.id: row for row in connection.execute(query)})
    receipts = receipts_given(connection, obligations)
    return [_item(rows[one], receipts[one], now) for one in obligations if one in rows]


async def obligation(engine: Database, obligation_id: str, *, now: datetime) -> InboxItem:
    """Give one obligation, real or of an exercise. Raises `NotFound`."""
    found = await answered(engine, lambda connection: items_of(connection, [obligation_id], now))
    if not found:
        raise NotFound("no such obligation; see that the id is the bus's own, from the inbox or the notice")
    return found[0]


async def obligations(engine: Database, ids: Sequence[str], *, now: datetime) -> list[InboxItem]:
    """Give these obligations in the order of the ids; one that does not exist is left out."""
    return await answered(engine, lambda connection: items_of(connection, ids, now))


async def told_on_case(engine: Database, agency: str, case_id: str, *, now: datetime, limit: int = 200) -> list[InboxItem]:
    """List what an agency was told on one case, the latest first."""

    def found(connection: Connection) -> list[InboxItem]:
        query = select(_owed.id).where(_owed.case_id == case_id, _owed.agency == agency).order_by(_owed.since.desc(), _owed.id).limit(limit)
        return items_of(connection, connection.execute(query).scalars().all(), now)

    return await answered(engine, found)


async def alert_status(engine: Database, alert_id: str, *, now: datetime | None = None, sight: AlertSight = _ALL) -> AlertStatus:
    """Say what became of an alert, found by the bus's id, else by its sender's, the newest of several: of those that are in `sight`, and
    what is in sight of it.

    Raises `NotFound`.
    """
    moment = now or datetime.now(UTC)
    said = tables.alert
    async with view(engine) as connection:
        found, matches = await _find(connection, alert_id, sight)
        if found is None:
            return await _own_word(connection, alert_id, moment, sight)
        statements = (await connection.execute(select(said).where(said.c.alert_id == found).order_by(*_AS_SAID))).all()
        query_cases = select(tables.alert_case.c.case_id).where(tables.alert_case.c.alert_id == found)
        cases = set((await connection.execute(query_cases)).scalars())
        obligations = await obligations_where(connection, _owed.alert_id == found, moment)
        asked = or_(tables.review.c.reason != ReviewReason.FLAG_REVIEW_DUE, tables.review.c.at <= moment)
        query_review = select(tables.review.c.reason).where(tables.review.c.alert_id == found, asked)
        review = set((await connection.execute(query_review)).scalars())
    first = statements[0]
    status = AlertStatus(
        alert_id=found,
        source=first.source,
        source_id=first.source_id,
        kind=first.kind,
        severity=statements[-1].severity,
        history=first.history,
        exercise=first.exercise,
        statements=tuple(
            StatementStatus(
                statement_id=s.statement_id,
                action=s.action,
                occurred_at=s.occurred_at,
                recorded_at=s.recorded_at,
                accepted_at=s.accepted_at,
            )
            for s in statements
        ),
        cases=tuple(sorted(cases | {o.case_id for o in obligations})),
        obligations=tuple(obligations),
        review=tuple(sorted(review)),
        to_complete=gaps(_stands_last(statements)),
        matches=matches,
    )
    return sight.through(status)


async def shows_alert(engine: Database, alert_id: str) -> bool:
    """Say whether the chronicle has the alert of this id of the bus's own, whoever may see it: then there is nothing to wait for."""
    async with view(engine) as connection:
        query = select(tables.alert.c.alert_id).where(tables.alert.c.alert_id == alert_id).limit(1)
        return (await connection.execute(query)).first() is not None


async def _own_word(connection: Transaction, alert_id: str, now: datetime, sight: AlertSight) -> AlertStatus:
    """What became of a briefing or a lapse of which no alert is the cause: the bus asked it itself, so nobody has stated anything.

    Raises `NotFound` where there is none, or none of it is in sight.
    """
    owed = await obligations_where(connection, (_owed.alert_id == alert_id) & _owed.kind.in_(sorted(OWN_KINDS)), now)
    if not any(sight.everything or sight.of_agency(one.agency) or sight.of_case(one.case_id) for one in owed):
        raise NotFound(_NO_SUCH_ALERT)
    ids = [one.id for one in owed]
    rows = (
        await connection.execute(select(_owed.kind, _owed.severity, _owed.exercise).where(_owed.id.in_(ids)).order_by(_owed.since))
    ).all()
    status = AlertStatus(
        alert_id=alert_id,
        source=OWN_SOURCE,
        source_id=alert_id,
        kind=rows[-1].kind,
        severity=rows[-1].severity,
        history=False,
        exercise=rows[-1].exercise,
        statements=(),
        cases=tuple(sorted({one.case_id for one in owed})),
        obligations=tuple(owed),
    )
    return sight.through(status)


def _stands_last(statements: Sequence[Row[Any]]) -> Alert:
    """The statement that was recorded last, which is the one that stands."""
    last = max(statements, key=lambda s: (s.recorded_at, s.accepted_at))
    return AcceptedAlert.model_validate_json(last.body).alert


async def statements(engine: Database, alert_id: str) -> list[AcceptedAlert]:
    """Give the statements of an alert, found as `alert_status` finds it, in the order they were accepted. Raises `NotFound`."""
    said = tables.alert.c
    async with view(engine) as connection:
        found, _ = await _find(connection, alert_id, _ALL)
        query = select(said.body).where(said.alert_id == found).order_by(*_AS_SAID)
        bodies = (await connection.execute(query)).scalars().all()
    if not bodies:
        raise NotFound(_NO_SUCH_ALERT)
    return [AcceptedAlert.model_validate_json(body) for body in bodies]


async def status(engine: Database, now: datetime, exercise: str | None = None) -> Status:
    """Give the numbers: of reality, or of one exercise. Unreadable records and progress are of all."""
    return await answered(engine, lambda connection: _status(connection, now, exercise))


def _status(connection: Connection, now: datetime, exercise: str | None) -> Status:
    chosen = same_exercise(_owed.exercise, exercise), tables.UNANSWERED
    oldest = select(_owed.id, _owed.agency, _owed.since).where(*chosen).order_by(_owed.since, _owed.id).limit(1)
    first = connection.execute(oldest).one_or_none()
    numbers, reviews = counts(connection, exercise), waiting_reviews(connection, now, exercise)
    return Status(
        alerts=numbers[Counted.ALERTS],
        statements=numbers[Counted.STATEMENTS],
        cases=numbers[Counted.CASES],
        obligations={state: numbers[state] for state in ObligationState},
        overdue=connection.execute(select(func.count()).where(*chosen, _owed.due < now)).scalar_one(),
        oldest_unanswered=first and _unanswered(first, now),
        items=item_numbers(connection, now, exercise),
        review=reviews.open,
        review_by_reason=reviews.by_reason,
        oldest_review=reviews.oldest,
        unreadable=connection.execute(select(func.count()).select_from(tables.unreadable)).scalar_one(),
        progress={f"{row.topic}/{row.partition}": row.next for row in connection.execute(select(tables.progress))},
    )


async def _find(connection: Transaction, asked: str, sight: AlertSight) -> tuple[str | None, int]:
    """Give the bus's id of the alert in sight that was asked for by either id, and how many in sight have it.

    Another source may use the same id for an alert of its own: that hides nothing from whoever sees this one.
    """
    said = tables.alert.c
    named = (said.alert_id == asked) | (said.source_id == asked)
    newest = (said.alert_id == asked).desc(), func.max(said.accepted_at).desc(), said.alert_id
    query = select(said.alert_id, said.source).where(named).group_by(said.alert_id, said.source).order_by(*newest)
    rows = list(await connection.execute(query))
    if not sight.everything:
        told: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        for start in range(0, len(rows), AT_ONCE):
            some = [row.alert_id for row in rows[start : start + AT_ONCE]]
            owed = select(_owed.alert_id, _owed.agency, _owed.case_id).where(_owed.alert_id.in_(some))
            reached = select(tables.alert_case.c.alert_id, literal(""), tables.alert_case.c.case_id)
            for name, agency, case_id in await connection.execute(owed.union(reached.where(tables.alert_case.c.alert_id.in_(some)))):
                told[name].add((agency, case_id))
        rows = [
            row
            for row in rows
            if sight.of_alert(row.source, (agency for agency, _ in told[row.alert_id] if agency), (case for _, case in told[row.alert_id]))
        ]
    ours = [row.alert_id for row in rows if row.alert_id == asked] or [row.alert_id for row in rows]
    return (ours[0] if ours else None), len(ours)


def _items() -> Select[Any]:
    return select(tables.obligation, tables.notice.c.body).join(tables.notice, tables.notice.c.notice_id == _owed.notice_id)


def _item(row: Row[*tuple[Any, ...]], receipts: tuple[Receipt, ...], now: datetime) -> InboxItem:
    notice = Notice.model_validate_json(row.body)
    overdue = is_overdue(row.state, row.due, now)
    return InboxItem(
        obligation=notice.obligation,
        notice=notice,
        state=row.state,
        overdue=overdue,
        since=row.since,
        acknowledged_by=row.acknowledged_by,
        acknowledged_at=row.acknowledged_at,
        acknowledged_intent=row.acknowledged_intent,
        passed_to=row.passed_to,
        accepted=row.accepted,
        acted_by=row.acted_by,
        acted_at=row.acted_at,
        asked_again_at=asked_again_at(notice, row.state),
        receipts=receipts,
        copied_to=copied_to(receipts),
        cursor=InboxPlace(overdue, row.severity_rank, row.since, row.id).cursor,
    )


def _unanswered(row: Row[*tuple[Any, ...]], now: datetime) -> Unanswered:
    age = (now - row.since).total_seconds()
    return Unanswered(obligation_id=row.id, agency=row.agency, since=row.since, age_s=age)
