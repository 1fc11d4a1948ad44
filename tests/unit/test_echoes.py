"""Words of a plugin about a message: those that repeat it are found in any format, and a plugin's own are left alone."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from alertbus.model.errors import Fault
from alertbus.plugin.echoes import plain_fault, repeats

CHILD = {"kind": "enquiry", "child": {"name": "Wrenna Quillfeather", "born": "2019-05-17", "number": 9988462441}}
ENVELOPE = {"Type": "Notification", "Message": json.dumps(CHILD)}


def of_json(part: Callable[[Any], Any]) -> Callable[[bytes], str]:
    def said(raw: bytes) -> str:
        found = json.loads(raw)
        return str(part(json.loads(found["Message"]) if "Message" in found else found))

    return said


@pytest.mark.parametrize("message", [CHILD, ENVELOPE], ids=["plain", "in an envelope"])
@pytest.mark.parametrize(
    "part",
    [
        lambda m: f"no record number for {m['child']['name']}",
        lambda m: f"{m['child']['name'].split()[1].upper()} is nobody",
        lambda m: f"born {m['child']['born']}",
        lambda m: f"an {m['kind']} about {m['child']['number']} raises nothing",
    ],
)
def test_a_value_of_the_message_is_found_in_the_words(message: Any, part: Callable[[Any], str]) -> None:
    said, raw = of_json(part), json.dumps(message).encode()

    assert repeats(said(raw), raw, said)


@pytest.mark.parametrize(
    "part",
    [
        lambda m: "an enquiry raises nothing",
        lambda m: "child: an object with name, born and number",
        lambda m: "an enquiry raises nothing" if m["kind"] == "enquiry" else f"nobody knows what {m['kind']} is",
    ],
    ids=["its own word", "names of fields", "its own word, and of another kind the message's"],
)
def test_a_plugin_s_own_words_are_left_alone(part: Callable[[Any], str]) -> None:
    said, raw = of_json(part), json.dumps(CHILD).encode()

    assert not repeats(said(raw), raw, said)


@pytest.mark.parametrize(
    "raw",
    [
        b"<r><child born='2019'>Wrenna Quillfeather</child></r>",
        b"NAME|Wrenna Quillfeather|2019",
        "NAME|Wr\xe9nna Quillfeather".encode("latin-1"),
    ],
    ids=["xml", "lines", "another encoding"],
)
def test_other_formats_are_read_as_well(raw: bytes) -> None:
    def said(message: bytes) -> str:
        text = message.decode("utf-8", errors="replace")
        return "who is " + text.partition("|")[2] if "|" in text else "who is " + text.partition(">")[2]

    def constant(_: bytes) -> str:
        return "NAME: a name that is known"

    assert repeats(said(raw), raw, said)
    assert not repeats(constant(raw), raw, constant)


def test_words_that_have_very_many_of_the_message_s_are_not_tried_one_by_one() -> None:
    raw = json.dumps([f"word{number}" for number in range(40)]).encode()
    tried = []

    assert repeats(raw.decode(), raw, lambda other: str(tried.append(other)))
    assert tried == []


def test_a_fault_has_a_place_an_expectation_and_a_stable_code() -> None:
    assert plain_fault(Fault("", "", "Wrenna Quillfeather")) == Fault("$", "what this plugin reads", "invalid")
    assert plain_fault(Fault("a.b", "a date", "not_a_date")) == Fault("a.b", "a date", "not_a_date")
