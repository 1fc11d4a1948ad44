"""The table of what is remembered of the plugins: what each offered when it was last imported, and how often it said what nobody keeps."""

from sqlalchemy import JSON, BigInteger, Column, String, Table

from alertbus.sql.engine import UtcDateTime, metadata

plugin_memory = Table(
    "plugin_memory",
    metadata,
    Column("plugin", String(100), primary_key=True),
    Column("offered", JSON(none_as_null=True), nullable=True),
    Column("set_aside", String(300), nullable=True),
    Column("unheard", BigInteger, nullable=False, server_default="0"),
    Column("at", UtcDateTime, nullable=False),
)
"""`offered`: None where it was never imported here. `set_aside`: why it could not be imported at the latest start; None where it could.
Kafka does not hold any of it: a rebuild leaves the table as it is.
"""
