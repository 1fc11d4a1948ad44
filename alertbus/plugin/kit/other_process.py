"""The adapter in another process, as if on another machine: other hash seeds, another time zone and folder, nothing imported for tests.

What an adapter takes from such things differs there: the order of a set, `hash()`, the place of an object in memory. There too it is called
for the first time, so that what it does only then is seen.
"""

import hashlib
import importlib.util
import io
import json
import os
import pickle
import subprocess
import sys
import tempfile
import types
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from alertbus.model.notice import Message, Notice
from alertbus.plugin.kit.conformance import Broken
from alertbus.plugin.kit.corpus import Exhibit, exhibits
from alertbus.plugin.kit.fences import fence
from alertbus.plugin.kit.looking import show
from alertbus.plugin.protocols import Adapter

SEEDS = ("1", "4")
"""Of Python's hashes, and each costs the start of a Python. Two words of a set stand in one order under both, and under
the kit's own, once in four times; the notices have many."""
PATIENCE = 60.0
"""Seconds for all processes together; each has a limit for each call besides."""

_ONLY_FOR_TESTS = ("pytest", "_pytest", "hypothesis", "coverage", "mypy", "ruff")
_LUGGAGE = "luggage"
_CHILD = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from alertbus.plugin.kit.other_process import child; child()"


@dataclass(frozen=True, slots=True)
class There:
    """What came of showing the notices in one process."""

    digests: tuple[str, ...]
    """Of each message in order; empty for what was none."""
    touched: tuple[str, ...]
    imported: tuple[str, ...]
    """What was imported while it rendered, by names."""


_LATEST: list[tuple[Adapter, tuple[There, ...]]] = []


def elsewhere(adapter: Adapter) -> tuple[There, ...]:
    """Show the adapter every notice in other processes, at once; only once, whoever asks. One that pickle cannot move, as of a class inside
    a function, is judged in this process alone: give none; `alertbus plugin check` loads plugins so that they can be moved.
    """
    for known, found in _LATEST:
        if known is adapter:
            return found
    luggage = _luggage(adapter)
    found = _ask(luggage) if luggage else ()
    _LATEST[:] = [*_LATEST[-2:], (adapter, found)]
    return found


def digest(message: object) -> str:
    """Give what two equal messages have in common; empty for what is no message."""
    if not isinstance(message, Message) or not isinstance(message.body, bytes):
        return ""
    outside = json.dumps([message.media_type, message.filename, sorted(message.headers.items()), message.idempotency_key])
    return hashlib.sha256(outside.encode() + b"\0" + message.body).hexdigest()


def _luggage(adapter: Adapter) -> bytes:
    try:
        packed = pickle.dumps(adapter)
    except Exception:  # noqa: BLE001  pickle raises many kinds
        return b""
    files = {name: path for name, module in list(sys.modules.items()) if (path := _file_of(module)) and not path.startswith(sys.prefix)}
    shown = [(exhibit.what, exhibit.notice.model_dump_json()) for exhibit in exhibits()]
    return pickle.dumps({"adapter": packed, "files": files, "shown": shown})


def _file_of(module: types.ModuleType) -> str | None:
    found = getattr(module, "__file__", None)
    return found if isinstance(found, str) and found.endswith(".py") else None


def _ask(luggage: bytes) -> tuple[There, ...]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / _LUGGAGE).write_bytes(luggage)
        children = [_start(seed, folder) for seed in SEEDS]
        try:
            said = [child.communicate(timeout=PATIENCE)[0] for child in children]
        except subprocess.TimeoutExpired:
            raise Broken(f"not done in another process within {PATIENCE:g} s") from None
        finally:
            for child in children:
                child.kill()
                child.wait()
    if not all(said):
        raise Broken("not checked: in another process it could not be imported. Its module must not need the test that it is defined in.")
    return tuple(There(*map(tuple, json.loads(answer))) for answer in said)


