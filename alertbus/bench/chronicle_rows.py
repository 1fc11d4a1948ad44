"""A chronicle of any size: what is measured on it is how its questions are answered.

Seven agencies on every alert, the school one of three hundred settings. One obligation in twenty is open, and those are of the last sixty
days; one alert in fifty is of one of five exercises. Every obligation has a notice with its body and three receipts. Ten alerts have a
case; one alert in ten has a question for a person, and one in twenty of these waits. Every alert started a clock, of which one in ten runs,
and every second open obligation has taken a step.
"""

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Table, func, insert, literal, select, text

from alertbus.chronicle import tables
from alertbus.chronicle.asked_rows import asked_of
from alertbus.chronicle.case_agencies import NamedOnCase
from alertbus.chronicle.derive import NoticeHead
from alertbus.chronicle.item_rows import item_row
from alertbus.chronicle.kept_counts import Counted
from alertbus.chronicle.tables import ANSWERED, SEVERITY_RANK, ObligationState
from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Level
from alertbus.model.events import ReviewNeeded, ReviewReason
from alertbus.model.identity import ReviewDecided, ReviewOutcome
from alertbus.model.item import ANSWER, Item, ItemState
from alertbus.plugin.kit.samples import sample_alert, sample_notice, sample_obligation

AGENCIES = ("childrens_social_care", "gp", "health_visiting", "police", "probation", "housing", "school")

WORKERS = (None, *(f"R. Postholder {number}" for number in range(100)))
"""Whom a notice names at its agency: nobody, or one of these."""

_BLOCK = 1_000
"""Alerts that are made row by row; the database copies them, under other ids, until there are enough."""

_WAITING = sorted(set(ObligationState) - ANSWERED - {ObligationState.PASSED_ON, ObligationState.NOT_OURS})
"""The last two are rare."""
_IDS = {
    tables.alert: ("statement_id", "alert_id", "source_id"),
    tables.alert_case: ("statement_id", "case_id", "alert_id"),
    tables.notice: ("notice_id", "obligation_id"),
    tables.receipt: ("id", "notice_id", "obligation_id", "alert_id", "case_id"),
    tables.obligation: ("id", "alert_id", "case_id", "notice_id"),
    tables.asked: ("obligation_id",),
    tables.item: ("id", "case_id", "alert_id"),
    tables.case_agency: ("case_id",),
    tables.case_worker: ("case_id",),
    tables.review: ("id", "alert_id", "statement_id"),
    tables.review_decision: ("review_id",),
}

Rows = dict[Table, list[dict[str, Any]]]


WAITING = 1 / 20
"""The part of all obligations that waits for an answer."""


