"""Lists what lies in quarantine and chooses among it. An entry written twice after a crash is one entry."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alertbus.audit.chain import AuditedDeed, AuditRecord
from alertbus.broker.consumer import read_all
from alertbus.broker.record import Received
from alertbus.broker.topics import NOTICES, QUARANTINE
from alertbus.quarantine.entry import Quarantined, is_kept_message, read


@dataclass(frozen=True, slots=True)
class Redriven:
    """That an entry was put back, the last time it was."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Kept:
    """One entry where it lies. `entry` None: a record on the topic that is none of ours. `key_agency` is for choosing, not for showing."""

    partition: int
    offset: int
    size_bytes: int
    entry: Quarantined | None
    key_agency: str | None = None
    redriven: Redriven | None = None

    @property
    def name(self) -> str:
        """How an operator names it: partition and offset on the topic."""
        return f"{self.partition}-{self.offset}"


@dataclass(frozen=True, slots=True)
class Span:
    """Entries of one partition from one offset to another, both counted."""

    partition: int
    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> "Span":
        """Read `3-10`, or `3-10..20`. Raises `ValueError`."""
        found = re.fullmatch(r"([0-9]{1,6})-([0-9]{1,18})(?:\.\.([0-9]{1,18}))?", text)
        if found is None or int(found[3] or found[2]) < int(found[2]):
            raise ValueError("expected PARTITION-OFFSET, or PARTITION-FIRST..LAST, as in 3-10 or 3-10..20")
        return cls(int(found[1]), int(found[2]), int(found[3] or found[2]))

    def holds(self, kept: Kept) -> bool:
        return kept.partition == self.partition and self.first <= kept.offset <= self.last


@dataclass(frozen=True, slots=True)
class Selection:
    """All that is given must hold. Nothing given: everything. `cause` is an error class or a disposition."""

    spans: tuple[Span, ...] = ()
    agency: str | None = None
    cause: str | None = None

    @property
    def is_everything(self) -> bool:
        return not self.spans and self.agency is None and self.cause is None

    def of(self, shelf: Iterable[Kept]) -> list[Kept]:
        return [kept for kept in shelf if self._holds(kept)]

    def _holds(self, kept: Kept) -> bool:
        if self.spans and not any(span.holds(kept) for span in self.spans):
            return False
        if self.agency is not None and self.agency not in {kept.key_agency, kept.entry and kept.entry.agency}:
            return False
        return self.cause is None or (kept.entry is not None and self.cause in {kept.entry.error, kept.entry.disposition.value})


async def shelf(bootstrap: str, done: Mapping[str, Redriven]) -> list[Kept]:
    """Every entry, in the order of its partition and offset; `done` as `redriven` gives it. Values are read and let go.

    Raw messages that no source could read stand on the topic too, for a rebuild; they are review's, and no entries.
    """
    found: list[Kept] = []
    seen: set[str] = set()
    async for record in read_all(bootstrap, [QUARANTINE]):
        entry = read(record.headers, record.value)
        if is_kept_message(record.headers) or (entry is not None and entry.id in seen):
            continue
        if entry is not None:
            seen.add(entry.id)
        redriven = done.get(entry.id) if entry is not None else None
        found.append(kept_in(record, entry, redriven))
    return sorted(found, key=lambda kept: (kept.partition, kept.offset))


def kept_in(record: Received, entry: Quarantined | None, redriven: Redriven | None = None) -> Kept:
    """The entry where this record of the topic has it, without what it holds."""
    size = len(record.value or b"") if entry is None else entry.size_bytes
    return Kept(record.partition, record.offset, size, entry, _agency(record, entry), redriven)


def redriven(records: Sequence[AuditRecord]) -> dict[str, Redriven]:
    """Finds in the audit records which entries were put back, and gives the latest time of each by its entry id."""
    return {
        about: Redriven(record.at, record.by, record.reason)
        for record in sorted(records, key=lambda one: one.at)
        if record.deed is AuditedDeed.REDRIVE_DONE
        for about in record.about
    }


def _agency(record: Received, entry: Quarantined | None) -> str | None:
    """The agency a notice was for, by its key, which a stranger may have written: good enough to choose by."""
    if entry is None or entry.topic != NOTICES:
        return None
    return (record.key or b"").decode(errors="replace").partition("/")[0]
