"""What makes two messages the same statement: that they say the same, whenever they were published and however they were wrapped.

A publisher that handles a queue message twice publishes one event twice, with another `publishedAt`, in another envelope
with another id. So an id here is a digest of what the event says: its type, when it occurred, whom it refers to, and its
additional information.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from alertbus.plugin.wording import UK
from alertbus_hmpps.envelope import Opened
from alertbus_hmpps.moments import moment

INFO = "additionalInformation"

NUMBER_FIELDS = ("nomsNumber", "prisonNumber", "prisonerNumber", "prisonerId", "offenderIdDisplay", "crn")
"""Fields that name the person by a number, inside `additionalInformation` or, in older events, beside it."""


def digest(*parts: str) -> str:
    """Hash into an opaque id of 32 hex digits: what went in may be a person's number."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def says(kind: str, opened: Opened, occurred: datetime) -> str:
    """The id of what the event says. `kind` is its type; `occurred` is when it happened, as read: an instant has many spellings.

    An event that does not say when it happened is told from another like it by the day on which it was sent.
    """
    own = any(moment(opened.get(name)) is not None for name in ("occurredAt", "eventDatetime"))
    when = occurred.astimezone(UTC).isoformat() if own else occurred.astimezone(UK).date().isoformat()
    beside = {name: value for name in NUMBER_FIELDS if (value := opened.get(name)) is not None}
    return digest(kind, when, _text(_references(opened)), _text(opened.get(INFO)), *([_text(beside)] if beside else []))


def _references(opened: Opened) -> object:
    """Whom it refers to, in whatever order and case they are named."""
    given = opened.get("personReference", "identifiers")
    if not isinstance(given, list) or not all(isinstance(entry, Mapping) for entry in given):
        return opened.get("personReference")
    return sorted({f"{entry.get('type')}={entry.get('value')}".upper() for entry in given})


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
