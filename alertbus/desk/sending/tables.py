"""What somebody has begun to state at the desk and not sent: sealed, theirs alone, and ended after a time."""

from sqlalchemy import Column, LargeBinary, String, Table

from alertbus.sql.engine import UtcDateTime, metadata

draft = Table(
    "desk_draft",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner", String(64), nullable=False, index=True),
    Column("form", String(20), nullable=False),
    Column("sealed", LargeBinary),
    Column("saved_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False, index=True),
    Column("reference", String(60)),
    Column("alert_id", String(60)),
)
"""`owner` is a hash of who it is at the sign-in and of their name at their agency; `sealed` opens with a key that is not in the database.
What was sent has no content any more, only its alert: so that sending it twice is known. A rebuild of the chronicle does not touch this."""
