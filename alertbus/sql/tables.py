"""What is noted about the database itself."""

from sqlalchemy import Column, Integer, Table

from alertbus.sql.engine import UtcDateTime, metadata

unfinished = Table(
    "rebuild_unfinished",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("begun_at", UtcDateTime, nullable=False),
)
"""One row while a rebuild runs or after one was cut short, else none."""
