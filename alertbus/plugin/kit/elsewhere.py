"""A plugin's object called in processes of their own, each with another order of sets: what it gives must not follow that order.

The object is handed over by pickle, made and read by the kit alone. One that cannot be found again by its module's name is judged in this
process only; `alertbus plugin check` loads plugins so that they can.
"""

import hashlib
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alertbus.plugin.protocols import UnreadableMessage

SEEDS = (1, 4)
"""Of Python's hashes. Two, because each costs the start of a Python; a set of three words and more stands in another order in each."""

_SECONDS = 12.0
"""Shorter than `check_process.STALL`: no call is begun meanwhile."""
_PROGRAM = "from alertbus.plugin.kit.elsewhere import answer; answer()"


def under_other_seeds(subject: object, method: str, inputs: Sequence[object]) -> list[str]:
    """Give one digest of all that the method gives for the inputs, for each seed; nothing where it cannot be called elsewhere."""
    try:
        job = pickle.dumps((subject, method, list(inputs)))
    except Exception:  # noqa: BLE001  an object of a local class: see above
        return []
    place = getattr(sys.modules.get(type(subject).__module__), "__file__", None)
    depth = type(subject).__module__.count(".")
    beside = [str(Path(place).resolve().parents[depth + (Path(place).name == "__init__.py")])] if place else []
    paths = os.pathsep.join([*(path for path in sys.path if path), *beside])
    running = [_start(seed, paths) for seed in SEEDS]
    found = []
    for process in running:
        try:
            written, _ = process.communicate(job, timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            continue
        if process.returncode == 0:
            found.append(written.decode("ascii", "replace")[-64:])
    return found


def _start(seed: int, paths: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": paths}
    return subprocess.Popen(  # noqa: S603  our own program, in our own Python
        [sys.executable, "-c", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )


def answer() -> None:
    """Read a job from stdin and write the digest, as the last that is written."""
    subject, method, inputs = pickle.load(sys.stdin.buffer)  # noqa: S301  written by `under_other_seeds` above
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    digest = hashlib.sha256()
    for given in inputs:
        digest.update(_shown(getattr(subject, method), given, method).encode("utf-8", "surrogatepass"))
    os.write(out, digest.hexdigest().encode())


def _shown(function: Any, given: object, method: str) -> str:
    try:
        outcome = function(given, {}) if method == "parse" else function(given)
    except UnreadableMessage as unreadable:
        return repr(unreadable.faults)
    except Exception as error:  # noqa: BLE001  judged elsewhere
        return type(error).__name__
    if isinstance(outcome, list | tuple):
        return "\n".join(one.model_dump_json() if hasattr(one, "model_dump_json") else repr(one) for one in outcome)
    return repr(outcome)
