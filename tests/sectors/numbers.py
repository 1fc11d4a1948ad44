"""The vectors of numbers, valid and invalid, against which every sector's numbers are read (STANDARDS section 11)."""

import json
from collections.abc import Callable, Iterator

from alertbus.plugin import UnreadableMessage
from tests.sectors.frame import ROOT

VECTORS = json.loads((ROOT / "tests" / "data" / "identifiers" / "test-vectors.json").read_text(encoding="utf-8"))
_NAMES = {"pnc": "pnc", "cro": "cro", "upn": "upn", "nhs_number": "nhsNumber"}


def of_system(system: str) -> Iterator[tuple[str, bool]]:
    """Yield each vector with whether it is a number of that system."""
    vectors = VECTORS[_NAMES[system]]
    for kind in ("valid", "validTemporary", "synthetic", "canonicalises"):
        yield from ((value, True) for value in vectors.get(kind, ()))
    yield from ((value, False) for value in vectors["invalid"])


def must_be_read(read: Callable[[], object], place: str, *, good: bool) -> None:
    """A number that is one is taken; one that is none has the message refused, with the number's place and nothing else."""
    refused: list[str] = []
    try:
        read()
    except UnreadableMessage as unreadable:
        refused = [fault.path for fault in unreadable.faults]
    assert refused == ([] if good else [place]), refused
