"""The directory's tables, a projection of Kafka: who is named where, what finds them, cases as last accepted, exercises' clocks."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, text

from alertbus.sql.engine import UtcDateTime, metadata

mention = Table(
    "directory_mention",
    metadata,
    Column("mention_id", String(300), primary_key=True),
    Column("scope", String(60), nullable=False),
    Column("kind", String(10), nullable=False),
    # The case or the alert that names them.
    Column("of", String(200), nullable=False, index=True),
    Column("since", UtcDateTime, nullable=False),
    # When its source recorded what it claims now: an older statement that comes late changes nothing.
    Column("said_at", UtcDateTime, nullable=False),
    # When the bus accepted that: of two statements recorded at one moment the later accepted stands.
    Column("heard_at", UtcDateTime, nullable=False),
    # The decision: the ids of the person, the mention's own first, with a blank between.
    Column("person_ids", Text, nullable=False),
    Column("ended_at", UtcDateTime, nullable=True),
    # JSON of the person as an alert names them, to be compared with others; of people on case files the snapshot holds it.
    Column("facts", LargeBinary, nullable=True),
)
"""Somebody as one case file or one alert names them, or a statement about who is who. `scope` is the exercise, or empty for real people."""

claim = Table(
    "directory_claim",
    metadata,
    Column("scope", String(60), primary_key=True),
    Column("system", String(40), primary_key=True),
    Column("value", String(300), primary_key=True),
    Column("mention_id", String(300), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=True),
    Index("ix_directory_claim_mention", "mention_id"),
)
"""What a mention claims (`marks`), since when, and until when: NULL while it stands. A number that was corrected keeps its row."""

held = Table(
    "directory_held",
    metadata,
    Column("person_id", String(36), primary_key=True),
    Column("mention_id", String(300), primary_key=True),
    Index("ix_directory_held_mention", "mention_id"),
)
"""Who is meant by which mentions: `mention.person_ids`, from the other side."""

about = Table(
    "directory_alert_person",
    metadata,
    Column("alert_id", String(36), primary_key=True),
    Column("person_id", String(36), primary_key=True),
)
"""Everybody whom an alert was ever about: a correction of it must reach them too."""

movement = Table(
    "directory_movement",
    metadata,
    Column("person_id", String(36), primary_key=True),
    Column("alert_id", String(36), primary_key=True, index=True),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("at_liberty", Boolean, nullable=False),
)
"""When a prisoner was released, recalled or went missing, as stated and not withdrawn: an earlier movement stated late is no news."""

decisions = Table(
    "directory_version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
)
"""One row. It counts up whenever somebody known turns out to be somebody else: what was remembered of the directory counts no longer."""

revised = Table(
    "directory_revised",
    metadata,
    Column("person_id", String(36), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
"""Persons of whom the streams have yet to hear that statements about them may be about somebody else."""

said = Table(
    "directory_said",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("published", Boolean, nullable=False),
    Index("ix_directory_said_unpublished", "id", sqlite_where=text("published IS 0"), postgresql_where=text("published IS FALSE")),
)
"""Statements about who is who, as accepted. `published` is false until Kafka has them."""

case_version = Table(
    "directory_case",
    metadata,
    Column("case_id", String(80), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("exercise", String(60), nullable=True, index=True),
    Column("snapshot", LargeBinary, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("published", Boolean, nullable=False),
    Index("ix_directory_case_unpublished", "case_id", sqlite_where=text("published IS 0"), postgresql_where=text("published IS FALSE")),
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
