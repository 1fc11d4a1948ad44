"""Choosing among what lies in quarantine: by place, by agency, by cause; and knowing what was put back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.audit.chain import AuditedDeed, AuditEntry, AuditRecord, Head, next_record
from alertbus.broker.topics import ALERTS, NOTICES
from alertbus.quarantine.entry import BUS, Disposition, Quarantined
from alertbus.quarantine.shelf import Kept, Selection, Span, redriven

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def kept(partition: int, offset: int, *, error: str = "ValidationError", key_agency: str | None = None, agency: str | None = None) -> Kept:
    disposition = Disposition.REFUSED if agency else Disposition.POISON
    topic = NOTICES if agency or key_agency else ALERTS
    entry = Quarantined(f"{partition}-{offset}", AT, "/alertbus/stream", topic, 0, 0, error, disposition, 1, BUS, 3, agency)
    return Kept(partition, offset, 3, entry, key_agency)


SHELF = [
    kept(0, 4),
    kept(0, 5, error="EnvelopeFault"),
    kept(1, 4, key_agency="gp"),
    kept(1, 7, error="refused", agency="gp"),
    Kept(2, 0, 9, None),
]


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        (Selection(), ["0-4", "0-5", "1-4", "1-7", "2-0"]),
        (Selection((Span.parse("0-4"),)), ["0-4"]),
        (Selection((Span.parse("0-5..9"), Span.parse("1-0..6"))), ["0-5", "1-4"]),
        (Selection(agency="gp"), ["1-4", "1-7"]),
        (Selection(cause="refused"), ["1-7"]),
        (Selection(cause="poison"), ["0-4", "0-5", "1-4"]),
        (Selection(cause="EnvelopeFault"), ["0-5"]),
        (Selection((Span.parse("1-0..9"),), agency="gp", cause="poison"), ["1-4"]),
        (Selection(agency="school"), []),
    ],
)
def test_everything_that_is_given_must_hold(selection: Selection, names: list[str]) -> None:
    assert [one.name for one in selection.of(SHELF)] == names


@given(st.integers(0, 10**6 - 1), st.integers(0, 10**17), st.integers(0, 1000))
def test_a_range_is_read_as_it_is_written(partition: int, first: int, more: int) -> None:
    assert Span.parse(f"{partition}-{first}..{first + more}") == Span(partition, first, first + more)
    assert Span.parse(f"{partition}-{first}") == Span(partition, first, first)


@pytest.mark.parametrize("text", ["", "3", "3-", "-3", "3-4..", "3-9..4", "3-4...5", "a-b", "3-4 ", "³-4"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected PARTITION-OFFSET"):
        Span.parse(text)


def audited(deed: AuditedDeed, by: str, minutes: int, *about: str) -> AuditRecord:
    at = AT + timedelta(minutes=minutes)
    return next_record(Head(), "operations", AuditEntry(deed, by=by, reason="mended", about=about, places=()), at)


def test_only_what_was_done_counts_as_put_back_and_the_last_time_is_told() -> None:
    records = [
        audited(AuditedDeed.REDRIVE_DONE, "B. Person", 2, "one"),
        audited(AuditedDeed.REDRIVE_DONE, "A. Person", 1, "one", "two"),
        audited(AuditedDeed.REDRIVE_BEGUN, "C. Person", 3, "three"),
    ]

    assert {entry: done.by for entry, done in redriven(records).items()} == {"one": "B. Person", "two": "A. Person"}
