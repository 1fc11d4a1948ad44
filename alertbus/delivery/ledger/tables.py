"""The delivery ledger, and what the built-in inbox received.

A ledger row is one notice on its way. An inbox row is a message in an agency's own system, which for an agency without
one of its own is this one: it is written by the inbox channel alone, and a second arrival under one key changes nothing.
"""

from enum import StrEnum

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)

from alertbus.sql.engine import UtcDateTime, metadata


class LedgerState(StrEnum):
    """Where a notice is. `failed` is trouble that has been told and is still tried; the last four are final."""

    WAITING = "waiting"
    LEASED = "leased"
    FAILED = "failed"
    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    CANCELLED = "cancelled"


ledger = Table(
    "ledger",
    metadata,
    # Order of arrival. The key, because SQLite counts up only a key; the notice's id is as unique.
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("notice_id", String, nullable=False),
    Column("obligation_id", String, nullable=False),
    Column("alert_id", String, nullable=False),
    Column("case_id", String, nullable=False),
    Column("agency", String, nullable=False),
    Column("sector", String, nullable=False),
    Column("role", String, nullable=False),
    Column("deed", String, nullable=False),
    Column("notice", LargeBinary, nullable=False),
    # What is delivered strictly one after the other: an agency's notices on one case.
    Column("lane", String, nullable=False),
    # TRUE: moved aside with its obligation, to a lane of its own, because it could not be rendered.
    Column("aside", Boolean, nullable=False),
    Column("state", String, nullable=False),
    # Counted when leased, so that 0 means that nothing can have left.
    Column("attempts", Integer, nullable=False),
    # From when it may be taken, if nobody has it. NULL: not its turn in its lane, or done.
    Column("next_attempt_at", UtcDateTime),
    Column("lease_owner", String),
    Column("error_class", String),
    Column("recorded_at", UtcDateTime, nullable=False),
    # Since when it has been told as failing.
    Column("failed_at", UtcDateTime),
    # When it came to a final state. NULL: open.
    Column("done_at", UtcDateTime),
    # Its newest receipt may not have reached the broker.
    Column("receipt_pending", Boolean, nullable=False),
    # From when it counts as undelivered and is put on the fallback channel. NULL: it is not, or that is done.
    Column("fallback_due", UtcDateTime),
    # The fallback channel that has it.
    Column("fallback", String),
    # When the report of it to its case was on the broker. Named after what followed from that before cases decided it.
    Column("escalated_at", UtcDateTime),
    UniqueConstraint("notice_id"),
    sqlite_autoincrement=True,
)

beat = Table(
    "delivery_beat",
    metadata,
    Column("owner", String, primary_key=True),
    # Counted up while the worker lives. Compared, never read as a time: no two machines need agree on the hour.
    Column("beat", BigInteger, nullable=False),
    # The agencies that this worker leaves alone, as of its last beat: an object by agency, of `since` and `until`. NULL: none.
    Column("circuits", JSON(none_as_null=True), nullable=True),
)

inbox_message = Table(
    "inbox_message",
    metadata,
    Column("idempotency_key", String, primary_key=True),
    Column("agency", String, nullable=False),
    Column("case_id", String, nullable=False),
    Column("obligation_id", String, nullable=False),
    Column("alert_id", String, nullable=False),
    Column("media_type", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("filename", String, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
)


watchdog_arrival = Table(
    "watchdog_arrival",
    metadata,
    Column("agency", String, primary_key=True),
    Column("notice_id", String, nullable=False),
    Column("arrived_at", UtcDateTime, nullable=False),
)
"""When the watchdog's last alert came to its channel: one row, whatever the number of arrivals."""


def _partial(name: str, condition: str, *columns: str) -> None:
    Index(name, *(ledger.c[c] for c in columns), sqlite_where=text(condition), postgresql_where=text(condition))


# Partial: a ledger of years is nearly all done, and none of these looks at that part.
_partial("ix_ledger_due", "next_attempt_at IS NOT NULL", "next_attempt_at", "seq", "agency")
_partial("ix_ledger_open", "done_at IS NULL", "lane", "seq")
_partial("ix_ledger_leased", "lease_owner IS NOT NULL", "lease_owner")
_partial("ix_ledger_aside", "aside AND done_at IS NULL", "obligation_id")
_partial("ix_ledger_untold", "receipt_pending", "seq")
_partial("ix_ledger_fallback", "fallback_due IS NOT NULL", "fallback_due", "seq")
_partial("ix_ledger_undelivered", "failed_at IS NOT NULL AND done_at IS NULL OR state = 'refused'", "agency", "error_class")
_partial("ix_ledger_handed_over", "state = 'sent'", "seq")
Index("ix_ledger_obligation", ledger.c.obligation_id, ledger.c.seq)
Index("ix_ledger_alert", ledger.c.alert_id)
Index("ix_inbox_message_agency", inbox_message.c.agency, inbox_message.c.received_at)
Index("ix_inbox_message_obligation", inbox_message.c.obligation_id)
Index("ix_inbox_message_alert", inbox_message.c.alert_id)
