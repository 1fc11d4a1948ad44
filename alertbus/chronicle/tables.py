"""The chronicle's tables: statements, obligations, the notices shown for them, the receipts that came back, and items.

A projection: every row can be dropped and written again from Kafka. `position` is the offset of the record that a row
came from: a record that is repeated stands at a later offset and changes nothing. Text has no length here: what the
model let through must fit.
"""

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, text, true

from alertbus.model.alert import Severity
from alertbus.sql.engine import UtcDateTime, metadata


class ObligationState(StrEnum):
    """Where an obligation stands. Shown to practitioners; values are stable."""

    OWED = "owed"
    SENT = "sent"
    ACCEPTED = "accepted"
    SEEN = "seen"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    ESCALATED = "escalated"
    PASSED_ON = "passed_on"
    """Somebody has passed it on, and nobody has said that they act on it: it still waits for its answer."""
    NOT_OURS = "not_ours"
    """Somebody has said that it is not their agency's: a person looks at that, and meanwhile it still waits for its answer."""


ANSWERED = frozenset({ObligationState.ACKNOWLEDGED, ObligationState.WITHDRAWN})
"""States in which nothing more is asked of the agency: never overdue, however long ago it was due."""

UNANSWERED = text("chronicle_obligation.state NOT IN (" + ", ".join(f"'{state}'" for state in sorted(ANSWERED)) + ")")
"""The condition of a query that something is still asked of the agency. In the words of the indexes, or no database would use them."""

SEVERITY_RANK = {Severity.CRITICAL: 0, Severity.HIGH: 1, Severity.MEDIUM: 2, Severity.LOW: 3}