def _start(seed: str, folder: str) -> "subprocess.Popen[bytes]":
    environment = {"PYTHONHASHSEED": seed, "TZ": "Asia/Kathmandu", "LANG": "C", "PATH": os.environ.get("PATH", "")}
    path = json.dumps([str(Path(each).absolute()) for each in sys.path])  # the parent's folder is not the child's
    return subprocess.Popen(  # noqa: S603  our own program, in our own Python
        [sys.executable, "-c", _CHILD, path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=folder,
    )


def child() -> None:
    """Do the other process's part: the notices in, what was found out."""
    luggage: Mapping[str, Any] = pickle.loads(Path(_LUGGAGE).read_bytes())  # noqa: S301  from our own parent
    adapter = _Unpack(luggage["adapter"], luggage["files"]).load()
    shown = [Exhibit(what, Notice.model_validate_json(page)) for what, page in luggage["shown"]]
    before = frozenset(sys.modules)
    with _hidden(_ONLY_FOR_TESTS):
        digests, touched = _looked_at(adapter, shown) if os.environ["PYTHONHASHSEED"] == SEEDS[0] else (_digests(adapter, shown), [])
    new = sorted(name for name in sys.modules.keys() - before if _is_foreign(name, before))
    sys.stdout.write(json.dumps([digests, touched, new]))


def _looked_at(adapter: Adapter, shown: Sequence[Exhibit]) -> tuple[list[str], list[str]]:
    looks = [show(adapter, exhibit) for exhibit in shown]
    return [digest(look.message) for look in looks], list(dict.fromkeys(what for look in looks for what in look.touched))


def _digests(adapter: Adapter, shown: Sequence[Exhibit]) -> list[str]:
    """Only what it gives back: quick, because what it does besides was looked at in the first process."""
    found = []
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()), fence(watching=False):
        for exhibit in shown:
            try:
                found.append(digest(adapter.render(exhibit.notice)))
            except Exception:  # noqa: BLE001  the rule about what it raises has been judged
                found.append("")
    return found


def _is_foreign(name: str, before: frozenset[str]) -> bool:
    """Whether a module is the plugin's own doing: neither Python's, nor part of a package that was there and loads itself by and by."""
    top = name.partition(".")[0]
    return top not in sys.stdlib_module_names and (top not in before or top.startswith("alertbus"))


@contextmanager
def _hidden(names: Sequence[str]) -> Iterator[None]:
    """Make modules as if they were not installed: an agency's bus has none of them."""
    gone = {name: sys.modules.get(name) for name in names}
    nothing: Any = None  # what makes an import fail
    sys.modules.update(dict.fromkeys(names, nothing))
    try:
        yield
    finally:
        for name, module in gone.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


class _Unpack(pickle.Unpickler):
    """Reads a pickle, with modules that are on no path found by the files that they came from."""

    def __init__(self, packed: bytes, files: Mapping[str, str]) -> None:
        super().__init__(io.BytesIO(packed))
        self._files = files

    def find_class(self, module: str, name: str) -> Any:
        try:
            return super().find_class(module, name)
        except ModuleNotFoundError:
            if module not in self._files:
                raise
        first = module.partition(".")[0]
        if first in self._files:  # a package is imported from its top, as whatever loaded it did
            sys.meta_path.append(_PackageCarried(first, self._files[first]))
            return super().find_class(module, name)
        spec = importlib.util.spec_from_file_location(module, self._files[module])
        if spec is None or spec.loader is None:
            raise ModuleNotFoundError(module)
        sys.modules[module] = loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        return super().find_class(module, name)


class _PackageCarried:
    """Finds one package, or one module, that stands on no path, at the file from which it was loaded."""

    def __init__(self, name: str, file: str) -> None:
        self._name, self._file = name, Path(file)

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002  as Python asks it
        if name != self._name:
            return None
        within = [str(self._file.parent)] if self._file.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(name, self._file, submodule_search_locations=within)
