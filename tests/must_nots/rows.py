"""The table of must-nots: for each what must never happen, how that is prevented, which tests hold it, and the rule taken away.

`table.yaml` is the table. A proof takes one rule out of a copy of the product, by replacing a text that stands in it exactly once, and names
the tests that must then fail.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).parent / "table.yaml"
IDS = tuple(f"NOT-{number:02}" for number in range(1, 27))
"""The requirements that something must not be shared, or must not be automated."""


@dataclass(frozen=True, slots=True)
class Removal:
    """One rule taken away: in `file`, from the root of the checkout, `new` stands where `old` stood."""

    tests: tuple[str, ...]
    """Node ids without parameters. At least one case of each must fail."""
    file: str
    old: str
    new: str

    def apply(self, root: Path) -> None:
        """Take the rule away. Raises `ValueError` unless the text is there exactly once: then the proof proves nothing."""
        path = root / self.file
        whole = path.read_text(encoding="utf-8")
        if (times := whole.count(self.old)) != 1:
            raise ValueError(f"{self.file}: the text to be replaced stands there {times} times, not once: {self.old[:60]!r}")
        path.write_text(whole.replace(self.old, self.new), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class MustNot:
    id: str
    rule: str
    held: str
    removals: tuple[Removal, ...]

    @property
    def tests(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(test for removal in self.removals for test in removal.tests))


def must_nots() -> tuple[MustNot, ...]:
    """The table as it is written. A key that is not known, or missing, is a fault at once."""
    return tuple(
        MustNot(
            row.pop("id"),
            row.pop("rule"),
            row.pop("held"),
            tuple(Removal(**{**one, "tests": tuple(one["tests"])}) for one in row.pop("taken_away")),
        )
        for row in yaml.safe_load(TABLE.read_text(encoding="utf-8"))
        if row
    )


def orphans(rows: tuple[MustNot, ...], root: Path = ROOT) -> Iterator[str]:
    """Say what of the table has lost its object: a test that is not there any more, a rule that stands elsewhere or otherwise."""
    for row in rows:
        if not row.removals:
            yield f"{row.id}: no rule is taken away"
        for removal in row.removals:
            times = (root / removal.file).read_text(encoding="utf-8").count(removal.old) if (root / removal.file).exists() else 0
            if times != 1:
                yield f"{row.id}: {removal.file}: the rule stands there {times} times: {removal.old[:80]!r}"
            if removal.old == removal.new or not removal.tests:
                yield f"{row.id}: {removal.file}: nothing is taken away, or no test is named"
        for test in row.tests:
            file, _, name = test.partition("::")
            if name not in _functions(root / file):
                yield f"{row.id}: no test {test}"


def _functions(path: Path) -> set[str]:
    if not path.exists():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
