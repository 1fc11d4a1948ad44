"""What already stands on the topics stays readable, and a word that is read is written again byte for byte.

`data/recorded/words.jsonl` holds records as the bus wrote them before one room built them all: a line for each, with its
topic, key, headers and value. A topic keeps its records for ever, so no line of it is ever changed or taken out.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alertbus.audit import chain
from alertbus.model.alert import AcceptedAlert
from alertbus.model.base import Word
from alertbus.model.case import Case
from alertbus.model.events import AlertAboutPerson, AlertReachedCase, CaseChanged, LinkChanged, MessageKept, ReviewNeeded, Tick
from alertbus.model.notice import Notice
from alertbus.model.receipt import Receipt
from alertbus.quarantine import entry
from alertbus.wire.reading import understand

MODELS: Mapping[str, type[Word]] = {
    "alert_accepted": AcceptedAlert,
    "case_recorded": Case,
    "case_changed": CaseChanged,
    "link_changed": LinkChanged,
    "ticked": Tick,
    "alert_about_person": AlertAboutPerson,
    "alert_reached_case": AlertReachedCase,
    "notice_owed_by_stream": Notice,
    "notice_owed_by_delivery": Notice,
    "notice_redriven": Notice,
    "receipt_given_by_delivery": Receipt,
    "receipt_given_by_gateway": Receipt,
    "review_needed_by_stream": ReviewNeeded,
    "review_needed_by_gateway": ReviewNeeded,
    "message_kept": MessageKept,
}
NULLS_WRITTEN_OUT = {"receipt_given_by_delivery"}
"""Delivery wrote what a receipt leaves unsaid as null, so a field added to the model would change these bytes. The gateway left it out."""


@dataclass(frozen=True)
class Recorded:
    word: str
    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    partition: int = 3
    offset: int = 41
    timestamp: int = 1_605_711_600_123

    def read(self) -> Any:
        model = MODELS[self.word]
        return understand(self, {(self.topic, dict(self.headers)["ce_type"].decode()): model.model_validate_json})


def recorded(line: str) -> Recorded:
    found = json.loads(line)
    headers = tuple((name, text.encode()) for name, text in found["headers"])
    return Recorded(found["word"], found["topic"], found["key"].encode(), found["value"].encode(), headers)


LINES = (Path(__file__).parents[1] / "data" / "recorded" / "words.jsonl").read_text(encoding="utf-8").splitlines()
RECORDED = [recorded(line) for line in LINES]
WORDS = [pytest.param(one, id=f"{n}-{one.word}") for n, one in enumerate(RECORDED) if one.word in MODELS]
WRITTEN_AGAIN = [pytest.param(one, id=f"{n}-{one.word}") for n, one in enumerate(RECORDED) if one.word in MODELS.keys() - NULLS_WRITTEN_OUT]


def of(word: str) -> list[Recorded]:
    return [one for one in RECORDED if one.word == word]


@pytest.mark.parametrize("record", WORDS)
def test_a_word_that_stands_on_its_topic_can_be_read(record: Recorded) -> None:
    understood = record.read()

    assert understood.error is None
    assert isinstance(understood.word, MODELS[record.word])
    assert understood.envelope.key == record.key.decode()


@pytest.mark.parametrize("record", WRITTEN_AGAIN)
def test_a_word_that_was_read_is_written_again_byte_for_byte(record: Recorded) -> None:
    word = record.read().word

    assert word.model_dump_json(by_alias=True, exclude_defaults=True).encode() == record.value


def test_both_forms_in_which_a_receipt_was_written_are_the_same_receipt() -> None:
    by_delivery, by_gateway = of("receipt_given_by_delivery"), of("receipt_given_by_gateway")

    assert len(by_delivery) == len(by_gateway) == 2
    for one, other in zip(by_delivery, by_gateway, strict=True):
        assert one.read().word == other.read().word
        assert (one.topic, one.key, dict(one.headers)["ce_id"]) == (other.topic, other.key, dict(other.headers)["ce_id"])
        assert one.value != other.value
        assert dict(one.headers)["ce_subject"].decode() == one.read().word.notice_id
        assert dict(other.headers)["ce_subject"].decode() == other.read().word.obligation_id


def test_an_entry_in_quarantine_says_where_its_record_stood() -> None:
    [poison], [refused] = of("record_quarantined_poison"), of("record_quarantined_refused")
    from_poison, from_refused = entry.read(poison.headers, poison.value), entry.read(refused.headers, refused.value)

    assert from_poison is not None
    assert (from_poison.topic, from_poison.partition, from_poison.offset, from_poison.disposition) == (
        "alertbus.case-events",
        3,
        41,
        "poison",
    )
    assert from_refused is not None
    assert (from_refused.agency, from_refused.attempt, from_refused.disposition) == ("health_visiting", 3, "refused")
    assert Notice.model_validate_json(refused.value).id == from_refused.notice_id


def test_a_redriven_record_names_the_entry_that_it_came_from() -> None:
    for redriven, quarantined in (("poison_redriven", "record_quarantined_poison"), ("notice_redriven", "record_quarantined_refused")):
        [again], [kept] = of(redriven), of(quarantined)

        assert dict(again.headers)["ce_redriveof"] == dict(kept.headers)["ce_id"]
        assert again.key == kept.key


def test_an_audit_record_is_whole() -> None:
    [record] = of("audit_recorded")
    found = chain.read(record.value)

    assert found is not None
    assert chain.is_whole(record.value)
    assert (found.chain.encode(), found.as_bytes()) == (record.key, record.value)
