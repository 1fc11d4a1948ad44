"""The bus reads with every bad source, and neither it nor any other agency is harmed: each message has an outcome, no name of a message is told to
its sender or stands in the log, and another source's message is read within a second meanwhile.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BAD = sorted(path.stem for path in (Path(__file__).parent / "bad_plugins").glob("source_*.py"))
NAMES = ("zebedee", "wintergreen", "orsolya", "fennimore", "x123456", "x765432", "before the weekend")
WHOLE_MACHINE = "source_huge"
"""Fills 700 MB in one step of Python's own, during which no other thread runs: for such a plugin there is a process of its own."""
OUTCOMES = ("list: ", "tuple: ", "ignored: ", "SourceBroke: ", "SourceAway: ")

Found = tuple[dict[str, tuple[float, list[str]]], str]


@pytest.fixture(scope="module")
def found() -> Found:
    """What became of each bad source's messages, and what the process wrote elsewhere: once for all of them."""
    program = [sys.executable, "-m", "tests.contract.bad_plugins.through_the_bus"]
    done = subprocess.run(program, check=False, capture_output=True, text=True, timeout=300, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["name"]: (row["slowest"], row["outcomes"]) for row in rows}, done.stderr


@pytest.mark.parametrize("name", BAD)
def test_each_message_has_an_outcome_without_a_name_and_others_are_read_meanwhile(found: Found, name: str) -> None:
    slowest, outcomes = found[0][name]

    assert [outcome for outcome in outcomes if not outcome.startswith(OUTCOMES)] == []
    assert [seen for outcome in outcomes for seen in NAMES if seen in outcome.casefold()] == []
    assert slowest < (5.0 if name == WHOLE_MACHINE else 1.0)


def test_no_name_stands_in_the_log_or_was_printed(found: Found) -> None:
    assert [seen for seen in NAMES if seen in found[1].casefold()] == []
    assert "the words of a source repeat the message, and are withheld" in found[1]


def test_what_hangs_is_put_down_to_the_plugin_and_never_to_the_sender(found: Found) -> None:
    assert set(found[0]["source_sleeps"][1]) <= {"SourceBroke: TimeoutError", "SourceBroke: hangs"}
    assert "SourceBroke: TimeoutError" in found[0]["source_loops_when_missing"][1] + found[0]["source_sleeps"][1]
