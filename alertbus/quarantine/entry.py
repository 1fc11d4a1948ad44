"""A record in quarantine: how it is written, in one way by whoever writes one, and how it is read again. Pure.

Its value is the value that could not be decided, byte for byte, under its own key; its headers are a CloudEvent of ours
that holds coordinates, classes and versions only. The headers of the original are not copied: whoever wrote it may have
put anything there, and the coordinates lead to them, because every topic that is consumed keeps its records.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import alertbus
from alertbus.broker.record import Received, Record, RecordHeaders
from alertbus.broker.topics import NOTICES, TOPICS
from alertbus.model import ids
from alertbus.model.case import AGENCY_NAME
from alertbus.model.events import RECORD_QUARANTINED, MessageKept
from alertbus.model.notice import Notice
from alertbus.wire.reading import envelope_in
from alertbus.wire.records import content, record_quarantined

BUS = f"alertbus {alertbus.__version__}"
"""The version that names itself where no plugin took part."""

LARGEST_COPY = 900_000
"""Bytes of a value that is copied. A larger one, which a stranger may write, would not fit its topic with our headers: its entry
has no value, and the coordinates lead to it."""

_LONGEST_KEY = 1_000


class Disposition(StrEnum):
    """Why an entry is there, and so who must mend what. The values are shown to operators and never change."""

    POISON = "poison"
    """It cannot be read or decided. Written by the stages, and by delivery for what arrives there. Mend the cause, then redrive."""
    REFUSED = "refused"
    """An agency's system refused the notice for good. Written by delivery. Agree with the agency, then redrive."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """The part of an entry that may be shown. Every text in it is one of a closed form, whatever stands on the topic.

    `id` follows from what is quarantined, so that an entry written again after a crash is the same entry. `offset` None:
    a notice, which the ledger knows by its id and not by its place. `attempt` counts redrives for poison (1: as first
    written), and attempts at sending for what was refused.
    """

    id: str
    at: datetime
    by: str
    topic: str
    partition: int | None
    offset: int | None
    error: str
    disposition: Disposition
    attempt: int
    version: str
    size_bytes: int
    agency: str | None = None
    notice_id: str | None = None


def poisoned(incoming: Received, error: str, *, by: str, at: datetime, version: str = BUS) -> Record:
    """The entry for a record that cannot be decided. `error` is a class, never a text; `at`, when the record was written."""
    place = f"{incoming.topic}/{incoming.partition}/{incoming.offset}"
    found, key = incoming.value or b"", incoming.key or b""
    return record_quarantined(
        key=key if 0 < len(key) <= _LONGEST_KEY else place.encode(),
        subject=place,
        event_id=ids.event_id("quarantined", place),
        at=at,
        by=by,
        data=found if len(found) <= LARGEST_COPY else b"",
        marks={
            "originaltopic": incoming.topic,
            "originalpartition": str(incoming.partition),
            "originaloffset": str(incoming.offset),
            "errorclass": error,
            "disposition": Disposition.POISON.value,
            "attempt": str(attempt_of(incoming.headers)),
            "pluginversion": version,
            "originalbytes": str(len(found)),
        },
    )


def refused(notice: Notice, error: str, *, by: str, at: datetime, attempt: int, version: str) -> Record:
    """The entry for a notice that was refused for good at that attempt. `version` is the plugin's that rendered it."""
    owed = notice.obligation
    whole = content(notice)
    return record_quarantined(
        key=owed.lane.encode(),
        subject=notice.id,
        event_id=ids.event_id("refused", notice.id, str(attempt)),
        at=at,
        by=by,
        data=whole if len(whole) <= LARGEST_COPY else b"",
        marks={
            "originaltopic": NOTICES,
            "errorclass": error,
            "disposition": Disposition.REFUSED.value,
            "attempt": str(attempt),
            "pluginversion": version,
            "originalbytes": str(len(whole)),
            "agency": owed.agency,
        },
    )


def attempt_of(headers: RecordHeaders) -> int:
    """The attempt that a record's own header names: 1 unless it was redriven."""
    text = next((value for name, value in headers if name == "ce_attempt"), b"1")
    return int(text) if re.fullmatch(rb"[1-9][0-9]{0,5}", text) else 1


def is_kept_message(headers: RecordHeaders) -> bool:
    """True for a raw message that the gateway keeps for review."""
    return any(name == "ce_type" and text == MessageKept.type.encode() for name, text in headers)


def read(headers: RecordHeaders, value: bytes | None) -> Quarantined | None:
    """Reads an entry's headers. None: the record on the topic is no entry of ours, and nothing of it may be shown."""
    envelope = envelope_in(headers, value)
    if envelope is None:
        return None
    said = {
        "by": envelope.source,
        "topic": envelope.extensions.get("originaltopic", ""),
        "error": envelope.extensions.get("errorclass", ""),
        "version": envelope.extensions.get("pluginversion", ""),
        "id": envelope.id,
    }
    counts = [envelope.extensions.get(name, "") for name in ("originalpartition", "originaloffset", "originalbytes")]
    disposition = envelope.extensions.get("disposition")
    agency = envelope.extensions.get("agency")
    well_formed = all(_FORMS[name].fullmatch(text) for name, text in said.items()) and all(
        _COUNT.fullmatch(text) for text in counts if text
    )
    if envelope.type != RECORD_QUARANTINED or not well_formed or disposition not in set(Disposition):
        return None
    if agency is not None and not _AGENCY.fullmatch(agency):
        return None
    partition, offset, size = (int(text) if text else None for text in counts)
    is_refused = disposition == Disposition.REFUSED
    if is_refused and not _ID.fullmatch(envelope.subject):
        return None
    return Quarantined(
        at=envelope.time,
        partition=partition,
        offset=offset,
        disposition=Disposition(disposition),
        attempt=attempt_of(headers),
        size_bytes=len(envelope.data) if size is None else size,
        agency=agency,
        notice_id=envelope.subject if is_refused else None,
        **said,
    )


_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_AGENCY = re.compile(AGENCY_NAME)
_COUNT = re.compile(r"[0-9]{1,18}")
_FORMS = {
    "by": re.compile(r"/alertbus/[a-z]{1,20}"),
    "topic": re.compile("|".join(re.escape(spec.name) for spec in TOPICS)),
    "error": re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}"),
    "version": re.compile(r"[a-z][a-z0-9_-]{0,39} [A-Za-z0-9][A-Za-z0-9.+-]{0,39}"),
    "id": _ID,
}
