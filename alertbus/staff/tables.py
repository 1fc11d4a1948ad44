"""The register of teams, a projection of Kafka: the version of each that stands."""

from sqlalchemy import Boolean, Column, Integer, LargeBinary, String, Table

from alertbus.sql.engine import metadata

standing_team = Table(
    "staff_team",
    metadata,
    Column("team_id", String(200), primary_key=True),
    Column("agency", String(120), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("snapshot", LargeBinary, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("published", Boolean, nullable=False),
)
"""`published` is false from the moment a version is recorded until Kafka has acknowledged it: the gateway sends it again if it died in
between. No team is ever taken out, so the sum of the versions tells every change."""
