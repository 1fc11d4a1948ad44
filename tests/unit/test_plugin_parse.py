"""`alertbus plugin parse`: alerts, ignored with its reason, unreadable with every fault, or broken; nothing is sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.plugin_command import ask, dropped_in

pytestmark = pytest.mark.usefixtures("nothing_stays_imported")

SOURCE = '''"""A source in one file."""

from alertbus.plugin import Alert, Ignored, Person, Subject, UnreadableMessage, hookimpl


class Source:
    name = "{name}"

    def parse(self, raw, headers):
        if raw == b"enquiry":
            return Ignored("an enquiry raises nothing")
        if raw == b"dict":
            return {}
        if raw == b"none":
            return []
        if raw == b"break":
            raise KeyError("Quillfeather")
        if raw == b"bad":
            raise UnreadableMessage(("$.words", "words as they were said"), ("$.at", "a moment"))
        kind = headers.get("x-kind", "other")
        at = headers.get("x-year", "2026") + "-01-05T10:00:00Z"
        return [Alert(id="1", source="school.123456", kind=kind, occurred_at=at, recorded_at=at, subjects=(Subject(person=Person(label="him")),))]


@hookimpl
def alertbus_sources():
    return [Source()]
'''


@pytest.fixture
def parse(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> Any:
    plugin = dropped_in(tmp_path / "plugins", "dropreads", text=SOURCE)

    def asked(message: bytes, *arguments: str) -> Any:
        file = tmp_path / "message"
        file.write_bytes(message)
        return ask(capfdbinary, "plugin", "parse", plugin, file, *arguments)

    return asked


def test_alerts_are_shown_with_what_the_bus_would_say_of_them(parse: Any) -> None:
    text, data = parse(b"x"), parse(b"x", "--json")

    assert (text.code, data.code) == (0, 0)
    assert text.out.startswith('accepted: 1 alert\n{\n "id": "1",')
    assert [alert["id"] for alert in json.loads(data.out)["alerts"]] == ["1"]
    assert json.loads(data.out)["outcome"] == "accepted"


def test_a_kind_that_the_policy_lets_nobody_of_that_sector_state_is_pointed_out(parse: Any) -> None:
    answered = parse(b"x", "--header", "X-Kind=prisoner_release")

    assert answered.code == 1
    assert answered.out.startswith("refused: 1 alert")
    assert (
        "the bus refuses it: 1: the policy lets no agency of the sector of 'school' state prisoner_release: add the sector" in answered.out
    )


def test_what_the_gateway_refuses_of_an_alert_that_the_model_takes_is_told_and_no_success(parse: Any) -> None:
    answered = parse(b"x", "--json", "--header", "X-Year=2062")

    assert (answered.code, json.loads(answered.out)["outcome"]) == (1, "refused")
    assert any("recorded_at" in one for one in json.loads(answered.out)["refused"])


def test_what_raises_nothing_is_ok_and_says_its_reason(parse: Any) -> None:
    answered = parse(b"enquiry", "--json")

    assert answered.code == 0
    assert json.loads(answered.out) == {"outcome": "ignored", "source": "dropreads", "reason": "an enquiry raises nothing"}


def test_what_cannot_be_read_is_a_no_with_every_fault(parse: Any) -> None:
    answered = parse(b"bad")

    assert answered.code == 1
    assert answered.out == "unreadable: 2 fault(s)\n  $.words: words as they were said\n  $.at: a moment\n"


@pytest.mark.parametrize(
    ("message", "said"), [(b"dict", "parse returned dict"), (b"none", "parse returned an empty list"), (b"break", "parse raised KeyError")]
)
def test_a_source_that_breaks_its_contract_is_told_so_without_its_words(parse: Any, message: bytes, said: str) -> None:
    answered = parse(message)

    assert answered.code == 1
    assert answered.out.startswith(f"broke: {said}")
    assert "UnreadableMessage" in answered.out
    assert "Quillfeather" not in answered.out + answered.err


def test_an_installed_source_reads_by_its_name(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    file = tmp_path / "message"
    file.write_bytes(b"{}")

    answered = ask(capfdbinary, "plugin", "parse", "school", file)

    assert answered.code == 1
    assert "concern_id: " in answered.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("school", "nowhere.json"), 2, "FILE: nowhere.json is no file."),
        (("nobody", __file__), 1, "no source 'nobody'; installed: "),
        (("plain", __file__), 1, "no source 'plain'"),
        (("./nowhere", __file__), 2, "there is no such file or folder"),
        (("school", __file__, "--header", "nothing"), 2, "--header: expected name=value"),
    ],
)
def test_a_wrong_question_is_told_who_what_and_what_to_do(
    capfdbinary: pytest.CaptureFixture[bytes], arguments: tuple[str, ...], code: int, said: str
) -> None:
    answered = ask(capfdbinary, "plugin", "parse", *arguments)

    assert answered.code == code
    assert said in answered.err
    assert "Traceback" not in answered.err
