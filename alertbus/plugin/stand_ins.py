"""Plugins that the policy isolates: each in a process of its own, with limits of time and memory, started again when it dies.

The bus holds stand-ins for its adapters and sources, which ask that process. Whatever goes wrong there, up to a crash in C, fails one call:
the notice is rendered again later, the sender asked to send again.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alertbus import unheard
from alertbus.model.alert import Alert
from alertbus.model.errors import Fault, PluginFault
from alertbus.model.identity import PersonMerged, PersonSplit
from alertbus.model.notice import Message, Notice
from alertbus.model.receipt import Intent, Stage
from alertbus.plugin.discovery import NotImported
from alertbus.plugin.frames import FrameTooLong, NobodyThere, receive, send
from alertbus.plugin.protocols import Headers, Ignored, ReceiptGiven, Stated, UnreadableMessage
from alertbus.policy.plugin_rules import PluginRules

START_LIMIT_S = 30.0
"""Chosen: importing a plugin takes a second; on a machine at its limits ten times that."""
RENDER_LIMIT_S, PARSE_LIMIT_S = 1.5, 8.0
"""Chosen: less than the two and ten seconds after which the bus gives a call up: the process ends, and no thread is left behind."""
AGAIN_S = 5.0
"""Seconds between two attempts to start it again. Chosen: one that dies at once must not keep a processor busy."""

_ROOM = 1_000_000
_STATED: dict[str, type[Alert | PersonMerged | PersonSplit]] = {one.__name__: one for one in (Alert, PersonMerged, PersonSplit)}


class CallFailed(Exception):
    """A call of an isolated plugin came to nothing: its process ended, or did not answer in time."""


class NotStarted(CallFailed):
    """The process of the plugin is being started again, or does not start."""


class ProcessEnded(CallFailed):
    """The process of the plugin died of the call."""


class TookTooLong(CallFailed):
    """The process of the plugin did not answer in time, and was ended."""


class Misbehaved(CallFailed):
    """The plugin raised, or gave what its contract does not know or what is too large. Its own words stay in its process."""


class PluginProcess:
    """One plugin's process. Any thread may ask it; it does one thing at a time."""

    def __init__(self, plugin: str, rules: PluginRules, plugins_dir: Path | None) -> None:
        self._plugin, self._rules, self._plugins_dir = plugin, rules, plugins_dir
        self._most = max(rules.largest_message_bytes, _ROOM) + _ROOM
        self._one_at_a_time, self._ready = threading.Lock(), threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._reading = self._writing = -1
        self._tried = -AGAIN_S
        self._starting = False

    def start(self) -> dict[str, Any]:
        """Start it and give what it offers. Raises `NotImported` where it cannot be used, `PluginFault` where it breaks the contract."""
        self._tried = time.monotonic()
        self._spawn()
        try:
            said, _ = receive(self._reading, self._most, time.monotonic() + START_LIMIT_S)
        except (NobodyThere, FrameTooLong, TimeoutError, ValueError) as error:
            reason = self._end() if isinstance(error, NobodyThere) else f"no answer from its process in {START_LIMIT_S:.0f} s"
            self._end()
            raise NotImported(f"agency plugin '{self._plugin}': {reason}", reason) from None
        if "reason" in said or "refused" in said:
            self._end()
            if "refused" in said:
                raise PluginFault(str(said["refused"]))
            raise NotImported(f"agency plugin '{self._plugin}': importing it raised {said['reason']}", str(said["reason"]))
        self._ready.set()
        return said

    def ask(self, head: dict[str, Any], body: bytes, limit_s: float) -> tuple[dict[str, Any], bytes]:
        """Give its answer. Raises `UnreadableMessage` where the plugin does, and `CallFailed` for all else that goes wrong."""
        deadline = time.monotonic() + limit_s
        if not self._one_at_a_time.acquire(timeout=limit_s):
            raise NotStarted
        try:
            self._start_again()
            if not self._ready.wait(max(0.0, deadline - time.monotonic())):
                raise NotStarted
            said, answer = self._answer(head, body, deadline)
        finally:
            self._one_at_a_time.release()
        if "unreadable" in said:
            raise UnreadableMessage(*(Fault(*map(str, one)) for one in said["unreadable"]))
        if "raised" in said:
            raise Misbehaved
        return said, answer

    def _answer(self, head: dict[str, Any], body: bytes, deadline: float) -> tuple[dict[str, Any], bytes]:
        failed: type[CallFailed]
        try:
            send(self._writing, head, body, deadline)
            return receive(self._reading, self._most, deadline)
        except TimeoutError:
            failed = TookTooLong
        except (NobodyThere, FrameTooLong, ValueError):
            failed = ProcessEnded
        self._end()
        self._tried = -AGAIN_S  # it worked until now: at once
        self._start_again()
        raise failed

    def _start_again(self) -> None:
        if self._process is None and not self._starting and time.monotonic() - self._tried >= AGAIN_S:
            self._starting = True
            threading.Thread(target=self._restart, name=f"start {self._plugin}", daemon=True).start()

    def _restart(self) -> None:
        try:
            self.start()
        except PluginFault:
            self._end()
        finally:
            self._starting = False

    def _spawn(self) -> None:
        theirs, self._writing = os.pipe()
        self._reading, ours = os.pipe()
        words, said = os.pipe()
        numbers = [theirs, ours, self._rules.isolated_memory_mb, self._most]
        command = [sys.executable, "-m", "alertbus.plugin.isolated", self._plugin, *map(str, numbers), str(self._plugins_dir or "")]
        known = {name: value for name, value in os.environ.items() if not name.startswith("ALERTBUS_")}  # secrets of the bus among them
        self._process = subprocess.Popen(  # noqa: S603  the command is ours
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, pass_fds=(theirs, ours), env=known, start_new_session=True
        )
        for one in (theirs, ours, said):
            os.close(one)
        os.set_blocking(self._writing, False)
        threading.Thread(target=self._drop, args=(words,), name=f"unheard {self._plugin}", daemon=True).start()

    def _drop(self, words: int) -> None:
        while os.read(words, 65_536):
            unheard.dropped(self._plugin)
        os.close(words)

    def _end(self) -> str:
        """End it, whatever it is at, and say how it ended."""
        self._ready.clear()
        process, self._process = self._process, None
        if process is None:
            return "its process ended"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
        if process.poll() is None:
            process.kill()
        code = process.wait()
        for one in (self._reading, self._writing):
            with contextlib.suppress(OSError):
                os.close(one)
        return f"its process ended by signal {-code}" if code < 0 else f"its process ended with exit code {code}"


