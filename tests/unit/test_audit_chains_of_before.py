"""Audit chains that were written before RFC 8785 was kept by a library still hold, byte for byte."""

import hashlib
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from alertbus.audit.chain import AuditRecord, Chains, digest, is_whole, read

RECORDED = Path(__file__).parents[1] / "data" / "recorded" / "audit_chain.jsonl"
"""Three records as they were written before: with accents, quotes and control characters."""

TEXT = st.text(st.sampled_from([*map(chr, range(0x20)), *'aZ09 "\\/é', "\x7f", "\u2028", "\ue000", "\uffff", "\U0001f9ed"]))
"""Every character with an escape of its own, and some from each length of UTF-8."""


def test_a_chain_that_was_written_before_still_holds_and_is_written_again_byte_for_byte() -> None:
    values = RECORDED.read_bytes().splitlines()
    chains = Chains()
    for n, value in enumerate(values):
        chains.take(b"operations", value, f"alertbus.audit/0/{n}")

    assert (chains.breaks, chains.count) == ([], 3)
    for value in values:
        record = read(value)
        assert record is not None
        assert record.sealed().as_bytes() == value


@given(st.dictionaries(st.sampled_from(sorted(set(AuditRecord.model_fields) - {"key"})), TEXT | st.integers(0, 2**53 - 1) | st.lists(TEXT)))
def test_a_hash_is_the_same_as_it_was_before(content: dict[str, object]) -> None:
    before = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    assert digest(content) == hashlib.sha256(before).hexdigest()


def test_a_number_that_has_no_canonical_form_is_no_whole_record_and_no_error() -> None:
    assert not is_whole(b'{"number":9007199254740992,"hash":""}')
    assert not is_whole(b'{"number":NaN,"hash":""}')
