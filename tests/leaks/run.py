"""`make leaks`: every role, agency, setting, field, kind, channel and error path, looked through for canaries. Exit 1 unless 0 leaks.

The pure part tells every kind to everybody by every deed and renders it. The other part is a real bus with a caller for each recipient,
asked everything that can be asked, with its logs, its topics and the files of its channels.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from tests.leaks.asked import looked_at
from tests.leaks.told import sightings


class Cell(Protocol):
    """One field looked for in one place."""

    @property
    def found(self) -> bool: ...
    @property
    def is_leak(self) -> bool: ...


def tell(name: str, cells: Iterable[Cell]) -> tuple[int, int]:
    """Print what was found in the cells, leaks by name. Give how many were looked at, and how many of them leak."""
    looked, seen = 0, 0
    leaks: Counter[str] = Counter()
    for cell in cells:
        looked += 1
        seen += cell.found
        if cell.is_leak:
            leaks[str(cell)] += 1
    for leak, times in sorted(leaks.items()):
        print(f"LEAK  {leak}" + (f", {times} times" if times > 1 else ""))
    print(f"{name}: {looked} cells looked at, {seen} hold what may be seen there, {leaks.total()} leaks")
    return looked, leaks.total()


def main() -> int:
    words = argparse.ArgumentParser(prog="make leaks", description=__doc__)
    words.add_argument("--only", choices=["told", "asked"])
    only = words.parse_args().only
    began, totals = time.monotonic(), []
    if only != "asked":
        totals.append(tell("what agencies are told", sightings()))
    if only != "told":
        with tempfile.TemporaryDirectory(prefix="leaks-") as folder:
            totals.append(tell("what a bus answers, writes and sends", asyncio.run(looked_at(Path(folder)))))
    cells, leaks = sum(looked for looked, _ in totals), sum(leaks for _, leaks in totals)
    print(f"{cells} cells, {leaks} leaks; {time.monotonic() - began:.0f} s")
    return 1 if leaks else 0


if __name__ == "__main__":
    sys.exit(main())