def fill(connection: Connection, obligations: int, now: datetime, *, waiting: float = WAITING) -> None:
    """Write the rows of so many obligations, or a few more, into the chronicle's tables, which are empty, and have them analysed."""
    alerts = -(-obligations // len(AGENCIES))
    block = min(alerts, _BLOCK)
    rows: Rows = {table: [] for table in _IDS}
    dice = random.Random(7)
    for number in range(block):
        _add_alert(rows, dice, number, now, waiting)
    indexes = [one for table in _IDS for one in table.indexes]
    for one in indexes:  # loading is quicker without
        one.drop(connection)
    for table, some in rows.items():
        if some:
            connection.execute(insert(table), some)
    for copy in range(1, -(-alerts // block)):
        for table, ids in _IDS.items():
            first = ~table.c[ids[0]].contains("~")
            columns = [(column + literal(f"~{copy}")) if column.name in ids else column for column in table.columns]
            connection.execute(insert(table).from_select([column.name for column in table.columns], select(*columns).where(first)))
    for one in indexes:
        one.create(connection)
    owed, said, item = tables.obligation.c, tables.alert.c, tables.item.c
    of_exercise = func.coalesce(said.exercise, "")
    for counted in (
        select(owed.state, func.coalesce(owed.exercise, ""), func.count()).group_by(owed.state, owed.exercise),
        select(literal(Counted.ITEMS_OPEN.value), func.coalesce(item.exercise, ""), func.count()).where(item.open).group_by(item.exercise),
        select(literal(Counted.STATEMENTS.value), of_exercise, func.count()).group_by(said.exercise),
        select(literal(Counted.ALERTS.value), of_exercise, func.count(said.alert_id.distinct())).group_by(said.exercise),
    ):
        connection.execute(insert(tables.count).from_select(["counted", "exercise", "number"], counted))
    connection.execute(text("ANALYZE"))


def as_autovacuum_leaves_it(engine: Engine) -> None:
    """What PostgreSQL does of itself within a minute of so many new rows: without it, an answer that stands in an index is looked up in the
    table all the same (the overdue of a million: 114 ms instead of 2).
    """
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM (ANALYZE)")


def _add_alert(rows: Rows, dice: random.Random, number: int, now: datetime, waiting: float) -> None:
    def name() -> str:
        return str(UUID(int=dice.getrandbits(128)))

    at = now - timedelta(days=61 + dice.random() * 1_000)
    exercise = f"drill-{number // 50 % 5}" if number % 50 == 0 else None
    accepted = AcceptedAlert.of(sample_alert(id=name(), occurred_at=at, recorded_at=at, exercise=exercise), at)
    said, case_id = accepted.alert, f"case-{number // 10}"
    stated = {"alert_id": accepted.alert_id, "statement_id": accepted.statement_id}
    rows[tables.alert].append(
        stated
        | {name: getattr(said, name) for name in ("source", "agency", "kind", "action", "severity", "history", "exercise")}
        | {"source_id": said.id, "occurred_at": at, "recorded_at": at, "accepted_at": at, "at": at, "position": number}
        | {"body": accepted.model_dump_json(by_alias=True, exclude_defaults=True).encode()}
    )
    rows[tables.alert_case].append(stated | {"case_id": case_id, "people": b"[]", "reveals": None})
    clock = {"rule": "strategy_meeting", "title": "Strategy meeting", "agency": "childrens_social_care", "role": "team_manager"}
    closed_at = None if number % 10 == 0 else at + timedelta(hours=number % 40)
    of = {"case_id": case_id, "alert_id": accepted.alert_id, "exercise": exercise}
    _add_item(rows, {"id": name(), "opened_at": at, "due": at + timedelta(days=1), "closed_at": closed_at, **clock, **of})
    if number % 10 == 0:
        on = {"case_id": case_id, "children": True, "serves": None, "begins": None, "ends": None, "exercise": None}
        involved = [f"school.{number % 300}" if agency == "school" else agency for agency in AGENCIES]
        rows[tables.case_agency] += [{**on, "number": place, "agency": agency} for place, agency in enumerate(involved)]
        named = NamedOnCase(None, Level.MANAGER, f"R. Postholder {number // 10 % 100}").whom
        spell = {"number": len(involved), "agency": clock["agency"], "level": Level.MANAGER, "whom": named, "begins": None, "ends": None}
        rows[tables.case_worker].append({"case_id": case_id, **spell})
    for agency in AGENCIES:
        owed_by = f"school.{number % 300}" if agency == "school" else agency
        _add_obligation(
            rows, dice, {"alert_id": accepted.alert_id, "case_id": case_id, "agency": owed_by, "exercise": exercise}, at, now, waiting
        )
    if number % 10 == 0:
        needed = ReviewNeeded(id=name(), reason=dice.choice(list(ReviewReason)), at=at, **stated)
        row = needed.model_dump(include={"id", "reason", "at", "alert_id", "statement_id"})
        rows[tables.review].append(row | {"person_id": None, "body": needed.model_dump_json().encode(), "open": number % 200 == 0})
        if number % 200:
            decided = ReviewDecided(id=needed.id, at=at, by="R. Postholder", outcome=ReviewOutcome.DIFFERENT)
            row = {"review_id": decided.id, "at": at, "outcome": decided.outcome, "by": decided.by}
            rows[tables.review_decision].append(row | {"body": decided.model_dump_json().encode()})


def _add_item(rows: Rows, stated: dict[str, Any]) -> None:
    late = stated["closed_at"] is None or stated["closed_at"] > stated["due"]
    said = {"kind": "ppn", "policy_version": "bench", "at": stated["opened_at"], "state": ItemState.MISSED if late else ItemState.MET}
    item = Item.model_validate({**said, **stated})
    rows[tables.item].append(item_row(item, item.model_dump_json(exclude_defaults=True).encode(), len(rows[tables.item])))


def _add_obligation(rows: Rows, dice: random.Random, of: dict[str, Any], at: datetime, now: datetime, waiting: float) -> None:
    waits = dice.random() < waiting
    since = now - timedelta(days=60 * dice.random()) if waits else at
    due = since + timedelta(hours=dice.choice((24, 72, 1_440))) if dice.random() < 4 / 5 else None
    severity = dice.choice(list(SEVERITY_RANK))
    names = [str(UUID(int=dice.getrandbits(128))) for _ in range(5)]
    owed = sample_obligation(id=names[0], severity=severity, since=since, due=due, **of)
    notice = sample_notice(id=names[1], obligation=owed, recipient=dice.choice(WORKERS))
    kept = {"id": owed.id, "role": owed.role, "kind": owed.kind, "severity": severity, "severity_rank": SEVERITY_RANK[severity]}
    state = dice.choice(_WAITING) if waits else dice.choice(sorted(ANSWERED))
    rows[tables.obligation].append(
        of
        | kept
        | {"since": since, "due": due, "cause": owed.cause, "notice_id": notice.id, "state": state, "changed": len(rows[tables.obligation])}
    )
    rows[tables.asked] += [one._asdict() for one in asked_of([NoticeHead.of(notice, 0)], rows[tables.obligation][-1] | {"passed_to": None})]
    if waits and due is not None and due < now and dice.random() < 1 / 2:
        answer = {"rule": ANSWER, "title": "An answer", "role": owed.role, "opened_at": since, "due": due, "closed_at": None}
        _add_item(rows, {**answer, **of, "id": owed.id, "obligation_id": owed.id, "unowned": dice.random() < 1 / 4})
    body = notice.model_dump_json(by_alias=True, exclude_defaults=True).encode()
    rows[tables.notice].append({"notice_id": notice.id, "obligation_id": owed.id, "deed": notice.deed, "body": body, "position": 0})
    told = {"notice_id": notice.id, "obligation_id": owed.id, "alert_id": of["alert_id"], "case_id": of["case_id"], "agency": of["agency"]}
    for minute, (receipt, stage) in enumerate(zip(names[2:], ("sent", "accepted", "seen"), strict=True)):
        rows[tables.receipt].append(told | {"id": receipt, "stage": stage, "at": since + timedelta(minutes=minute)})
