"""Every real or published file that we hold and that may be sent to a bus, with what becomes of it: `tests/data/realworld.tsv`.

    python -m tests.sectors.realworld          prints each file with its outcome, in the plugin's own words
    python -m tests.sectors.realworld FOLDER   compares the list with a folder of such files: which are missing, new or changed

The files themselves stand with the plugin that reads them, as they were published; what is no message at all is not copied, and says why.
"""

import csv
import hashlib
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alertbus.plugin import Alert, Ignored, UnreadableMessage
from alertbus.plugin.manager import Plugins
from tests.sectors.frame import ROOT

LIST = ROOT / "tests" / "data" / "realworld.tsv"
NO_MESSAGE = "no message: "
NOT_LISTED = ("PROVENANCE.md", "LICENCES", "LICENSE", "NOTICE.md")
"""Beside the files: where they come from, and on what terms."""


@dataclass(frozen=True)
class RealFile:
    """`reader` is `source NAME` or `answer to SECTOR`, or `-` of what is no message; `copy` is where it stands here."""

    file: str
    sha256: str
    """The first twelve digits."""
    reader: str
    outcome: str
    copy: str

    @property
    def is_message(self) -> bool:
        return not self.outcome.startswith(NO_MESSAGE)


def listed() -> list[RealFile]:
    with LIST.open(encoding="utf-8", newline="") as lines:
        return [RealFile(**row) for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]


@cache
def _plugins() -> Plugins:
    return Plugins.load()


def outcome_of(reader: str, raw: bytes) -> tuple[str, str]:
    """What becomes of a message: as the list has it, and the plugin's own words. Every other way out of a plugin is raised."""
    how, _, name = reader.rpartition(" ")
    try:
        if how == "answer to":
            given = _plugins().adapters[name].parse_receipt(raw)  # type: ignore[attr-defined]
            return f"answers {given.stage}", given.note or ""
        stated = _plugins().sources[name].parse(raw, {})
    except UnreadableMessage as unreadable:
        return "refused", str(unreadable)
    if isinstance(stated, Ignored):
        return "ignored", stated.reason
    return "raises " + ", ".join(sorted({one.kind if isinstance(one, Alert) else type(one).__name__ for one in stated})), ""


def differences(folder: Path) -> list[str]:
    """How the list differs from a folder of real files, a line for each."""
    there = {
        str(path.relative_to(folder)): digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not set(path.relative_to(folder).parts) & {*NOT_LISTED}
    }
    here = {one.file: one.sha256 for one in listed()}
    lines = [f"not in the list: {name}" for name in there if name not in here]
    lines += [f"not in the folder: {name}" for name in here if name not in there]
    return lines + [f"another file by now: {name}" for name in here if name in there and here[name] != there[name]]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def main(arguments: list[str]) -> int:
    if arguments:
        found = differences(Path(arguments[0]))
        print("\n".join(found) or f"the list names each of its {len(listed())} files")
        return 1 if found else 0
    for one in listed():
        words = outcome_of(one.reader, (ROOT / one.copy).read_bytes())[1] if one.is_message else ""
        print(f"{one.file}\n    {one.reader}: {one.outcome}{' (' + words + ')' if words else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
