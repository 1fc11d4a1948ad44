"""Education, both ways: what a school is told by the fields of the statutory guidance, and Common Transfer Files by the DfE's own names."""

import json
from collections.abc import Iterator
from functools import partial
from xml.etree import ElementTree as ET

from alertbus_education import EducationAdapter, Profile, TransferFiles
from alertbus_education.schema import FULL_ALONE, encompass_schema

from tests.sectors.frame import PLUGINS, Case, by_schema, the_tests
from tests.sectors.numbers import must_be_read, of_system

SECTOR_CHECK = (
    "own JSON Schema education-encompass.v1 (no public one exists), minimal and full profile, with the fields of the statutory guidance; "
    "UPN vectors; CTF by the element names of the DfE's writer (its schema was not obtained)"
)
DATA = PLUGINS / "education" / "tests" / "data"
TRANSFERS, TOLD = (the_tests("education", f"test_{name}") for name in ("transfers", "education"))
GUIDANCE = json.loads((DATA / "operation-encompass-fields.json").read_text(encoding="utf-8"))
MINIMAL = {
    "first name": ("children", "first_name"),
    "surname": ("children", "surname"),
    "date of birth": ("children", "date_of_birth"),
    "incident date": ("incident", "date"),
    "incident time": ("incident", "hour"),
    "present at incident yes/no": ("children", "present"),
    "welfare check made yes/no": ("incident", "welfare_check"),
}
"""The guidance's fields, in its own words, with where each stands in the message."""
FULL = {
    "child full name and date of birth (each child at that setting related to any adult involved)": {
        "date_of_birth",
        "first_name",
        "surname",
    },
    "police reference number": {"police_reference"},
    "location, time and date of incident": {"location", "time", "date"},
    "whether children were present, and if so where": {"children_present", "children_where"},
    "voice of the child: was the child spoken to, what they said, who was present": {"voice_of_the_child"},
    "circumstances of the incident": {"circumstances"},
}


def cases() -> Iterator[Case]:
    for profile in Profile:
        for name, case in by_schema(EducationAdapter(profile=profile), encompass_schema()):
            yield f"{profile}: {name}", case
    yield "the guidance's fields are all placed", _all_placed
    yield "minimal: every field of the guidance, and nothing else of an incident or a child", _minimal
    yield "full: every field of the guidance", _full
    for value, good in of_system("upn"):
        yield f"UPN that is {'one' if good else 'none'}: {value}", partial(_upn, value, good=good)
    yield "CTF: the elements read are the DfE's", _elements


def _all_placed() -> None:
    assert list(MINIMAL) == GUIDANCE["minimal"]
    assert list(FULL) == GUIDANCE["full"]


def _minimal() -> None:
    sent = TOLD.rendered(TOLD.encompass())
    assert {part: set(sent[part] if part == "incident" else sent[part][0]) for part in ("children", "incident")} == {
        part: {field for where, field in MINIMAL.values() if where == part} | ({"children_present"} if part == "incident" else set())
        for part in ("children", "incident")
    }


def _full() -> None:
    sent = TOLD.rendered(TOLD.encompass(), "full")
    there = set(sent["incident"]) | set(sent["children"][0])
    assert set().union(*FULL.values()) <= there
    assert set(FULL_ALONE) <= set(sent["incident"])


def _upn(value: str, *, good: bool) -> None:
    raw = TRANSFERS.transfer(TRANSFERS.pupil(value))
    must_be_read(lambda: TransferFiles().parse(raw, {}), "CTfile.CTFpupilData.Pupil[0].UPN", good=good)


def _elements() -> None:
    """The sample file has no element that the DfE's writer does not know."""
    known = _names(json.loads((DATA / "ctf-structure.json").read_text(encoding="utf-8")))
    sample = ET.fromstring(TRANSFERS.transfer(TRANSFERS.pupil(more=TRANSFERS.IN_CARE)))
    assert {element.tag for element in sample.iter()} <= known | {"Header"}


def _names(part: object) -> set[str]:
    if isinstance(part, dict):
        return {name for key, inner in part.items() for name in ({key} | _names(inner))}
    if isinstance(part, list):
        return set().union(*map(_names, part))
    return set(str(part).partition(" ")[0].split("/"))
