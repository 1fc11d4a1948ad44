"""The documents say what is there: every relative link and every file of the code that they name exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "alertbus"
DOCUMENTS = sorted(path for path in ROOT.rglob("*.md") if not any(part.startswith(".") for part in path.relative_to(ROOT).parts))
_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`((?:[A-Za-z0-9_.-]+/)+(?:[A-Za-z0-9_-]+\.(?:py|yaml|md|toml|json|jsonl|xml|lock|in))?)`")
_AT_WORK = frozenset({"logs/"})
"""Folders that a running bus makes where its data are kept."""
_AN_AUTHORS = re.compile(r"(alertbus_fire_and_rescue|fire-and-rescue|samples|tests|golden|gallery)/")
"""In the plugin author's guide: what stands in their own package."""


def links(document: Path) -> Iterator[tuple[Path, str]]:
    for target, heading in _LINK.findall(document.read_text(encoding="utf-8")):
        if "://" not in target:
            yield (document.parent / target if target else document), heading


def slugs(document: Path) -> set[str]:
    """The names by which a heading is linked to."""
    headings = _HEADING.findall(document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def named_files(document: Path) -> list[str]:
    """The files and folders named in its sentences, each with a folder before it, as from the root, the package, or beside the document."""
    found = set(_FILE.findall(_BLOCK.sub("", document.read_text(encoding="utf-8"))))
    an_authors = _AN_AUTHORS.match if document.parent.name == "guide" else lambda _: None
    return sorted(name for name in found if name not in _AT_WORK and not an_authors(name))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_points_at_a_file_and_at_a_heading_in_it(document: Path) -> None:
    broken = [str(target) for target, heading in links(document) if not target.exists() or (heading and heading not in slugs(target))]

    assert broken == []


@pytest.mark.parametrize(
    "document",
    [path for path in DOCUMENTS if path.name not in {"CHANGELOG.md", "NOTICE.md"}],  # these name what is gone, and what is elsewhere
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_every_file_of_the_project_that_a_document_names_is_there(document: Path) -> None:
    bases = (ROOT, PACKAGE, document.parent)

    assert [name for name in named_files(document) if not any((base / name).exists() for base in bases)] == []


def test_it_looks_at_names_of_files_where_many_stand() -> None:
    assert len(named_files(ROOT / "CONTRIBUTING.md")) > 15
    assert len(named_files(PACKAGE / "README.md")) > 40


def test_every_room_has_a_line_in_how_it_works_and_in_contributing() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    how_it_works = (PACKAGE / "README.md").read_text(encoding="utf-8")
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    assert {room for room in rooms if f"`{room}/`" not in how_it_works} == set()
    assert {room for room in rooms if f"`{room}`" not in contributing} == set()
