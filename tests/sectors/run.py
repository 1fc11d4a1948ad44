"""`make plugins`: a row for each plugin: its tier by the kit, the check of its sector, cases run, failures. Exit 1 unless each row holds."""

import argparse
import sys
import textwrap
from collections.abc import Iterable

from tests.sectors.frame import Row, row, shipped

WIDTH = 70
"""Characters of the column that says what a plugin is checked by: the whole fits a wide terminal."""


def table(rows: Iterable[Row]) -> str:
    lines = [f"{'plugin':<12} {'tier':<9} {'sector check':<{WIDTH}} {'cases':>6} {'failures':>8}"]
    for one in rows:
        first, *others = textwrap.wrap(one.sector_check, WIDTH)
        lines.append(f"{one.plugin:<12} {one.tier or 'no rules':<9} {first:<{WIDTH}} {one.cases:>6} {len(one.failures):>8}")
        lines += [f"{'':<22} {more}" for more in others]
        lines += [f"{'':<22} FAILED  {failure.case}: {failure.how.splitlines()[0][:200]}" for failure in one.failures]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.sectors.run", description=__doc__)
    parser.add_argument("plugins", nargs="*", metavar="PLUGIN", help="those to run; without any, all")
    rows = [row(plugin) for plugin in parser.parse_args(arguments).plugins or shipped()]
    print(table(rows))
    return 0 if all(one.holds for one in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
