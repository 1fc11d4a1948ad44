"""`make must-nots`: for each must-not its rule is taken away, and the tests that hold it must fail. Exit 1 unless all 26 hold.

The whole product is copied; in the copy all the tests pass; then one rule after the other is taken out of it, the tests of its row are run
against it, and it is put back. A test that breaks by an accident (a name that is not there) has noticed nothing: an assertion must fail.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tests.must_nots.rows import IDS, ROOT, MustNot, Removal, must_nots, orphans

COPIED = ("alertbus", "plugins", "tests", "schemas", "deploy", "pyproject.toml", "README.md")
NOTICED = frozenset({"AssertionError", "Failed", "ExceptionGroup", "FlakyFailure"})
"""How a test ends that has noticed; `Failed` is pytest's own, where nothing was refused, and a law may fail in several ways at once."""
LIMIT_S = 240
_PLUGINS = ("-p", "tests.must_nots.watching", "-p", "no:cacheprovider")
AT_ONCE = min(2, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Proved:
    """What came of one row: the faults, none if it holds, and how long it took."""

    row: MustNot
    faults: tuple[str, ...]
    seconds: float

    @property
    def mark(self) -> str:
        return "-" if self.faults else "H"


def copy_of(folder: Path) -> Path:
    """A copy of the product and its tests, compiled files included, as they stand in this checkout."""
    target = Path(tempfile.mkdtemp(dir=folder))
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns(".hypothesis", "*.egg-info"))
        elif source.exists():
            shutil.copy2(source, target / name)
    return target


def went(copy: Path, tests: Sequence[str]) -> tuple[dict[str, list[str]], str]:
    """How each of the tests went against the copy, and what pytest said. Raises `RuntimeError` if anything but the copy was imported."""
    out = copy / "went.json"
    out.unlink(missing_ok=True)
    path = os.pathsep.join(map(str, (copy, *sorted((copy / "plugins").iterdir()))))
    command = [sys.executable, "-m", "pytest", "-q", "--assert=plain", "--tb=line", *_PLUGINS, *tests]
    ran = subprocess.run(
        command,
        cwd=copy,
        env=os.environ | {"PYTHONPATH": path, "MUST_NOTS_OUT": str(out)},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if not out.exists():
        raise RuntimeError(f"pytest did not run: {ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    if strange := [file for file in found["imported"] if not Path(file).is_relative_to(copy)]:
        raise RuntimeError(f"not the copy was tested, but {strange[0]}")
    return found["went"], ran.stdout


def unnoticed(removal: Removal, copy: Path) -> list[str]:
    """Take the rule out of the copy, run its tests, put it back. Name each test that did not notice, or that broke by an accident."""
    path = copy / removal.file
    whole, times = path.read_bytes(), path.stat()
    removal.apply(copy)
    try:
        found, said = went(copy, removal.tests)
    finally:
        path.write_bytes(whole)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    faults = []
    for test in removal.tests:
        outcomes = set(found.get(test, ()))
        if not outcomes:
            faults.append(f"{test}: was not run: {said.strip().splitlines()[-1]}")
        elif outcomes <= {"passed", "skipped"}:
            faults.append(f"{test}: passes, though {removal.file} is without {removal.old.strip().splitlines()[0]!r}")
        elif not outcomes & NOTICED:
            faults.append(f"{test}: broke by {', '.join(sorted(outcomes))}, and so proves nothing")
    return faults


def proved(row: MustNot, copies: "SimpleQueue[Path]") -> Proved:
    began = time.monotonic()
    copy = copies.get()
    try:
        faults = [fault for removal in row.removals for fault in unnoticed(removal, copy)]
    finally:
        copies.put(copy)
    return Proved(row, tuple(faults), time.monotonic() - began)


def intact(rows: Sequence[MustNot], copy: Path) -> list[str]:
    """Name each test of the table that does not pass while every rule is there."""
    tests = list(dict.fromkeys(test for row in rows for test in row.tests))
    found, said = went(copy, tests)
    return [
        f"{test}: {', '.join(found.get(test, ['was not run']))}; {said[-300:]}" for test in tests if set(found.get(test, ())) != {"passed"}
    ]


def main() -> int:
    words = argparse.ArgumentParser(prog="make must-nots", description=__doc__)
    words.add_argument("ids", nargs="*", help="only these, as NOT-03")
    only = words.parse_args().ids
    table = must_nots()
    rows = [row for row in table if not only or row.id in only]
    faults = list(orphans(table))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="must-nots-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        made = [copy_of(Path(folder)) for _ in range(AT_ONCE)]
        faults = faults or intact(rows, made[0])
        if faults:
            print(*faults, sep="\n")
            return 1
        for copy in made:
            copies.put(copy)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            done = list(pool.map(lambda row: proved(row, copies), rows))
    return tell(done, time.monotonic() - began, len(rows) if only else len(IDS))


def tell(done: Sequence[Proved], seconds: float, wanted: int) -> int:
    for one in done:
        print(f"{one.row.id}  {one.mark}  {one.seconds:6.1f} s  {one.row.rule}")
        for test in one.row.tests:
            print(f"                      {test}")
        for fault in one.faults:
            print(f"             NOT HELD {fault}")
    held = sum(one.mark == "H" for one in done)
    removed = sum(len(one.row.removals) for one in done)
    print(f"\n{held} of {wanted} H; {removed} rules taken away, one at a time; {seconds:.0f} s")
    return 0 if held == wanted else 1


if __name__ == "__main__":
    sys.exit(main())
