"""The audit chain: each record holds the hash of the one before it, so that a change, a gap or a fork shows. Pure.

A hash is over the record's JSON as it stands on the topic, without the hash itself, in the canonical form of RFC 8785: HMAC-SHA256 with
the key that the record names, SHA-256 in records from before there were keys. A chain that has begun to be keyed stays so. There is one
chain for each agency, and one for `operations`. The chain alone cannot show that its end was cut off, or that all of it was made anew by
whoever has the key: the head in the database and the anchor do.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

import rfc8785
from pydantic import Field

from alertbus.audit.keys import NO_KEYS, AuditKeys
from alertbus.model.base import Moment, Word
from alertbus.model.events import AUDIT_RECORDED
from alertbus.model.sensitivity import Sensitivity as S

OPERATIONS = "operations"
"""The chain of what operators do."""

NOTHING_BEFORE = "0" * 64
"""The first record of a chain holds this in place of its predecessor's hash."""

STRANGE = "?"
"""Shown in place of a chain's name for a record that is not ours: its key may hold anything."""

CHAIN = r"^[a-z][a-z0-9_]{0,59}$"


class AuditedDeed(StrEnum):
    """An act that is audited. The values stand on the topic and never change."""

    REDRIVE_BEGUN = "redrive_begun"
    """These records are about to be put back. Begun and not done: whoever did it was cut short."""
    REDRIVE_DONE = "redrive_done"
    REVIEW_BEGUN = "review_begun"
    """A review item is about to be decided. Begun and not done: whoever did it was cut short, or refused."""
    REVIEW_DONE = "review_done"
    WHO_IS_WHO_BEGUN = "who_is_who_begun"
    """It is about to be stated that people are one, or are not."""
    WHO_IS_WHO_DONE = "who_is_who_done"
    CASE_READ = "case_read"
    """A case file is about to be shown. What is read has one record, written before the answer."""
    CHRONOLOGY_READ = "chronology_read"
    STATUS_READ = "status_read"
    """How a case stands is about to be shown to an agency on it."""
    FAMILIES_LISTED = "families_listed"
    """The families on which the caller's agency is active are about to be listed."""
    ALERT_OPENED = "alert_opened"
    """What became of an alert is about to be shown, with the notices of the caller's agency or the cases it holds."""
    EXPLANATION_READ = "explanation_read"
    """Who is told of an alert, and through whom, is about to be shown."""
    REVIEW_READ = "review_read"
    """A review item is about to be shown, with the people whom it asks about."""
    AUDIT_READ = "audit_read"
    REPORT_READ = "report_read"
    """A report for auditors is about to be shown: numbers by team and agency; to who holds every case with the cases they are of."""
    CASE_RECORDED = "case_recorded"
    """A version of a case file is about to be recorded."""
    ITEMS_READ = "items_read"
    """What others owe on these cases by a time is about to be shown."""
    ITEM_DECIDED = "item_decided"
    """An item's clock is about to be stopped or to run again, or why it lapsed about to be recorded, by the person named."""
    BRIEFING_READ = "briefing_read"
    """What an agency was given when it, or a worker of it, joined a case is about to be shown again."""
    TEAM_RECORDED = "team_recorded"
    """A version of a team is about to be recorded."""
    ALERT_FOLLOWED = "alert_followed"
    """How far an alert has come, and at which agencies, is about to be shown to who operates: no case, no kind, nobody's name."""
    WORDS_READ = "words_read"
    """The words of an alert's source, which are hard to read, are about to be shown at the desk (VOI-11)."""
    ANSWERED = "answered"
    """An obligation is about to be answered for, by the person named."""
    SIGNED_IN = "signed_in"
    """Somebody is about to be let in at the desk."""
    SIGN_IN_REFUSED = "sign_in_refused"
    """Somebody was not let in: by name where it is known who was meant, never with what was typed."""
    SIGNED_OUT = "signed_out"
    SESSIONS_ENDED = "sessions_ended"
    """Sessions of the person named in the reason, or of who did it, are over."""
    DESK_USER_CHANGED = "desk_user_changed"
    """A local user of the desk is about to be added or changed."""
    GLASS_BROKEN = "glass_broken"
    """Somebody is about to see what is not theirs to see, for the reason given and for an hour."""
    GLASS_SEEN = "glass_seen"
    """A safeguarding lead has taken note of it."""
    STATED = "stated"
    """Alerts are about to be stated at the desk, by the person named."""


