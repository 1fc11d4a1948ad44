"""Where in a plugin's own code something happened, and what it was in words: what a finding says so that its author finds the line."""

import os
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path, PurePath
from types import FrameType, TracebackType

import alertbus
from alertbus.plugin.discovery import GROUP

SOMEWHERE = "a place that is not the plugin's own"
"""Where something happened that no frame of the plugin's is seen of."""

_LIBRARIES = (str(Path(os.__file__).parent) + os.sep, sys.prefix + os.sep)
_OURS = str(Path(alertbus.__file__).parent) + os.sep
_KIT = str(Path(__file__).parent) + os.sep
_CLOCK = "the clock"
_CHANCE = "chance"
_MACHINE = "the machine"
_KINDS = {
    _CLOCK: "now utcnow today time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time process_time_ns thread_time "
    "thread_time_ns clock_gettime clock_gettime_ns localtime gmtime ctime",
    _CHANCE: "urandom getrandom random randrange randint choice choices shuffle sample uniform getrandbits randbytes gauss",
    _MACHINE: "getpid getppid uname cpu_count getlogin getcwd getcwdb _generate_time_safe",
    "a file": "stat lstat access read",
}
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names.split()}

_WHY = {
    _CLOCK: "A clock makes the same input two answers: a repeat is no repeat, and a rebuild years later gives other bytes.",
    _CHANCE: "Chance makes the same input two answers: a repeat is no repeat.",
    _MACHINE: "What follows from the machine differs on the next one.",
    "the environment": "An environment variable differs between two machines, and may hold a secret.",
    "a file": "A file may differ or be missing on the next machine; what is written stands there for others to read.",
    "the network": "A look-up tells somebody that there is an alert, waits, and fails on the night when it matters; an address in it "
    "may lead anywhere.",
    "a process": "Another process sees what it is given, and nobody ends it in time.",
    "a thread": "A thread goes on after the call, with one family's data, and nobody waits for it.",
}


def in_words(what: str, place: str = "") -> str:
    """Say what was used: a name of Python's with what it stands for, and the place."""
    kind = _KIND_OF.get(what)
    said = f"{kind} ({what})" if kind else what
    return f"{said} at {place}" if place and place != SOMEWHERE else said


def why_not(used: Iterable[str]) -> str:
    """Say why the first that was used, by its name or in words, is no good; empty where nothing more can be said of it."""
    for what in used:
        kind = _KIND_OF.get(what, what)
        found = next((why for begin, why in _WHY.items() if kind.startswith(begin)), "")
        if found:
            return found
    return ""


def own_place(frame: FrameType | None) -> str:
    """Name file and line of the innermost frame that is the plugin's own: neither Python's, nor a library's, nor the bus's. Empty where
    there is none.
    """
    while frame is not None:
        if _is_own(frame.f_code.co_filename):
            return _named(frame.f_code.co_filename, frame.f_lineno)
        if frame.f_code.co_filename.startswith(_KIT):
            break  # the kit called it: what is further out called the kit
        frame = frame.f_back
    return ""


def raised_at(error: BaseException) -> str:
    """Name file and line of the plugin's own code in which an error was raised; empty where that is not known."""
    trace: TracebackType | None = error.__traceback__
    found = ""
    while trace is not None:
        if _is_own(trace.tb_frame.f_code.co_filename):
            found = _named(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


def _is_own(file: str) -> bool:
    if file.startswith((_OURS, "<frozen", "<string")):
        return False
    parts = PurePath(file).parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1].removesuffix(".py") in installed_packages()
    return not file.startswith(_LIBRARIES)


@cache
def installed_packages() -> frozenset[str]:
    """Give the packages of installed plugins, which stand beside libraries. Asked for before the world is closed: it reads files."""
    return frozenset(entry.module.partition(".")[0] for entry in entry_points(group=GROUP))


def _named(file: str, line: int) -> str:
    return f"{'/'.join(PurePath(file).parts[-2:])}:{line}"