def _only(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


alert = Table(
    "chronicle_alert",
    metadata,
    Column("statement_id", String, primary_key=True),
    Column("alert_id", String, nullable=False, index=True),
    Column("source", String, nullable=False),
    Column("source_id", String, nullable=False, index=True),
    Column("agency", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("action", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    Column("accepted_at", UtcDateTime, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("history", Boolean, nullable=False),
    Column("exercise", String, nullable=True, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("position", BigInteger, nullable=False),
)
"""One statement: an alert raised, amended or withdrawn. `source_id` is the sender's own id for the alert."""

alert_case = Table(
    "chronicle_alert_case",
    metadata,
    Column("statement_id", String, primary_key=True),
    Column("case_id", String, primary_key=True, index=True),
    Column("alert_id", String, nullable=False, index=True),
    Column("people", LargeBinary, nullable=False),
    # JSON: what its free text may give away; NULL for nothing.
    Column("reveals", LargeBinary, nullable=True),
)
"""Which statements reached which cases, and their persons' ids. History that told nobody is here too (INT-10)."""

case_version = Table(
    "chronicle_case_version",
    metadata,
    Column("case_id", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("exercise", String, nullable=True, index=True),
    Column("known_at", UtcDateTime, nullable=True),
    Column("body", LargeBinary, nullable=False),
)

notice = Table(
    "chronicle_notice",
    metadata,
    Column("notice_id", String, primary_key=True),
    Column("obligation_id", String, nullable=False, index=True),
    Column("deed", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("position", BigInteger, nullable=False),
)

receipt = Table(
    "chronicle_receipt",
    metadata,
    Column("id", String, primary_key=True),
    Column("notice_id", String, nullable=False),
    Column("obligation_id", String, nullable=False, index=True),
    Column("alert_id", String, nullable=False),
    Column("case_id", String, nullable=False),
    Column("agency", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String, nullable=True),
    Column("role", String, nullable=True),
    Column("intent", String, nullable=True),
    Column("note", String, nullable=True),
    Column("detail", String, nullable=True),
    Column("channel", String, nullable=True),
    Column("to", String, nullable=True),
    Column("undoes", String, nullable=True),
    Column("told", Boolean, nullable=True),
    Index("ix_chronicle_receipt_untold", "at", "id", **_only("NOT told")),
)
"""`told`: of what a person answered, whether the case has heard of it (`told_answers`); NULL for every other receipt."""

answered = Table("chronicle_answered", metadata, Column("receipt_id", String, primary_key=True))
"""The receipts of which the case has heard. It may be read before the receipt: the two stand on different topics."""

_UNANSWERED = UNANSWERED.text.replace("chronicle_obligation.", "")
_REHEARSED = "exercise IS NOT NULL"


def _inbox_indexes() -> list[Index]:
    name, order = "ix_chronicle_obligation", ("state", "severity_rank", "since", "id", "due")
    return [
        Index(f"{name}_inbox", "agency", *order, "exercise"),
        Index(f"{name}_inboxes", *order, "exercise"),
        Index(f"{name}_rehearsed_inbox", "exercise", "agency", *order, **_only(_REHEARSED)),
        Index(f"{name}_rehearsed_inboxes", "exercise", *order, **_only(_REHEARSED)),
    ]


obligation = Table(
    "chronicle_obligation",
    metadata,
    Column("id", String, primary_key=True),
    Column("alert_id", String, nullable=False, index=True),
    Column("case_id", String, nullable=False, index=True),
    Column("agency", String, nullable=False),
    Column("role", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("severity_rank", Integer, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("due", UtcDateTime, nullable=True),
    Column("cause", String, nullable=False),
    Column("exercise", String, nullable=True),
    Column("notice_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("acknowledged_by", String, nullable=True),
    Column("acknowledged_at", UtcDateTime, nullable=True),
    Column("acknowledged_intent", String, nullable=True),
    Column("passed_to", String, nullable=True),
    Column("accepted", Boolean, nullable=True),
    Column("acted_by", String, nullable=True),
    Column("acted_at", UtcDateTime, nullable=True),
    Column("changed", BigInteger, nullable=False, default=0, server_default="0"),
    *_inbox_indexes(),
    Index("ix_chronicle_obligation_due", "due", "exercise", **_only(_UNANSWERED)),
    Index("ix_chronicle_obligation_since", "exercise", "since", "id", **_only(_UNANSWERED)),
    Index("ix_chronicle_obligation_changed", "changed", "id"),
    Index("ix_chronicle_obligation_answered", "agency", "acknowledged_at", "id", **_only("acknowledged_at IS NOT NULL")),
)
"""Derived from the notices and receipts of the obligation, and from nothing else. `notice_id` is its latest notice.

`changed` grows with every transaction that touches the row (`obligation_rows.write_obligations`). The indexes follow the questions: a page
of an inbox, with its order, is one walk for each state, of one agency or of all, of everything or of one exercise; what becomes overdue is
found by when it is due; the longest unanswered by since when; what was answered in somebody's absence by when it was answered.
"""

asked = Table(
    "chronicle_asked",
    metadata,
    Column("obligation_id", String, primary_key=True),
    Column("whom", String, primary_key=True),
    Column("agency", String, nullable=False),
    Column("waits", Boolean, nullable=False),
    Column("severity_rank", Integer, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("due", UtcDateTime, nullable=True),
    Index("ix_chronicle_asked_inbox", "agency", "waits", "whom", "severity_rank", "since", "obligation_id", "due"),
)
"""Of whom each obligation is asked (`asked_rows`), with its place in an inbox. `whom` is a JSON array of exercise, role and the person,
each null where there is none. `waits`: something is still asked of them. Derived like the obligation, and written with it.

The index holds the inbox of each of them in its order, and tells who they are without reading what is asked of them.
"""

review = Table(
    "chronicle_review",
    metadata,
    Column("id", String, primary_key=True),
    Column("reason", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("alert_id", String, nullable=True, index=True),
    Column("statement_id", String, nullable=True),
    Column("person_id", String, nullable=True, index=True),
    Column("body", LargeBinary, nullable=False),
    Column("open", Boolean, nullable=False, default=True, server_default=true()),
    Index("ix_chronicle_review_at", "at", "id"),
    Index("ix_chronicle_review_open", "at", "id", **_only("open")),
)
"""Every question that a person is asked, or is from `at` on. `statement_id` as in `ReviewNeeded`; `person_id`: the first of its people.

`open`: nobody has decided it, or the latest decision took an earlier one back.
"""

review_decision = Table(
    "chronicle_review_decision",
    metadata,
    Column("review_id", String, primary_key=True),
    Column("at", UtcDateTime, primary_key=True),
    Column("outcome", String, primary_key=True),
    Column("by", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""Every decision about a review item; the latest stands. It may be read before its item: the two may stand in different partitions."""

item = Table(
    "chronicle_item",
    metadata,
    Column("id", String, primary_key=True),
    Column("case_id", String, nullable=False),
    Column("agency", String, nullable=False),
    Column("owner", String, nullable=False, server_default=""),
    Column("rule", String, nullable=False),
    Column("alert_id", String, nullable=True),
    Column("state", String, nullable=False),
    Column("due_or_never", UtcDateTime, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("overdue", Boolean, nullable=False),
    Column("unowned_since", UtcDateTime, nullable=True),
    Column("exercise", String, nullable=True),
    Column("body", LargeBinary, nullable=False),
    Column("position", BigInteger, nullable=False),
    Index("ix_chronicle_item_case", "case_id", "due_or_never", "id"),
    Index("ix_chronicle_item_alert", "alert_id"),
    Index("ix_chronicle_item_agency", "agency", "due_or_never", "id", **_only("open")),
    Index("ix_chronicle_item_owner", "agency", "owner", "due_or_never", "id", **_only("open AND rule <> 'answer'")),
    Index("ix_chronicle_item_open", "due_or_never", "id", "exercise", **_only("open")),
    Index("ix_chronicle_item_overdue", "due_or_never", "id", "exercise", **_only("overdue")),
    Index("ix_chronicle_item_unowned", "unowned_since", "id", "exercise", "agency", **_only("unowned_since IS NOT NULL")),
    Index("ix_chronicle_item_exercise", "exercise", "due_or_never", "id", **_only(_REHEARSED)),
)
"""What somebody owes by a time, as the case stage last said (`model.item`): of an id, the record that stands last.

`overdue` and `unowned_since` are what it said, and not reckoned from a clock here: an exercise has a clock of its own. `owner` is a JSON
array of exercise and role: whose the clocks of an agency are, one after another, without reading any.
"""

case_agency = Table(
    "chronicle_case_agency",
    metadata,
    Column("case_id", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("agency", String, nullable=False),
    # It works with the children; else it acts for an adult, and sees what it owes itself.
    Column("children", Boolean, nullable=False),
    # JSON: the keys of the children it serves; NULL for all.
    Column("serves", String, nullable=True),
    Column("begins", UtcDateTime, nullable=True),
    Column("ends", UtcDateTime, nullable=True),
    Column("exercise", String, nullable=True),
    Index("ix_chronicle_case_agency_agency", "agency", "case_id"),
)
"""The agencies on each case and for how long, by its latest version: found by agency, for who may see which items."""

case_worker = Table(
    "chronicle_case_worker",
    metadata,
    Column("case_id", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("agency", String, nullable=False),
    Column("level", String, nullable=False),
    Column("whom", String, nullable=False),
    Column("begins", UtcDateTime, nullable=True),
    Column("ends", UtcDateTime, nullable=True),
    Index("ix_chronicle_case_worker_whom", "agency", "whom", "case_id"),
)
"""Whom each case's latest version names for its agencies, and for how long. `whom` is a JSON array of exercise, level and name."""

unreadable = Table(
    "chronicle_unreadable",
    metadata,
    Column("topic", String, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("error", String, nullable=False),
)
"""Records that are not events of the bus, or that cannot be stored: counted in `status`, so that passing over one is seen."""

progress = Table(
    "chronicle_progress",
    metadata,
    Column("topic", String, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next", BigInteger, nullable=False),
)
"""The offset to come next, written with the rows: what a crash leaves between database and broker is passed over."""

count = Table(
    "chronicle_count",
    metadata,
    Column("counted", String, primary_key=True),
    Column("exercise", String, primary_key=True),
    Column("number", BigInteger, nullable=False),
)
"""How many obligations there are by state, and statements, alerts, cases and items (`kept_counts`). `exercise` is '' for what is real."""

tick_minute = Table(
    "chronicle_tick_minute",
    metadata,
    Column("minute", UtcDateTime, primary_key=True),
    Column("worst_ms", BigInteger, nullable=False),
    Column("ticks", BigInteger, nullable=False),
)
"""How late the ticks of real cases were that were written in this minute (`tick_times`). Of the last days alone, so no content."""

CONTENT = (
    alert,
    alert_case,
    case_version,
    case_agency,
    case_worker,
    notice,
    receipt,
    answered,
    obligation,
    asked,
    item,
    review,
    review_decision,
    unreadable,
)
TABLES = (*CONTENT, count, tick_minute, progress)
