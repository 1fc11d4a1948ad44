"""The keys of PostgreSQL's advisory locks: in one place, because the whole database shares them. Each spells a word; any number would do.

SQLite needs none: its transactions that write are one at a time.
"""

MIGRATION = 0x616C657274  # "alert"
"""Held while the schema is brought up to date: of several processes that start at once, one works."""

LANES = 0x6C616E6573  # "lanes"
"""Alone: recording notices in the ledger. Shared: settling what was sent."""

AUDIT = 0x6175646974  # "audit"
"""Held from reading the head of an audit chain until the next record is durable."""

CHRONICLE = 0x6368726F6E  # "chron"
"""Held while facts are written: two workers that derive one obligation at once would each miss the other's half."""

DIRECTORY = 0x646972656374  # "direct"
"""Held while it is decided who is who: two that decide at once would each miss the other's claims."""

SIGN_IN = 0x7369676E696E  # "signin"
"""Held while a failed attempt to sign in is counted: a hundred at the same moment would each find none before them."""
