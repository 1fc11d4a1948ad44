"""Who may sign in here, and who has: of what opens a session only a hash is kept, so that whoever reads the tables cannot use them."""

from sqlalchemy import Boolean, Column, Integer, String, Table

from alertbus.sql.engine import UtcDateTime, metadata

user = Table(
    "desk_user",
    metadata,
    Column("username", String(60), primary_key=True),
    Column("name", String(120), nullable=False),
    Column("agency", String(120), nullable=False),
    Column("setting", String(120)),
    Column("team", String(200)),
    Column("roles", String(200), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("rights_version", Integer, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)
"""A local user. `roles` have blanks between them. `rights_version` grows with every change of password, roles or lock: a session begun
under another one is over, whoever was in the middle of signing in included."""

session = Table(
    "desk_session",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("who", String(300), nullable=False, index=True),
    Column("name", String(120), nullable=False),
    Column("username", String(200), nullable=False),
    Column("agency", String(120), nullable=False),
    Column("setting", String(120)),
    Column("team", String(200)),
    Column("roles", String(200), nullable=False),
    Column("rights_version", Integer),
    Column("provider_session", String(200), index=True),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False, index=True),
)
"""`who` is `local:` and a username, or `oidc:` and the subject at the sign-in service. `id` names a session to its owner, and opens
nothing. `rights_version` is None for who came by the service; `provider_session` is the service's name of their session there."""

pending = Table(
    "desk_pending_sign_in",
    metadata,
    Column("cookie_hash", String(64), primary_key=True),
    Column("state", String(80), nullable=False),
    Column("nonce", String(80), nullable=False),
    Column("verifier", String(128), nullable=False),
    Column("next", String(500), nullable=False),
    Column("asked_again", Boolean, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False, index=True),
)
"""Somebody was sent to the sign-in service and is expected back, once, with the same browser."""

attempts = Table(
    "desk_failed_attempts",
    metadata,
    Column("key", String(80), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False, index=True),
)
"""Failed attempts in a row. A key has twenty bits of a hash of what was typed, from which nobody finds it again: people type their password
in the wrong field."""

device = Table(
    "desk_device",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("who", String(300), nullable=False, index=True),
    Column("until", UtcDateTime, nullable=False, index=True),
)
"""A browser with which this user has signed in before: strangers' attempts do not slow it down."""

breaking = Table(
    "desk_break_glass",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("who", String(300), nullable=False),
    Column("session_id", String(36), nullable=False),
    Column("subject_kind", String(10), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("holder", String(120), nullable=False),
    Column("name", String(120), nullable=False),
    Column("agency", String(120), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("seen_by", String(120)),
    Column("seen_at", UtcDateTime),
)
"""Sight beyond one's own, asked for with a reason. The leads of the agency `holder` are told; `seen_by` is who of them has read it."""
