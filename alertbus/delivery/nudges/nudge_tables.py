"""Who was nudged last and when, without an address or a name; and how many nudges went out."""

from sqlalchemy import BigInteger, Column, String, Table

from alertbus.sql.engine import UtcDateTime, metadata

nudged = Table(
    "nudged",
    metadata,
    Column("who", String(300), primary_key=True),
    Column("last_at", UtcDateTime, nullable=False),
    Column("up_to", UtcDateTime, nullable=False),
)
"""`who` is opaque (`nudge_turns.nudged_key`). `up_to`: what had come by then is not nudged about again."""

nudge_count = Table(
    "nudge_count",
    metadata,
    Column("outcome", String(20), primary_key=True),
    Column("count", BigInteger, nullable=False),
)
"""How many were `sent` and how many `failed`, since the first of them."""
