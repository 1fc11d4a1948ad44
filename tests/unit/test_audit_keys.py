"""The audit chain cannot be made anew by whoever has no key, nor cut where it was anchored; chains from before there were keys go on."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import rfc8785

from alertbus.audit.anchor import Anchor, anchored
from alertbus.audit.chain import AuditedDeed, AuditEntry, AuditRecord, ChainFault, Chains, Head, follow, next_record
from alertbus.audit.keys import NO_KEYS, AuditKeys, keys_in, load_keys
from alertbus.model.errors import SettingsFault

AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
KEYS = keys_in("a1" * 32)
OTHER = keys_in("b2" * 32)


def keyed(count: int, keys: AuditKeys = KEYS, head: Head | None = None, reason: str = "mended") -> list[AuditRecord]:
    written: list[AuditRecord] = []
    head = head or Head()
    for n in range(count):
        entry = AuditEntry(AuditedDeed.CASE_READ, by="A. Person", reason=reason, about=(f"id-{n}",))
        written.append(next_record(head, "operations", entry, AT + timedelta(minutes=n), keys))
        head = follow(head, written[-1:])
    return written


def faults(values: Sequence[bytes], keys: AuditKeys = KEYS, **known: Any) -> list[tuple[ChainFault, int | None]]:
    chains = Chains(keys=keys, **known)
    for number, value in enumerate(values):
        chains.take(b"operations", value, f"alertbus.audit/0/{number}")
    chains.compare({})
    return [(one.fault, one.number) for one in chains.breaks]


def test_a_keyed_chain_holds_with_its_key_and_with_no_other() -> None:
    values = [record.as_bytes() for record in keyed(3)]

    assert faults(values) == []
    assert faults(values, OTHER) == faults(values, NO_KEYS) == [(ChainFault.UNKNOWN_KEY, 1)]


def test_a_chain_made_anew_with_another_name_and_no_key_is_found() -> None:
    """As whoever may write the topic and the database can make it: every link and the head hold."""
    anew = [record.as_bytes().replace(b"A. Person", b"B. Person") for record in keyed(3, NO_KEYS, reason="none of it")]
    linked = [record.as_bytes() for record in keyed(3, NO_KEYS, reason="none of it")]
    first = keyed(1)

    assert faults([first[0].as_bytes(), *(r.as_bytes() for r in keyed(2, NO_KEYS, follow(Head(), first)))]) == [(ChainFault.UNKEYED, 2)]
    assert faults(linked, anchored={("operations", 2): keyed(3)[1].hash}) == [(ChainFault.NOT_AS_ANCHORED, 2)]
    assert faults(anew) == [(ChainFault.ALTERED, 1)]


def test_a_hash_that_was_reckoned_without_the_key_that_a_record_names_is_altered() -> None:
    [record] = keyed(1)
    content = json.loads(record.as_bytes()) | {"by": "B. Person"}
    del content["hash"]
    forged = content | {"hash": hashlib.sha256(rfc8785.dumps(content)).hexdigest()}

    assert faults([rfc8785.dumps(forged)]) == [(ChainFault.ALTERED, 1)]


def test_a_chain_from_before_there_were_keys_goes_on_keyed_and_holds() -> None:
    before = keyed(2, NO_KEYS)
    after = keyed(2, head=follow(Head(), before))

    assert faults([record.as_bytes() for record in (*before, *after)]) == []
    assert "key" not in json.loads(before[0].as_bytes())


def test_after_a_key_was_replaced_what_was_written_with_the_one_before_still_holds() -> None:
    both = keys_in(f"{'b2' * 32}\n{'a1' * 32}\n")
    before = keyed(2)
    after = keyed(2, both, follow(Head(), before))

    assert {record.key for record in after} == {OTHER.current}
    assert faults([record.as_bytes() for record in (*before, *after)], both) == []


def test_a_chain_that_ends_before_what_was_anchored_was_cut_off() -> None:
    values = [record.as_bytes() for record in keyed(3)]

    assert faults(values[:2], anchored={("operations", 3): keyed(3)[2].hash}) == [(ChainFault.CUT_OFF, 3)]


@pytest.mark.parametrize("text", ["", "hunter2", "a1" * 31, f"{'a1' * 32}\nhunter2"])
def test_a_key_file_that_holds_something_else_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SettingsFault, match=r"ALERTBUS_AUDIT_KEY_FILE.*openssl rand -hex 32") as refused:
        keys_in(text)

    assert "hunter2" not in str(refused.value)


def test_a_key_is_made_once_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    made = load_keys(None, tmp_path / "data")

    assert (tmp_path / "data" / "audit.key").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["audit.key"]
    assert load_keys(None, tmp_path / "data") == made
    assert load_keys(None, tmp_path / "other") != made
    assert next(iter(made.by_id.values())).hex() not in repr(made)


def test_a_key_that_everybody_may_read_and_one_that_is_not_there_stop_start_up(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a1" * 32)
    (tmp_path / "key").chmod(0o644)

    for named, says in (("key", "chmod o-rwx"), ("none", "cannot be read")):
        with pytest.raises(SettingsFault, match=says):
            load_keys(tmp_path / named, tmp_path)


async def test_a_head_is_anchored_at_once_at_first_and_after_many_records_else_when_a_minute_has_passed(tmp_path: Path) -> None:
    file = tmp_path / "anchor"
    anchor = Anchor(file, None, lambda: AT)

    for number in range(1, 24):
        await anchor.note("police", Head(number, f"{number:064}"))
    assert [number for _, number in anchored(file)] == [1, 21]
    assert (await anchor.write(), await anchor.write()) == (1, 0)
    assert list(anchored(file).items())[-1] == (("police", 23), f"{23:064}")
    assert file.stat().st_mode & 0o777 == 0o600


async def test_heads_go_to_an_address_too_and_its_failing_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        told.append(json.loads(request.content))
        return httpx.Response(500)

    made, transport = httpx.AsyncClient, httpx.MockTransport(answer)
    monkeypatch.setattr(httpx, "AsyncClient", lambda: made(transport=transport))
    anchor = Anchor(tmp_path / "anchor", "https://notary.example/heads", lambda: AT)

    await anchor.note("police", Head(1, "a" * 64))

    assert told == [{"heads": [{"at": "2026-11-24T03:00:00+00:00", "chain": "police", "number": 1, "hash": "a" * 64}]}]
    assert anchored(tmp_path / "anchor") == {("police", 1): "a" * 64}


def test_an_anchor_of_which_a_line_was_cut_short_still_holds_the_others(tmp_path: Path) -> None:
    (tmp_path / "anchor").write_text(f'{{"chain":"police","number":1,"hash":"{"a" * 64}"}}\n{{"chain":"pol\n[]\n7\n')

    assert anchored(tmp_path / "anchor") == {("police", 1): "a" * 64}
    assert anchored(tmp_path / "none") == {}
