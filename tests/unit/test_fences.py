"""While the kit looks, nothing that a plugin does reaches the world, and what it takes from it is seen."""

import contextlib
import logging
import os
import random
import socket
import subprocess
import sys
import threading
import time
import uuid
import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from alertbus.plugin.kit.conformance import Broken
from alertbus.plugin.kit.fences import fence, world_closed

from_before = time.sleep


@pytest.mark.parametrize(
    ("touch", "what"),
    [
        (lambda: Path(__file__).read_text(), "a file"),
        (lambda: os.write(1, b"x"), "a file"),
        (lambda: list(Path().iterdir()), "a file or a process"),
        (socket.socket, "the network"),
        (lambda: socket.getaddrinfo("localhost", 80), "the network"),
        (socket.gethostname, "the network"),
        (lambda: subprocess.run([sys.executable, "-c", ""], check=False), "a process"),
        (lambda: os.system("true"), "a file or a process"),
        (lambda: threading.Thread(target=len, args=("",)).start(), "a thread"),
        (lambda: time.sleep(600), "time.sleep"),
        (lambda: from_before(600), "time.sleep"),
    ],
)
def test_what_would_reach_the_world_is_refused(touch: Callable[[], Any], what: str) -> None:
    with fence() as seen, pytest.raises(Broken, match=what):
        touch()

    assert what in seen.touched


@pytest.mark.parametrize(
    ("touch", "what"),
    [
        (lambda: datetime.now(UTC), "now"),
        (date.today, "today"),
        (time.time, "time"),
        (random.random, "random"),
        (uuid.uuid4, "urandom"),
        (lambda: os.environ.get("HOME"), "the environment"),
        (lambda: os.getenv("HOME"), "the environment"),
        (lambda: dict(os.environ), "the environment"),
        (os.getpid, "getpid"),
        (lambda: Path("/").exists(), "stat"),
    ],
)
def test_what_is_taken_from_the_world_is_seen(touch: Callable[[], Any], what: str) -> None:
    with fence() as seen:
        touch()

    assert what in seen.touched


@pytest.mark.parametrize(
    "harmless",
    [
        lambda: zoneinfo.ZoneInfo.no_cache("Asia/Tokyo").utcoffset(datetime(2020, 1, 1, tzinfo=UTC)),
        lambda: datetime.strptime("2020-01-01 +0000", "%Y-%m-%d %z"),
        lambda: uuid.uuid5(uuid.NAMESPACE_URL, "x"),
        lambda: logging.getLogger("alertbus.nobody").debug("x"),
        lambda: __import__("colorsys"),
    ],
)
def test_what_needs_nothing_of_the_world_is_let_through(harmless: Callable[[], Any]) -> None:
    with fence() as seen:
        harmless()

    assert seen.touched == {}


def test_a_plugin_that_catches_the_refusal_is_seen_all_the_same(tmp_path: Path) -> None:
    def careful() -> None:
        with contextlib.suppress(Exception):
            (tmp_path / "kept").write_text("x")

    with pytest.raises(Broken, match="a file"), world_closed():
        careful()

    assert not (tmp_path / "kept").exists()


def test_the_world_is_open_again_afterwards(tmp_path: Path) -> None:
    with fence():
        pass
    (tmp_path / "kept").write_text("x")

    assert (tmp_path / "kept").read_text() == "x"
    assert os.environ.get("PATH")


def test_what_another_thread_does_meanwhile_is_its_own_matter(tmp_path: Path) -> None:
    go, done = threading.Event(), threading.Event()

    def other() -> None:
        go.wait(10)
        (tmp_path / "other").write_text("x")
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with fence(watching=False) as seen:
        go.set()
        assert done.wait(10)
    thread.join()

    assert seen.touched == {}
    assert (tmp_path / "other").exists()