class AuditRecord(Word):
    """One thing done by one person, or by a system for whoever sits at it. `about` are opaque ids and `places` where they stand; `reason`
    is in the person's own words. `caller` is the name of the system that called, which is `by` too where no person is named.
    """

    type: ClassVar[str] = AUDIT_RECORDED
    chain: Annotated[str, S.ROUTING] = Field(pattern=CHAIN)
    number: Annotated[int, S.ROUTING] = Field(ge=1)
    at: Annotated[Moment, S.ROUTING]
    by: Annotated[str, S.ROUTING] = Field(min_length=2, max_length=120)
    deed: Annotated[AuditedDeed, S.ROUTING]
    about: Annotated[tuple[str, ...], S.ROUTING] = Field(default=(), max_length=1_000)
    places: Annotated[tuple[str, ...], S.ROUTING] = Field(default=(), max_length=1_000)
    reason: Annotated[str, S.OBSERVATION] = Field(min_length=1, max_length=500)
    previous: Annotated[str, S.ROUTING] = Field(pattern="^[0-9a-f]{64}$")
    hash: Annotated[str, S.ROUTING] = Field(default="", pattern="^([0-9a-f]{64})?$")
    caller: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=60)
    key: Annotated[str | None, S.ROUTING] = Field(default=None, pattern="^[0-9a-f]{16}$")
    """The id of the key under which its hash is made; None: under none."""

    def sealed(self, keys: AuditKeys = NO_KEYS) -> Self:
        """With its hash. Raises `KeyError` for a record that names a key which is not here."""
        made = digest(self._content(exclude={"hash"}), keys)
        if made is None:
            raise KeyError(self.key)
        return self.model_copy(update={"hash": made})

    def as_bytes(self) -> bytes:
        return rfc8785.dumps(self._content())

    def _content(self, exclude: set[str] | None = None) -> dict[str, Any]:
        """Its JSON, with what came later left out where it is not used: records of before keep their bytes and their hash."""
        found = self.model_dump(mode="json", exclude=exclude)
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What is to be written of one deed; its place in a chain is given when it is."""

    deed: AuditedDeed
    by: str
    reason: str
    about: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    caller: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The last record of a chain: its number and hash."""

    number: int = 0
    hash: str = NOTHING_BEFORE


class ChainFault(StrEnum):
    """The ways in which a chain can fail to hold. The values are shown to operators and never change."""

    UNREADABLE = "unreadable"
    ALTERED = "altered"
    MISSING = "missing"
    UNLINKED = "unlinked"
    """It does not hold the hash of the one before it: that one was replaced."""
    FORKED = "forked"
    """A second record under a number that is taken."""
    CUT_OFF = "cut_off"
    """The database, or the anchor, knows of later records than the topic holds."""
    UNKNOWN_KEY = "unknown_key"
    """It was made with a key that is not in the key file, so nothing can be said of it."""
    UNKEYED = "unkeyed"
    """It was made without a key, and the chain has had records with one before it."""
    NOT_AS_ANCHORED = "not_as_anchored"
    """The anchor holds another hash for its number: the chain was made anew."""


@dataclass(frozen=True, slots=True)
class Break:
    """The first place at which a chain does not hold. `place` is topic/partition/offset, or the chain's name where it was cut off."""

    chain: str
    place: str
    fault: ChainFault
    number: int | None = None


