"""The fence around a plugin while the kit looks: what a plugin would do to the world is refused, and what it would take from it is noted.

Files, sockets, names of hosts, processes, threads and waiting go through Python's own audit events, in C as well as in Python, and are
refused there: nothing is really written or sent. Clocks, chance and the machine cannot be refused, because C functions cannot be replaced;
a profiler sees each call of one. Reading the environment is seen in the class of `os.environ`.
"""

import _thread
import gc
import os
import random
import sys
import threading
import time
import uuid
import zoneinfo
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Never

from alertbus.plugin.kit.blame import SOMEWHERE, in_words, installed_packages, own_place, why_not
from alertbus.plugin.kit.conformance import Broken

WAITING = "time.sleep"

_REFUSED = {
    "open": "a file",
    "os.": "a file or a process",
    "shutil.": "a file",
    "tempfile.": "a file",
    "glob.": "a file",
    "pathlib.": "a file",
    "mmap.": "a file",
    "fcntl.": "a file",
    "sqlite3.": "a database",
    "socket.": "the network",
    "urllib.": "the network",
    "http.": "the network",
    "smtplib.": "the network",
    "ftplib.": "the network",
    "subprocess.": "a process",
    "pty.": "a process",
    "ctypes.dlopen": "a library of the system",
    "syslog.": "the system's log",
    "_thread.start": "a thread",
    "time.sleep": WAITING,
}
"""What each audit event is in words, by the beginning of its name."""

_NAMES = {
    time: "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time process_time_ns thread_time thread_time_ns "
    "clock_gettime clock_gettime_ns localtime gmtime ctime",
    os: "urandom getrandom getpid getppid uname cpu_count getlogin getcwd getcwdb stat lstat access read",
    uuid: "_generate_time_safe",
}
_STOPPED = {time.sleep: WAITING, os.write: "a file", _thread.start_new_thread: "a thread"}
"""What has no audit event in every version of Python, and is stopped by the profiler."""
_NOTED = frozenset(found for module, names in _NAMES.items() for name in names.split() if (found := getattr(module, name, None)))
_SCREEN = ("<stdout>", "<stderr>", 1, 2)
"""What a stream to the screen is called, also one that was kept from before the kit looked."""
_CLOCKS = frozenset({"now", "utcnow", "today"})
_STANDARD_LIBRARY = os.path.dirname(os.__file__)  # noqa: PTH120  compared with the names of files in frames, which are text
_MAY_READ = ("<frozen importlib", os.path.join(_STANDARD_LIBRARY, "zoneinfo"), os.path.join(_STANDARD_LIBRARY, "_strptime.py"))  # noqa: PTH118
_MAY_ASK = (*_MAY_READ, os.path.join(_STANDARD_LIBRARY, "logging"))  # noqa: PTH118
"""Who may ask what time it is: a log does for each line, and that there are lines is the matter of another rule."""


@dataclass(slots=True)
class Touching:
    """What a call did that it should not: in words of the kit's own, each once."""

    thread: int
    touched: dict[str, str] = field(default_factory=dict)
    """What it was, and the first place of the plugin's own code that did it; empty where that is not known."""
    printed: str = ""
    """Where it wrote to the screen."""

    def note(self, what: str, frame: FrameType | None) -> None:
        """Note it with its place."""
        if not self.touched.get(what):
            self.touched[what] = own_place(frame)

    def refuse(self, what: str, frame: FrameType | None) -> Never:
        """Note it, and stop it."""
        self.note(what, frame)
        raise Broken(f"it used {in_words(what, self.touched[what])}")

    @property
    def slept(self) -> bool:
        """Whether it waited, which is a matter of time and not of the world."""
        return WAITING in self.touched

    @property
    def outside(self) -> tuple[str, ...]:
        """What it used of the world, in words, and where."""
        return tuple(in_words(what, place) for what, place in self.touched.items() if what != WAITING)


class _Fence:
    """The one that is closed now. An audit hook cannot be taken away again, so there is one for the whole life of the process."""

    closed: Touching | None = None
    hooked = False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    seen = _Fence.closed
    if seen is None or seen.thread != threading.get_ident():
        return
    what = next((words for begin, words in _REFUSED.items() if event.startswith(begin)), None)
    if what is None or (event == "open" and str(arguments[0]).startswith(zoneinfo.TZPATH)):
        return
    if not _is_allowed(sys._getframe(1)):  # noqa: SLF001  who asks decides: an import reads files
        seen.refuse(what, sys._getframe(1))  # noqa: SLF001


def _is_allowed(frame: FrameType | None, may: tuple[str, ...] = _MAY_READ) -> bool:
    """Whether it is the import system or the time zones that ask, and not the plugin's own code by way of the standard library."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(may):
            return True
        if not name.startswith((_STANDARD_LIBRARY, "<frozen")) or "site-packages" in name:
            return False
        frame = frame.f_back
    return False


@contextmanager
def fence(*, watching: bool = True) -> Iterator[Touching]:
    """Close the world for this thread while the block runs. `watching`: note clocks, chance and the machine too, which takes its time."""
    if not _Fence.hooked:
        sys.addaudithook(_audit)
        installed_packages()
        _Fence.hooked = True
    seen, before, profiling, collecting = Touching(threading.get_ident()), _Fence.closed, sys.getprofile(), gc.isenabled()
    gc.disable()  # a collection may call back into a test library that reads the clock
    _Fence.closed = seen
    try:
        with _environment(seen):
            if watching:
                sys.setprofile(_watch(seen))
            yield seen
    finally:
        if watching:
            sys.setprofile(profiling)
        _Fence.closed = before
        if collecting:
            gc.enable()


@contextmanager
def world_closed() -> Iterator[None]:
    """Close the world while the block runs, and raise `Broken` at its end when it was touched."""
    with fence() as seen:
        yield
    if seen.touched:
        raise Broken(f"it used {', '.join(in_words(*each) for each in sorted(seen.touched.items()))}", why_not(seen.touched))


def _watch(seen: Touching) -> Callable[[FrameType, str, Any], None]:
    def watch(frame: FrameType, event: str, called: Any) -> None:
        if event != "c_call":
            return
        owner = getattr(called, "__self__", None)
        name = getattr(called, "__name__", "")
        a_clock = name in _CLOCKS and getattr(owner, "__module__", "") == "datetime"
        if (a_clock or called in _NOTED or isinstance(owner, random.Random)) and not _is_allowed(frame, _MAY_ASK):
            seen.note(name, frame)
        if name.startswith("write") and getattr(owner, "name", "") in _SCREEN:
            seen.printed = seen.printed or own_place(frame) or SOMEWHERE
        if called in _STOPPED:
            seen.refuse(_STOPPED[called], frame)

    return watch


@contextmanager
def _environment(seen: Touching) -> Iterator[None]:
    """Note who reads the environment, by whatever name it was imported."""
    kind = type(os.environ)
    own = kind.__getitem__, kind.__iter__

    def reading(_environment: Any, key: Any) -> Any:
        if _Fence.closed is seen and seen.thread == threading.get_ident() and not _is_allowed(sys._getframe(1)):  # noqa: SLF001
            seen.note("the environment", sys._getframe(1))  # noqa: SLF001
        return own[0](_environment, key)

    def listing(_environment: Any) -> Any:
        seen.note("the environment", sys._getframe(1))  # noqa: SLF001
        return own[1](_environment)

    kind.__getitem__, kind.__iter__ = reading, listing  # type: ignore[method-assign]
    try:
        yield
    finally:
        kind.__getitem__, kind.__iter__ = own  # type: ignore[method-assign]