class IsolatedAdapter:
    """Stands for an adapter in another process."""

    def __init__(self, process: PluginProcess, said: dict[str, Any]) -> None:
        self.name, self.sector, self.contract = str(said["name"]), str(said["sector"]), int(said["contract"])
        self.formats: Sequence[str] = tuple(map(str, said["formats"]))
        self.flag_marks: Sequence[str] = tuple(map(str, said["flag_marks"]))
        self._process = process

    def render(self, notice: Notice) -> Message:
        said, body = self._process.ask({"do": "render", "name": self.name}, notice.model_dump_json(by_alias=True).encode(), RENDER_LIMIT_S)
        return Message(media_type=said["media_type"], body=body, filename=said["filename"], headers=said["headers"])


class IsolatedReader(IsolatedAdapter):
    """Stands for one that reads its system's acknowledgements as well."""

    def parse_receipt(self, raw: bytes) -> ReceiptGiven:
        said, _ = self._process.ask({"do": "receipt", "name": self.name}, raw, RENDER_LIMIT_S)
        given = dict(said["receipt"])
        intent = given.pop("intent")
        return ReceiptGiven(stage=Stage(given.pop("stage")), intent=None if intent is None else Intent(intent), **given)


class IsolatedSource:
    """Stands for a source in another process."""

    def __init__(self, process: PluginProcess, name: str) -> None:
        self.name, self._process = name, process

    def parse(self, raw: bytes, headers: Headers) -> list[Stated] | Ignored:
        said, stated = self._process.ask({"do": "parse", "name": self.name, "headers": dict(headers)}, raw, PARSE_LIMIT_S)
        if "ignored" in said:
            return Ignored(said["ignored"])
        return [_STATED[kind].model_validate_json(json.dumps(fields)) for kind, fields in json.loads(stated)]


def isolated(plugin: str, rules: PluginRules, plugins_dir: Path | None) -> tuple[list[IsolatedAdapter], list[IsolatedSource]]:
    """Start a plugin in a process of its own. Raises as `PluginProcess.start`."""
    process = PluginProcess(plugin, rules, plugins_dir)
    said = process.start()
    adapters = [(IsolatedReader if one["reads"] else IsolatedAdapter)(process, one) for one in said["adapters"]]
    return adapters, [IsolatedSource(process, str(one)) for one in said["sources"]]
