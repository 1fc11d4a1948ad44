"""The directory's tables: persons, what they are found by, cases as last accepted, and exercises' clocks. A projection of Kafka."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table

from alertbus.sql.engine import UtcDateTime, metadata

person = Table(
    "directory_person",
    metadata,
    Column("person_id", String(36), primary_key=True),
    Column("scope", String(60), nullable=False),
    Column("likeness", String(64), nullable=True),
    Index("ix_directory_person_likeness", "scope", "likeness"),
)
"""`scope` is the exercise, or empty for real people. `likeness` is a digest of full name and date of birth: alike is not the same."""

found_by = Table(
    "directory_found_by",
    metadata,
    Column("scope", String(60), primary_key=True),
    Column("system", String(40), primary_key=True),
    Column("value", String(200), primary_key=True),
    Column("person_id", String(36), nullable=False, index=True),
)
"""The unique constraint on (scope, system, value) decides when two workers meet the same new person at the same moment (DESIGN 4)."""

case_version = Table(
    "directory_case",
    metadata,
    Column("case_id", String(80), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("exercise", String(60), nullable=True, index=True),
    Column("snapshot", LargeBinary, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("published", Boolean, nullable=False),
)
"""`published` is false from the moment a version is recorded until Kafka has acknowledged all it causes: the gateway sends it again if it
died in between."""

exercise_clock = Table(
    "directory_exercise_clock",
    metadata,
    Column("exercise", String(60), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

unlinked_person = Table(
    "directory_case_unlinked",
    metadata,
    Column("case_id", String(80), primary_key=True),
    Column("person_id", String(36), primary_key=True),
)
"""Persons taken off a case whose stream state may not know it yet. Written with the version that drops them, gone once it is published:
the version before is overwritten, so after a crash nothing else would remember whom to tell."""

wake = Table(
    "directory_wake",
    metadata,
    Column("case_id", String(80), primary_key=True),
    Column("at", UtcDateTime, primary_key=True, index=True),
)
"""Moments still to come at which a link or an involvement of a real case begins: its case must be ticked then."""
