"""Step 1 of the incremental reconciliation: what it remembers between its runs.

A projection: drop it, and the next run reads everything again. It holds no word of what was said and nobody's name: opaque
ids, moments, and what decides who is told. In SQL the words are older than in the code: `matter` is an alert, `dossier` the
evidence on it, `stirred` the time of the newest record about it, `patrol` the recheck of what agreed.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, text

from alertbus.sql.engine import UtcDateTime, metadata

alert = Table(
    "reconcile_matter",
    metadata,
    Column("alert_id", String, primary_key=True),
    # Empty: reality. A key of several tables here, so never NULL.
    Column("exercise", String, nullable=False),
    # NULL: dropped, as an exercise's is some time after everything agreed.
    Column("dossier", LargeBinary, nullable=True),
    Column("stirred", UtcDateTime, nullable=False),
    # To be judged at the next run: something was written about it, or it did not agree the last time.
    Column("due", Boolean, nullable=False),
    # When time alone changes what is owed; in an exercise's time, for one.
    Column("wakes_at", UtcDateTime, nullable=True),
    Column("judged_at", UtcDateTime, nullable=True),
    Column("owed", Integer, nullable=False),
    # Which of its notices delivery still tried, the last time: a mark of their rows in the ledger, 0 for none.
    Column("tried", Integer, nullable=False),
    # JSON: sort, id, since when; NULL when it agreed.
    Column("faults", LargeBinary, nullable=True),
)
"""One alert: the evidence on it, and the verdict when it was last judged."""

alert_person = Table(
    "reconcile_matter_person",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("alert_id", String, primary_key=True),
)

case_version = Table(
    "reconcile_case_version",
    metadata,
    Column("case_id", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("exercise", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

case_person = Table(
    "reconcile_case_person",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("case_id", String, primary_key=True),
)
"""The persons who are or were on a case."""

tick = Table(
    "reconcile_tick",
    metadata,
    Column("case_id", String, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)
"""Ticks of cases of which no version has been read yet: the latest of each."""

exercise = Table(
    "reconcile_exercise",
    metadata,
    Column("exercise", String, primary_key=True),
    # The latest moment of its alerts and of the ticks of its cases; reality has none of its own.
    Column("clock", UtcDateTime, nullable=False),
    Column("woken_to", UtcDateTime, nullable=False),
    # How many obligations there should be in all.
    Column("owed", BigInteger, nullable=False),
)

progress = Table(
    "reconcile_progress",
    metadata,
    Column("topic", String, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next", BigInteger, nullable=False),
)
"""The offset to come next, written with what was read before it; of the ledger, the last row's number."""

recheck = Table(
    "reconcile_patrol",
    metadata,
    Column("what", String, primary_key=True),
    Column("after", String, nullable=False),
)
"""Where each recheck goes on: behind this id."""

turn = Table(
    "reconcile_turn",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("owner", String, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)
"""Whose turn it is: one row, a lease. Every write of a run renews it, or fails."""

result = Table(
    "reconcile_result",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""The result of the latest run, one row."""


def _partial(name: str, column: Column[object], condition: str) -> None:
    Index(name, column, sqlite_where=text(condition), postgresql_where=text(condition))


# Partial: a memory of years is nearly all alerts that agreed, and a run looks at none of those.
_partial("ix_reconcile_matter_due", alert.c.alert_id, "due")
_partial("ix_reconcile_matter_tried", alert.c.alert_id, "tried > 0")
Index("ix_reconcile_matter_wakes", alert.c.exercise, alert.c.wakes_at)
_partial("ix_reconcile_matter_faulty", alert.c.exercise, "faults IS NOT NULL")
_partial("ix_reconcile_matter_old", alert.c.stirred, "exercise <> '' AND dossier IS NOT NULL")
Index("ix_reconcile_matter_person_alert_id", alert_person.c.alert_id)
Index("ix_reconcile_case_person_case_id", case_person.c.case_id)

TABLES = (alert, alert_person, case_version, case_person, tick, exercise, progress, recheck, turn, result)
