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


def links(document: Path) -> Iterator[tuple[Path, str]]:
    for target, heading in _LINK.findall(document.read_text(encoding="utf-8")):
        if "://" not in target:
            yield (document.parent / target if target else document), heading


def slugs(document: Path) -> set[str]:
    """The names by which a heading is linked to."""
    headings = _HEADING.findall(document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_points_at_a_file_and_at_a_heading_in_it(document: Path) -> None:
    broken = [str(target) for target, heading in links(document) if not target.exists() or (heading and heading not in slugs(target))]

    assert broken == []


def test_the_page_of_how_it_works_names_only_files_that_are_there() -> None:
    named = set(re.findall(r"`([a-z_]+/(?:[a-z_]+/)*(?:[a-z_]+\.(?:py|yaml))?)`", (PACKAGE / "README.md").read_text(encoding="utf-8")))

    assert len(named) > 20
    assert [name for name in sorted(named) if not (PACKAGE / name).exists() and not (ROOT / name).exists()] == []


def test_every_room_has_a_line_in_how_it_works_and_in_contributing() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    how_it_works = (PACKAGE / "README.md").read_text(encoding="utf-8")
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    assert {room for room in rooms if f"`{room}/`" not in how_it_works} == set()
    assert {room for room in rooms if f"`{room}`" not in contributing} == set()