@dataclass(slots=True)
class Chains:
    """Follows every chain, its records in order, and keeps the first break of each."""

    heads: dict[str, Head] = field(default_factory=dict)
    breaks: list[Break] = field(default_factory=list)
    count: int = 0
    keys: AuditKeys = NO_KEYS
    anchored: Mapping[tuple[str, int], str] = field(default_factory=dict)
    """The hash of each (chain, number) that was kept outside."""
    keyed: set[str] = field(default_factory=set)
    """The chains that have had a record with a key."""

    def take(self, key: bytes | None, value: bytes | None, place: str) -> None:
        """Take the next record as it stands on the topic."""
        self.count += 1
        chain, number, fault = self._judge(key, value)
        if fault is not None and all(one.chain != chain for one in self.breaks):
            self.breaks.append(Break(chain, place, fault, number))

    def compare(self, known: Mapping[str, Head]) -> None:
        """Hold the chains against the heads that the database knows, and those that were anchored."""
        furthest = {chain: head.number for chain, head in known.items()}
        for chain, number in self.anchored:
            furthest[chain] = max(furthest.get(chain, 0), number)
        for chain, number in sorted(furthest.items()):
            if self.heads.get(chain, Head()).number < number and all(one.chain != chain for one in self.breaks):
                self.breaks.append(Break(chain, chain, ChainFault.CUT_OFF, number))

    def _judge(self, key: bytes | None, value: bytes | None) -> tuple[str, int | None, ChainFault | None]:
        record = read(value)
        if record is None or key != record.chain.encode():
            named = (key or b"").decode(errors="replace")
            return named if named in self.heads else STRANGE, None, ChainFault.UNREADABLE
        head = self.heads.get(record.chain, Head())
        if record.key is not None and record.key not in self.keys.by_id:
            fault: ChainFault | None = ChainFault.UNKNOWN_KEY
        elif not is_whole(value, self.keys):
            fault = ChainFault.ALTERED
        elif self.anchored.get((record.chain, record.number), record.hash) != record.hash:
            fault = ChainFault.NOT_AS_ANCHORED
        elif record.hash == head.hash:
            return record.chain, record.number, None  # the very same again
        elif record.key is None and record.chain in self.keyed:
            fault = ChainFault.UNKEYED
        elif record.number <= head.number:
            fault = ChainFault.FORKED
        elif record.number > head.number + 1:
            fault = ChainFault.MISSING
        else:
            fault = None if record.previous == head.hash else ChainFault.UNLINKED
        self.heads[record.chain] = Head(record.number, record.hash)
        if record.key is not None and fault not in {ChainFault.UNKNOWN_KEY, ChainFault.ALTERED}:
            self.keyed.add(record.chain)
        return record.chain, record.number, fault


def read(value: bytes | None) -> AuditRecord | None:
    """The record in a value, whether or not its hash holds; None for what is no audit record."""
    try:
        return AuditRecord.model_validate_json(value or b"")
    except ValueError:
        return None


def is_whole(value: bytes | None, keys: AuditKeys = NO_KEYS) -> bool:
    """True when the hash is that of all the rest of the JSON, fields that our model does not know included, under the key it names."""
    try:
        found = json.loads(value or b"")
        if not isinstance(found, dict):
            return False
        stated, made = found.pop("hash", None), digest(found, keys)
    except ValueError:
        return False
    return made is not None and isinstance(stated, str) and hmac.compare_digest(stated.encode(), made.encode())


def digest(content: dict[str, Any], keys: AuditKeys = NO_KEYS) -> str | None:
    """Give the hash of a record's content under the key that its field `key` names; None for a key that is not here.

    Raises `ValueError` for what RFC 8785 has no form for: a number beyond 2**53, half a surrogate pair.
    """
    canonical = rfc8785.dumps(content)
    named = content.get("key")
    return hashlib.sha256(canonical).hexdigest() if named is None else keys.seal(str(named), canonical)


def follow(head: Head, records: Iterable[AuditRecord]) -> Head:
    """The head after these records of one chain: the highest number counts, whatever is wrong with the chain elsewhere."""
    for record in records:
        if record.number > head.number:
            head = Head(record.number, record.hash)
    return head


def next_record(head: Head, chain: str, entry: AuditEntry, at: datetime, keys: AuditKeys = NO_KEYS) -> AuditRecord:
    """The record after the head, sealed with the current key."""
    record = AuditRecord(
        chain=chain,
        number=head.number + 1,
        at=at,
        by=entry.by,
        deed=entry.deed,
        about=entry.about,
        places=entry.places,
        reason=entry.reason,
        previous=head.hash,
        caller=entry.caller,
        key=keys.current,
    )
    return record.sealed(keys)
