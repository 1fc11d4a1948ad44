"""A plugin that the policy isolates runs in a process of its own: the same outcomes as here, and whatever kills that process fails one call."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alertbus import unheard
from alertbus.delivery.render import Renderer
from alertbus.intake.source_calls import SourceBroke, SourceCalls
from alertbus.model.alert import Alert
from alertbus.model.errors import PluginFault
from alertbus.model.notice import Message
from alertbus.plugin import Ignored, UnreadableMessage
from alertbus.plugin.kit.samples import minimal_notice, sample_alert, sample_notice
from alertbus.plugin.manager import Plugins
from alertbus.policy.plugin_rules import PluginRules
from tests.unit.test_rendering import rendered

PATIENCE_S = 60.0

PLUGIN = """
import ctypes, os, sys, time
from alertbus.plugin import Alert, Ignored, Message, ReceiptGiven, Stage, UnreadableMessage, hookimpl
START

class Fire:
    name, sector, contract, formats = "fire", "fire", 1, ("text/plain",)
    flag_marks = ("Danger there",)
    def render(self, notice):
        deed = notice.title
        if deed == "segfault": ctypes.string_at(0)
        if deed == "abort": os.abort()
        if deed == "leave": os._exit(3)
        if deed == "loop":
            while True: pass
        if deed == "hang": time.sleep(600)
        if deed == "large": return Message(media_type="text/plain", body=b"x" * 50_000_000)
        if deed == "huge": return Message(media_type="text/plain", body=b"x" * 1_500_000_000)
        if deed == "raise": raise ValueError("Wrenna Quillfeather")
        if deed == "talk":
            print("Wrenna Quillfeather")
            os.write(2, b"Wrenna Quillfeather")
        if deed == "env": return Message(media_type="text/plain", body=repr(sorted(os.environ)).encode())
        return Message(media_type="text/plain", body=(notice.flag or notice.title).encode(), filename="a.txt", headers={"x-pid": str(os.getpid())})
    def parse_receipt(self, raw):
        if raw == b"?": raise UnreadableMessage(("a.b", "a key"))
        return ReceiptGiven(idempotency_key=raw.decode(), stage=Stage.SEEN)

class Calls:
    name = "fire-calls"
    def parse(self, raw, headers):
        if raw == b"nothing": return Ignored("an enquiry raises nothing")
        if raw == b"?": raise UnreadableMessage(("a.b", "a date"))
        if raw == b"empty": return []
        if raw == b"segfault": ctypes.string_at(0)
        return [Alert.model_validate_json(raw)]

