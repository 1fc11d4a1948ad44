"""What a plugin prints, logs and warns of is dropped and counted by plugin; of the family that stood in it nothing is kept anywhere."""

import io
import json
import logging
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterator

import pytest
import structlog

from alertbus import logs, unheard
from alertbus.plugin.boundary import behind_boundary

FAMILY = "Zeb Quillfeather"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """The log of a part, and nowhere else for anything to go."""
    out, root = io.StringIO(), logging.getLogger()
    before, level = root.handlers[:], root.level
    monkeypatch.setattr(unheard, "_counts", Counter())
    logs.configure("json", "DEBUG", "delivery", stream=out)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        yield out
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
    assert "Quillfeather" not in out.getvalue()


def talk() -> str:
    global LAST  # noqa: PLW0603  as a careless plugin would
    LAST = FAMILY
    print(FAMILY)
    print(FAMILY, file=sys.stderr)
    logging.getLogger("northfield").warning("%s", FAMILY)
    logging.getLogger("northfield").error(LAST)
    structlog.get_logger("northfield").error(LAST)
    warnings.warn(type("Quillfeather", (UserWarning,), {})(FAMILY), stacklevel=1)
    return "done"


LAST = ""


def test_whatever_a_plugin_says_while_it_is_called_is_counted_under_its_name_and_not_kept(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # put back when the test is over
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    unheard.drop_what_is_printed()

    assert behind_boundary(talk, plugin="fire") == "done"

    assert unheard.counted() == {"fire": 6}
    assert {(line["event"], line["plugin"]) for line in map(json.loads, written.getvalue().splitlines())} == {
        ("something was printed and is not kept", "fire")
    }


def test_our_own_log_goes_on_after_a_plugin_was_called_and_while_another_thread_is_in_one(written: io.StringIO) -> None:
    behind_boundary(talk, plugin="fire")
    structlog.stdlib.get_logger("alertbus.test").info("ours")

    assert '"ours"' in written.getvalue()


def test_a_plugin_that_raises_leaves_nothing_muted(written: io.StringIO) -> None:
    def raises() -> None:
        raise KeyboardInterrupt(FAMILY)

    with pytest.raises(Exception, match=r"^KeyboardInterrupt$"):
        behind_boundary(raises, plugin="fire")

    structlog.stdlib.get_logger("alertbus.test").info("ours")
    assert '"ours"' in written.getvalue()


PROGRAM = """
import os, subprocess, sys, time
from alertbus import logs, unheard
with unheard.nothing_heard() as heard:
    logs.configure("json", "INFO", "delivery", stream=heard)
    os.write(1, b"Quillfeather")
    os.write(2, b"Quillfeather")
    subprocess.run(["sh", "-c", "echo Quillfeather; echo Quillfeather >&2"], check=True)
    print("Quillfeather")
    sys.__stderr__.write("Quillfeather")
    sys.__stderr__.flush()
    began = time.monotonic()
    while unheard.counted().get("unknown", 0) < 3 and time.monotonic() < began + 20:
        time.sleep(0.01)
print("ours again")
print("ours too", file=sys.stderr)
"""


def test_what_is_written_below_python_is_dropped_too_and_a_command_s_own_words_come_through_afterwards() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout == "ours again\n"
    assert "Quillfeather" not in done.stderr
    *lines, last = done.stderr.splitlines()
    assert last == "ours too"
    assert {json.loads(line)["event"] for line in lines} == {"something was printed and is not kept"}
