"""The intake's tables: the statements it has accepted, raw messages kept because no plugin could read them, and counts of those ignored."""

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table

from alertbus.sql.engine import UtcDateTime, metadata

accepted = Table(
    "gateway_accepted",
    metadata,
    Column("statement_id", String(36), primary_key=True),
    Column("alert_id", String(36), nullable=False, index=True),
    Column("digest", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("first_at", UtcDateTime, nullable=True),
)
"""One row per statement, written once the broker has acknowledged it. `at` and `first_at` are those of its record."""

raw = Table(
    "gateway_raw",
    metadata,
    Column("ref", String(36), primary_key=True),
    Column("source", String(60), nullable=False, index=True),
    Column("received_at", UtcDateTime, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("reason", String(60), nullable=False),
    Column("digest", String(64), nullable=False),
)
"""`ref` follows from source and digest, so that the same message sent again is kept, and asked about, once."""

ignored = Table(
    "gateway_ignored",
    metadata,
    Column("source", String(60), primary_key=True),
    Column("outcome", String(20), primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("latest_at", UtcDateTime, nullable=False),
)
"""How many messages each source ignored, by outcome (`WhyIgnored`). Kafka does not hold them: a rebuild leaves the counts as they are."""
