"""Putting back what lies in quarantine, once its cause is mended: to its own topic, under its own key, with its own value and event id.

Everything behind the topics tells duplicates by deterministic ids, so putting a record back twice is harmless; that it
has no second effect at all is the audit's doing: an entry that `redrive_done` names is passed over, unless forced. In
this order, for so many entries at a time: `redrive_begun`, the records, `redrive_done`. Cut short in between, the next
run puts them back again; nothing is ever put back without an audit record that says who, when, which and why.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from alertbus.audit.chain import OPERATIONS, AuditedDeed, AuditEntry
from alertbus.audit.trail import Trail
from alertbus.broker.consumer import read_at
from alertbus.broker.producer import Producer
from alertbus.broker.record import Received, Record
from alertbus.broker.topics import QUARANTINE
from alertbus.quarantine.entry import Disposition, Quarantined
from alertbus.quarantine.shelf import Kept
from alertbus.wire.records import notice_redriven

_TOGETHER = 200
"""Entries under one pair of audit records. Chosen: their ids fit a record with room to spare."""

_REDRIVE_OF, _ATTEMPT = "ce_redriveof", "ce_attempt"


class RedriveOutcome(StrEnum):
    """The result for one entry. The values are shown to operators and never change."""

    PUT_BACK = "put_back"
    ALREADY = "already_put_back"
    NO_ENTRY = "no_entry_of_ours"
    GONE = "original_is_gone"
    """Its topic no longer holds the record at its coordinates."""
    TOO_LARGE = "too_large_to_have_been_copied"


@dataclass(slots=True)
class Redrive:
    """One run: `plan` says what would happen, `carry_out` does it. `force` puts back again what was put back before."""

    bootstrap: str
    force: bool = False
    planned: list[tuple[Kept, Record]] = field(default_factory=list)
    outcomes: dict[str, RedriveOutcome] = field(default_factory=dict)

    async def plan(self, chosen: Sequence[Kept]) -> None:
        """Find the record of each entry, and whether it may be put back. Writes nothing."""
        eligible: list[tuple[Kept, Quarantined]] = []
        for kept in chosen:
            if kept.entry is None:
                self.outcomes[kept.name] = RedriveOutcome.NO_ENTRY
            elif kept.redriven is not None and not self.force:
                self.outcomes[kept.name] = RedriveOutcome.ALREADY
            else:
                eligible.append((kept, kept.entry))
        originals = await read_at(self.bootstrap, [_place_of_original(kept, entry) for kept, entry in eligible])
        for (kept, entry), original in zip(eligible, originals, strict=True):
            if original is None:
                self.outcomes[kept.name] = RedriveOutcome.GONE
            elif entry.notice_id is not None and not original.value:
                self.outcomes[kept.name] = RedriveOutcome.TOO_LARGE
            else:
                self.outcomes[kept.name] = RedriveOutcome.PUT_BACK
                self.planned.append((kept, _record(entry, original)))

    async def carry_out(self, producer: Producer, trail: Trail, *, by: str, reason: str, caller: str | None = None) -> None:
        """Return when everything planned is on its topic and in the audit. `caller`: the system through which `by` does it, if any."""
        for start in range(0, len(self.planned), _TOGETHER):
            some = self.planned[start : start + _TOGETHER]
            about = tuple(kept.entry.id for kept, _ in some if kept.entry)
            places = tuple(place(kept.entry) for kept, _ in some if kept.entry)
            begun = AuditEntry(AuditedDeed.REDRIVE_BEGUN, by, reason, about, places, caller)
            await trail.append_all(OPERATIONS, [begun])
            await producer.send_all([record for _, record in some])
            await trail.append_all(OPERATIONS, [replace(begun, deed=AuditedDeed.REDRIVE_DONE)])


def place(entry: Quarantined) -> str:
    """The coordinates of the original record, as the audit names them: of a refused notice its id, of poison its offset."""
    if entry.notice_id is not None:
        return f"{entry.topic}/notice/{entry.notice_id}"
    return f"{entry.topic}/{entry.partition}/{entry.offset}"


def _place_of_original(kept: Kept, entry: Quarantined) -> tuple[str, int, int]:
    """Poison is read again where it came to lie, headers and all; a notice from its entry, which has it whole."""
    if entry.disposition is Disposition.REFUSED or entry.partition is None or entry.offset is None:
        return (QUARANTINE, kept.partition, kept.offset)
    return (entry.topic, entry.partition, entry.offset)


def _record(entry: Quarantined, original: Received) -> Record:
    if entry.notice_id is not None:
        lane, data = original.key or b"", original.value or b""
        return notice_redriven(entry.notice_id, lane, entry.at, data, entry_id=entry.id, attempt=entry.attempt)
    kept = [(name, text) for name, text in original.headers if name not in {_REDRIVE_OF, _ATTEMPT}]
    marks = [(_REDRIVE_OF, entry.id.encode()), (_ATTEMPT, str(entry.attempt + 1).encode())]
    return Record(entry.topic, original.key or b"", original.value or b"", [*kept, *marks], partition=original.partition)
