"""`alertbus plugin parse --receipt`: what an adapter made of an answer, or the words with which it is refused; nothing is sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.plugin_command import DROP_IN, ask, dropped_in
from tests.unit.test_plugin_parse import SOURCE

pytestmark = pytest.mark.usefixtures("nothing_stays_imported")

READER = """
    def parse_receipt(self, raw):
        from alertbus.plugin import Intent, ReceiptGiven, Stage, UnreadableMessage
        if raw == b"dict":
            return {}
        if raw == b"break":
            raise KeyError("Quillfeather")
        if raw == b"bad":
            raise UnreadableMessage(("$.state", "received or acted"))
        key, state, by, intent = raw.decode().split(";")
        return ReceiptGiven(key, Stage(state), by=by or None, intent=Intent(intent) if intent else None)

@hookimpl
"""


@pytest.fixture
def parse(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Any:
    plugin = dropped_in(tmp_path / "plugins", "dropanswers", text=DROP_IN.replace("\n@hookimpl\n", READER))

    def asked(message: bytes, *arguments: str) -> Any:
        file = tmp_path / "receipt"
        file.write_bytes(message)
        return ask(capfdbinary, "plugin", "parse", plugin, file, "--receipt", *arguments)

    return asked


def test_a_receipt_is_shown_field_by_field(parse: Any) -> None:
    text, data = parse(b"6f1f;acknowledged;R. Postholder;acting"), parse(b"6f1f;acknowledged;R. Postholder;acting", "--json")

    assert (text.code, data.code) == (0, 0)
    assert text.out.splitlines() == [
        "stage   acknowledged",
        "by      R. Postholder",
        "intent  acting",
        "key     6f1f",
        "read: a running bus takes it where the key is that of a message it sent",
    ]
    given = {"stage": "acknowledged", "by": "R. Postholder", "role": None, "intent": "acting", "note": None, "to": None}
    assert json.loads(data.out) == {"outcome": "read", "adapter": "dropanswers", "receipt": given | {"idempotency_key": "6f1f"}}


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (b"6f1f;acknowledged;;", "  intent: what they will do: `acting`, `passing_on`, `not_ours`"),
        (b"6f1f;sent;;", "  stage: one of `accepted`"),
        (b";seen;;", "  idempotency_key: no message under that idempotency key; quote the one it came with"),
    ],
)
def test_what_the_gateway_would_refuse_is_refused_here_in_its_words(parse: Any, message: bytes, said: str) -> None:
    answered = parse(message)

    assert answered.code == 1
    assert "refused: " in answered.out
    assert said in answered.out


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (b"bad", "unreadable: 1 fault(s)\n  $.state: received or acted\n"),
        (b"dict", "broke: parse_receipt returned dict"),
        (b"break", "broke: parse_receipt raised KeyError"),
    ],
)
def test_what_cannot_be_read_is_a_no_without_the_plugins_own_words(parse: Any, message: bytes, said: str) -> None:
    answered = parse(message)

    assert answered.code == 1
    assert answered.out.startswith(said)
    assert "Quillfeather" not in answered.out + answered.err


def test_an_answer_that_names_no_message_counts_on_its_request_alone(parse: Any) -> None:
    assert "it names no message" in parse(b";accepted;;").out


def test_a_reader_by_another_name_is_told_its_own(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    text = DROP_IN.replace("\n@hookimpl\n", READER.replace("parse_receipt", "parse_reciept"))
    plugin = dropped_in(tmp_path / "plugins", "dropmisspelt", text=text)

    answered = ask(capfdbinary, "plugin", "parse", plugin, plugin, "--receipt")

    assert answered.code == 1
    assert "no method `parse_receipt`, but `parse_reciept`, which the bus never calls: rename it" in answered.out


def test_a_receipt_that_a_source_cannot_read_is_told_its_option(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    file = tmp_path / "samples" / "answers" / "acted.json"
    file.parent.mkdir(parents=True)
    file.write_text("bad")
    plugin = dropped_in(tmp_path / "plugins", "dropreads", text=SOURCE)

    answered = ask(capfdbinary, "plugin", "parse", plugin, file)

    assert answered.code == 1
    assert f"alertbus plugin parse {plugin} {file} --receipt" in answered.err
