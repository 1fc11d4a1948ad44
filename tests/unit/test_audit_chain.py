"""The audit chain shows every change made to it: of a byte, of the order, of the number of its records."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alertbus.audit.chain import AuditedDeed, AuditEntry, AuditRecord, ChainFault, Chains, Head, follow, next_record, read

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def chain_of(count: int, name: str = "operations") -> list[bytes]:
    head, written = Head(), []
    for n in range(count):
        record = next_record(
            head,
            name,
            AuditEntry(AuditedDeed.REDRIVE_DONE, by="A. Person", reason="mended, für immer", about=(f"id-{n}",), places=()),
            AT + timedelta(minutes=n),
        )
        head = follow(head, [record])
        written.append(record.as_bytes())
    return written


def followed(values: Sequence[bytes], key: bytes = b"operations") -> Chains:
    chains = Chains()
    for n, value in enumerate(values):
        chains.take(key, value, f"alertbus.audit/0/{n}")
    return chains


@given(st.integers(0, 6))
def test_a_chain_as_it_was_written_holds(count: int) -> None:
    chains = followed(chain_of(count))

    assert (chains.breaks, chains.count) == ([], count)
    assert chains.heads.get("operations", Head()).number == count


@given(st.data())
def test_no_byte_can_be_changed_unseen(data: st.DataObject) -> None:
    values = chain_of(4)
    which = data.draw(st.integers(0, 3))
    value = values[which]
    place = data.draw(st.integers(0, len(value) - 1))
    values[which] = value[:place] + bytes([value[place] ^ data.draw(st.integers(1, 255))]) + value[place + 1 :]

    [found, *_] = followed(values).breaks

    assert found.place == f"alertbus.audit/0/{which}"


@given(st.integers(0, 3))
def test_no_record_before_the_last_can_be_taken_out_unseen(which: int) -> None:
    values = chain_of(5)
    del values[which]

    [found] = followed(values).breaks

    assert (found.fault, found.place) == (ChainFault.MISSING, f"alertbus.audit/0/{which}")


def test_a_record_replaced_and_hashed_anew_no_longer_carries_its_successor() -> None:
    values = chain_of(3)
    second = read(values[1])
    assert second is not None
    values[1] = second.model_copy(update={"by": "Somebody Else"}).sealed().as_bytes()

    [found] = followed(values).breaks

    assert (found.fault, found.number) == (ChainFault.UNLINKED, 3)


def test_two_records_under_one_number_are_a_fork_and_the_very_same_twice_is_none() -> None:
    values = chain_of(3)
    twin = next_record(Head(), "operations", AuditEntry(AuditedDeed.REDRIVE_BEGUN, by="A. Person", reason="x"), AT)
    other = [values[0], twin.as_bytes()]

    assert followed([*values, values[-1]]).breaks == []
    assert [one.fault for one in followed(other).breaks] == [ChainFault.FORKED]


def test_a_chain_whose_end_was_cut_off_is_found_by_what_the_database_knows() -> None:
    chains = followed(chain_of(2))
    chains.compare({"operations": Head(3, "0" * 64)})

    assert [(one.fault, one.number) for one in chains.breaks] == [(ChainFault.CUT_OFF, 3)]


def test_chains_do_not_hang_on_each_other() -> None:
    chains = Chains()
    for value in (pair for both in zip(chain_of(3), chain_of(3, "police"), strict=True) for pair in both):
        record = read(value)
        assert record is not None
        chains.take(record.chain.encode(), value, "alertbus.audit/0/0")

    assert chains.breaks == []
    assert {name: head.number for name, head in chains.heads.items()} == {"operations": 3, "police": 3}


@given(st.binary() | st.just(b"canary_mother"), st.binary() | st.none())
def test_of_what_a_stranger_wrote_only_its_place_is_said(key: bytes, value: bytes | None) -> None:
    chains = Chains()
    chains.take(key, value, "alertbus.audit/0/0")

    assert [(one.chain, one.fault) for one in chains.breaks] == [("?", ChainFault.UNREADABLE)]


def test_a_hash_is_sha_256_over_the_json_with_sorted_names_and_without_spaces() -> None:
    record = next_record(Head(), "operations", AuditEntry(AuditedDeed.REDRIVE_DONE, by="Zoë", reason="x"), AT)
    text = (
        '{"about":[],"at":"2026-11-24T03:00:00Z","by":"Zoë","chain":"operations","deed":"redrive_done","number":1,"places":[],'
        f'"previous":"{"0" * 64}","reason":"x"}}'
    )

    assert record.hash == hashlib.sha256(text.encode()).hexdigest()
    assert AuditRecord.model_validate_json(record.as_bytes()) == record
