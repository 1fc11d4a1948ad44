"""How far each audit chain has come, for whoever writes the next record. The chain itself is on the topic."""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from alertbus.sql.engine import metadata

head = Table(
    "audit_head",
    metadata,
    Column("chain", String, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("next", BigInteger, nullable=False),
)
"""`next`: the offset in the chain's partition up to which the topic has been looked at."""
