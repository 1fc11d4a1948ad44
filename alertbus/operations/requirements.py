"""Which tests name which requirement, and which requirements no test names (AUD-09). Reads the tests of a checkout, and runs none.

A test names a requirement by its own name (`test_clk_02_...`), or by the id in its words or parameters (`CLK-02`). A row of the must-nots'
table names the tests that fail when its rule is taken away.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import orjson
import yaml

from alertbus.model.errors import NotFound

LISTED = "requirements.json"
"""Each id with one line of what it asks for. The ids never change: tests, policies and documents cite them."""

_IN_A_NAME = re.compile(r"(?<![a-z])([a-z]{3})_(\d\d)(?![\da-z])")
_IN_WORDS = re.compile(r"\b([A-Z]{3}-\d\d)\b")
_MUST_NOTS = Path("tests", "must_nots", "table.yaml")


class Traced(NamedTuple):
    """A requirement, what it asks for, and the tests that name it, as pytest names them."""

    id: str
    asks: str
    tests: tuple[str, ...]


def checkout() -> Path:
    """The folder of the checkout that this package runs from. Raises `NotFound` where there is none: tests are no part of a package."""
    root = Path(__file__).parents[2]
    if not (root / "tests").is_dir():
        raise NotFound("no tests beside this installation: run it in a checkout of the project, after `make env`")
    return root


def traced(root: Path) -> list[Traced]:
    """Every requirement, in order, with the tests under `root` that name it."""
    listed = requirements()
    found: dict[str, set[str]] = {name: set() for name in listed}
    for name, test in (*_by_name(root), *_by_table(root)):
        if name in found:
            found[name].add(test)
    return [Traced(name, asks, tuple(sorted(found[name]))) for name, asks in listed.items()]


def requirements() -> Mapping[str, str]:
    """Each id with what it asks for, in order."""
    listed: dict[str, str] = orjson.loads(files("alertbus.operations").joinpath(LISTED).read_bytes())
    return dict(sorted(listed.items()))


def named_in(source: str) -> Iterator[tuple[str, str]]:
    """The requirements that the tests of a module name, each with the test: `test_x`, or `TestThat::test_x`."""
    for test, text in _tests(ast.parse(source), source):
        ids = {f"{group.upper()}-{number}" for group, number in _IN_A_NAME.findall(test.rpartition("::")[2])}
        yield from ((name, test) for name in sorted(ids.union(_IN_WORDS.findall(text))))


def _tests(tree: ast.Module | ast.ClassDef, source: str, within: str = "") -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from _tests(node, source, f"{node.name}::")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            parts = [ast.get_source_segment(source, part) or "" for part in (*node.decorator_list, node)]
            yield f"{within}{node.name}", "\n".join(parts)


def _by_name(root: Path) -> Iterator[tuple[str, str]]:
    for folder in (root / "tests", *sorted((root / "plugins").glob("*/tests"))):
        for path in sorted(folder.rglob("test_*.py")):
            for name, test in named_in(path.read_text(encoding="utf-8")):
                yield name, f"{path.relative_to(root).as_posix()}::{test}"


def _by_table(root: Path) -> Iterator[tuple[str, str]]:
    if not (root / _MUST_NOTS).is_file():
        return
    for row in yaml.safe_load((root / _MUST_NOTS).read_text(encoding="utf-8")):
        for taken in row.get("taken_away", ()):
            yield from ((row["id"], test.partition("[")[0]) for test in taken.get("tests", ()))
