"""One name, one thing: no top-level class or alias, and no file of the product, has the name of another (DESIGN section 2)."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2] / "alertbus"

SAME_NAME_OF_A_CLASS: dict[str, str] = {}
"""Name → why it stands at the top of several files."""

SAME_NAME_OF_A_FILE: dict[str, str] = {
    "__init__": "Python's own name for a room's door",
    "tables": "the SQL tables of its room",
    "rebuild": "how its room comes back from Kafka; in `cli`, the command that does it",
    "worker": "the room's part as one process",
}
"""Name → why several rooms have a file of it."""

NAMED_AFTER_WHAT_THEY_SERVE = ("cli", "gateway/routes", "desk/pages")
"""Commands, routes and pages are named by the word that a user types, which is the name of what they serve."""


def _modules() -> Iterator[Path]:
    return (path for path in sorted(ROOT.rglob("*.py")) if "migrations" not in path.parts)


def _names(path: Path) -> Iterator[str]:
    """The classes and the aliases of types: capitalised, and not a constant."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        for target in targets:
            if isinstance(target, ast.Name) and target.id.strip("_")[:1].isupper() and not target.id.isupper():
                yield target.id


def test_no_class_and_no_alias_has_the_name_of_another() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for path in _modules():
        for name in set(_names(path)):
            found[name.strip("_")].append(str(path.relative_to(ROOT)))

    assert {name: places for name, places in found.items() if len(places) > 1 and name not in SAME_NAME_OF_A_CLASS} == {}


def test_no_file_has_the_name_of_another() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for path in _modules():
        place = path.relative_to(ROOT)
        if not str(place).startswith(NAMED_AFTER_WHAT_THEY_SERVE):
            found[path.stem].append(str(place))

    assert {name: places for name, places in found.items() if len(places) > 1 and name not in SAME_NAME_OF_A_FILE} == {}


def test_every_exemption_is_still_needed() -> None:
    stems = [path.stem for path in _modules()]
    names = [name.strip("_") for path in _modules() for name in set(_names(path))]

    assert [name for name in SAME_NAME_OF_A_FILE if stems.count(name) < 2] == []
    assert [name for name in SAME_NAME_OF_A_CLASS if names.count(name) < 2] == []
