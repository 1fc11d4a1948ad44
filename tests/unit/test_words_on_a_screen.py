"""What a command reads and what it shows: a file that is no text is refused in words, and no stranger's words command a terminal."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.cli import cases, output, send
from alertbus.cli.files import bytes_of
from alertbus.cli.main import guarded
from alertbus.policy.load import load_policy
from alertbus.rehearsal.scenario import load_scenario

LATIN_1 = '{"narrative": "Zo\u00eb Quillfeather"}'.encode("latin-1")

READERS: dict[str, Callable[[Path], Any]] = {
    "send": lambda file: send.send(str(file)),
    "cases import": cases.import_,
    "policy check": load_policy,
    "replay": lambda file: load_scenario(file.parent, "x1"),
}


@pytest.mark.parametrize("content", [LATIN_1, b"\xff\xfe\x00", b"[" * 100_000], ids=["latin-1", "utf-16", "nested"])
@pytest.mark.parametrize("command", READERS)
def test_a_file_that_cannot_be_read_is_an_error_with_a_remedy_and_no_traceback(
    command: str, content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALERTBUS_HTTP_PORT", "1")
    monkeypatch.setattr(send, "PATIENCE_S", 0.0)
    for name in ("file.json", "people.json", "events.jsonl"):
        (tmp_path / name).write_bytes(content)

    code = guarded(lambda: READERS[command](tmp_path / "file.json"))

    said = capsys.readouterr().err
    assert code in {1, 2, 3}
    assert said.strip()
    assert "Quillfeather" not in said
    assert "Traceback" not in said


def test_a_file_that_is_not_utf_8_is_told_where_and_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file.json").write_bytes(LATIN_1)

    assert guarded(lambda: send.send(str(tmp_path / "file.json"))) == 1
    assert "text in UTF-8; it ceases to be that at byte 17. Save it again as UTF-8" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_told_by_its_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(lambda: bytes_of(tmp_path / "none.json")) == 1
    assert "none.json: a file that can be read (No such file or directory)" in capsys.readouterr().err


ANYTHING = st.text(st.characters(codec="utf-8"), max_size=30)
COMMANDS = {*map(chr, range(32)), *map(chr, range(0x7F, 0xA0)), *"\u202a\u202e\u2066\u2069"} - {"\n", "\t"}


@given(ANYTHING)
def test_no_words_command_a_terminal_and_json_stays_the_same_json(words: str) -> None:
    shown = io.StringIO()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(output.sys, "stdout", shown)
        patched.setattr(output.sys, "stderr", shown)
        output.say(words)
        output.complain(words)
        output.pairs({"narrative": words})
        output.rows("Told", ("words",), [(words,)], empty="")
        before = shown.tell()
        output.as_json({"words": words})

    assert COMMANDS.isdisjoint(shown.getvalue())
    assert json.loads(shown.getvalue()[before:]) == {"words": words}


def test_escape_is_shown_for_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    output.say("He wrote \x1b[2J and left.\nNaïve, 🚪.")

    assert capsys.readouterr().out == "He wrote \\u001b[2J and left.\nNaïve, 🚪.\n"


@pytest.mark.parametrize(("terminal", "shown"), [(True, b"a\\u001bb\n"), (False, b"a\x1bb\r\n")])
def test_what_is_for_a_program_is_byte_for_byte_but_on_a_terminal(terminal: bool, shown: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    screen = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    monkeypatch.setattr(screen, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(output.sys, "stdout", screen)

    output.as_it_is(b"a\x1bb\r\n")

    assert raw.getvalue() == shown
