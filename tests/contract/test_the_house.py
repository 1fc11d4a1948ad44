"""The house is kept: files about one thing, functions that fit a screen, imports in one direction and never in a circle (DESIGN section 5)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = sorted(
    path
    for folder in (ROOT / "alertbus", *sorted((ROOT / "plugins").glob("*/alertbus_*")))
    for path in folder.rglob("*.py")
    if "versions" not in path.parts  # a migration is a record of what was done, never edited again
)

LONGEST_FILE = 350
LONGEST_FUNCTION = 60


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_file_is_longer_than_a_reader_keeps_in_mind() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in PRODUCT}

    assert {place: lines for place, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    found = {f"{path.relative_to(ROOT)}:{name}": lines for path in PRODUCT for name, lines in _functions(path)}

    assert {place: lines for place, lines in found.items() if lines > LONGEST_FUNCTION} == {}


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = grimp.build_graph("alertbus", cache_dir=None)
    arrows = [(module, imported) for module in graph.modules for imported in graph.find_modules_directly_imported_by(module)]

    assert [(module, imported) for module, imported in sorted(arrows) if graph.find_shortest_chain(imported, module)] == []


@pytest.mark.parametrize(
    "sentence",
    [
        "What won nothing goes",
        "Slow for longer than from one look",
        "What was tried is what is said",
        "little for it, and yet not all that may be in flight",
        "How far in time this alert has been led",
        "without the rest of it, which is most of it",
        "a lease runs out, so",
        "Make due what waits for longer than any wait lasts",
        "Room for what others have worked out from this record",
        "no matter of anybody's",
    ],
)
def test_the_sentences_that_nobody_understood_stay_away(sentence: str) -> None:
    """Each was read by a stranger who had to ask what it means; its plain form stands in its place."""
    texts = [*PRODUCT, *ROOT.glob("*.md"), *(ROOT / "alertbus").rglob("*.md"), *(ROOT / "deploy").rglob("*.md")]

    assert [str(path.relative_to(ROOT)) for path in texts if sentence.lower() in _flat(path)] == []


def _flat(path: Path) -> str:
    """The text on one line: a sentence may be broken anywhere."""
    return " ".join(path.read_text(encoding="utf-8").lower().split())