@hookimpl
def alertbus_adapters(): return [Fire()]
@hookimpl
def alertbus_sources(): return [Calls()]
"""


Loaded = Callable[..., Plugins]


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    """Load the plugin above from a folder, isolated."""

    def load(start: str = "", **rules: Any) -> Plugins:
        folder = tmp_path / "plugins"
        folder.mkdir(mode=0o700, exist_ok=True)
        place = folder / "fire.py"
        place.write_text(PLUGIN.replace("START", start))
        place.chmod(0o600)
        return Plugins.load(folder, PluginRules(isolated=frozenset({"fire"}), **rules))

    return load


def told(plugins: Plugins, deed: str = "Meeting") -> str:
    """What is sent of a notice, or why it is not."""
    try:
        return plugins.render(minimal_notice(sector="fire", title=deed), plugins.adapters["fire"]).body.decode()
    except PluginFault as fault:
        return str(fault)


def told_in_time(plugins: Plugins) -> str:
    """The same, as soon as it is there again."""
    began = time.monotonic()
    while (found := told(plugins)) != "Meeting" and time.monotonic() < began + PATIENCE_S:
        time.sleep(0.05)
    return found


def test_it_does_what_it_does_here_and_runs_elsewhere(loaded: Loaded) -> None:
    plugins = loaded()
    adapter: Any = plugins.adapters["fire"]
    source, said = plugins.sources["fire-calls"], sample_alert()

    message = plugins.render(sample_notice(sector="fire"), adapter)

    assert (message.body, message.filename, message.idempotency_key) == (b"Do not visit alone", "a.txt", sample_notice().id)
    assert int(message.headers["x-pid"]) != os.getpid()
    assert adapter.parse_receipt(b"key-1").idempotency_key == "key-1"
    assert source.parse(said.model_dump_json(by_alias=True).encode(), {}) == [said]
    assert isinstance(said, Alert)
    assert source.parse(b"nothing", {}) == Ignored("an enquiry raises nothing")
    for unread in (source.parse, lambda raw, _: adapter.parse_receipt(raw)):
        with pytest.raises(UnreadableMessage, match=r"a\.b: a "):
            unread(b"?", {})
    assert "ALERTBUS" not in told(plugins, "env")


def test_what_kills_its_process_or_never_ends_fails_one_call_and_it_is_started_again(loaded: Loaded) -> None:
    plugins = loaded()

    for deed, error in {"segfault": "ProcessEnded", "abort": "ProcessEnded", "leave": "ProcessEnded", "loop": "TookTooLong"}.items():
        assert told_in_time(plugins) == "Meeting"
        assert f"render raised alertbus.plugin.stand_ins.{error}." in told(plugins, deed), deed
    assert told_in_time(plugins) == "Meeting"


def test_what_it_makes_too_large_or_raises_fails_and_its_process_lives(loaded: Loaded) -> None:
    plugins = loaded()
    adapter = plugins.adapters["fire"]
    pid = plugins.render(minimal_notice(sector="fire"), adapter).headers["x-pid"]

    for deed in ("large", "huge", "raise"):
        failed = told(plugins, deed)
        assert "render raised alertbus.plugin.stand_ins.Misbehaved" in failed, deed
        assert "Quillfeather" not in failed
    assert plugins.render(minimal_notice(sector="fire"), adapter).headers["x-pid"] == pid


def test_its_process_may_be_killed_at_any_time(loaded: Loaded) -> None:
    plugins = loaded()
    pid = int(plugins.render(minimal_notice(sector="fire"), plugins.adapters["fire"]).headers["x-pid"])

    os.kill(pid, signal.SIGKILL)

    assert told_in_time(plugins) == "Meeting"


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ("ctypes.string_at(0)", "its process ended by signal 11"),
        ("import a_module_that_nobody_has", "ModuleNotFoundError at plugins/fire.py:4"),
        ("x = bytearray(3_000_000_000)", "MemoryError at plugins/fire.py:4"),
        ("os._exit(0)", "its process ended with exit code 0"),
    ],
)
def test_one_that_cannot_be_started_is_set_aside(loaded: Loaded, start: str, reason: str) -> None:
    plugins = loaded(start)

    assert [(one.plugin, one.reason) for one in plugins.set_aside] == [("fire", reason)]
    assert "fire is set aside" in told_by_sector(plugins)


def told_by_sector(plugins: Plugins) -> str:
    with pytest.raises(PluginFault) as fault:
        plugins.render(minimal_notice(sector="fire"), plugins.adapter_for("fire"))
    return str(fault.value)


def test_what_it_prints_is_dropped_and_counted_under_its_name(loaded: Loaded, capfd: pytest.CaptureFixture[str]) -> None:
    before = unheard.counted().get("fire", 0)

    told(loaded(), "talk")

    began = time.monotonic()
    while unheard.counted().get("fire", 0) == before and time.monotonic() < began + PATIENCE_S:
        time.sleep(0.01)
    assert unheard.counted()["fire"] > before
    out, err = capfd.readouterr()
    assert "Quillfeather" not in out + err


async def test_its_source_that_dies_is_the_plugin_s_fault_and_its_words_are_heard_as_ever(loaded: Loaded) -> None:
    plugins = loaded()
    calls, source = SourceCalls(plugins), plugins.sources["fire-calls"]

    assert await calls.read(source, b"nothing", {}) == Ignored("an enquiry raises nothing")
    for raw in (b"segfault", b"empty"):
        with pytest.raises(SourceBroke):
            await calls.read(source, raw, {})


async def test_it_has_threads_of_its_own_so_that_nobody_waits_behind_it(loaded: Loaded) -> None:
    plugins = loaded()
    renderer = Renderer(plugins, PATIENCE_S)

    assert await rendered(renderer, "fire", "a") == ["Threat to staff"]
    assert set(renderer._own) == {"fire"}
    assert isinstance(plugins.render(minimal_notice(), plugins.adapter_for("nobody")), Message)
