"""What the forms of this room share: reading what was typed, the people it is about, and a fault where its field is. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fastapi.datastructures import FormData

from alertbus.desk.sending.written_days import DAY_WANTED, day_written
from alertbus.model.errors import Fault

Fields = dict[str, str]
"""What stands in the fields of a form, by their names."""

MOST_PEOPLE = 12
LONGEST_FIELD = 20_000
"""Characters of one field: forty pages. Longer papers stay with who wrote them."""

_SURROGATE = re.compile("[\ud800-\udfff\0]")

NUMBERS: Mapping[str, str] = {
    "nhs_number": "NHS number",
    "upn": "Pupil number (UPN)",
    "uln": "Learner number (ULN)",
    "la_child_id": "Social care's number for the child",
    "pnc": "Police number (PNC)",
    "prison_number": "Prison number",
    "crn": "Probation number (CRN)",
}
"""Numbers that a form takes, in the words of who has them."""

PARTS: Mapping[str, str] = {"child": "A child", "parent": "A parent or carer", "subject": "Another adult"}
"""What somebody is to the concern: `child` is among the alert's children, the others are roles of its subjects."""


class FormFaults(Exception):
    """What is wrong, by field, in the words of whoever fills it in."""

    def __init__(self, by_field: Mapping[str, str]) -> None:
        self.by_field = dict(by_field)
        super().__init__(f"{len(self.by_field)} field(s)")


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A part of the page on which answers are checked: its heading, and what was answered to what."""

    title: str
    rows: tuple[tuple[str, str], ...]
    anchor: str


def fields_of(form: FormData, known: re.Pattern[str]) -> Fields:
    """Give the fields that the form knows, as they were typed; the line ends of browsers as those of text."""
    found: Fields = {}
    for name in form:
        value = form.get(name)
        if isinstance(value, str) and known.fullmatch(name) and value.strip():
            found[name] = _SURROGATE.sub("", value.replace("\r\n", "\n"))[:LONGEST_FIELD]
    return found


def numbered(typed: Mapping[str, str], group: str) -> list[int]:
    """The numbers of a group's entries that hold something, in order."""
    return sorted({int(name.split("-")[1]) for name, value in typed.items() if name.startswith(f"{group}-") and value.strip()})


def shown_entries(typed: Mapping[str, str], group: str, most: int) -> list[int]:
    """The numbers of a group's entries that the form shows: as many as were asked for, and never less than stand there."""
    asked = typed.get(f"{group}s", "")
    wanted = int(asked) if asked.isdecimal() and asked.isascii() else 1
    return list(range(min(most, max(1, wanted, *(number + 1 for number in numbered(typed, group) or [0])))))


def one_more(typed: Fields, group: str, most: int) -> tuple[Fields, str]:
    """Give the form with one entry more, and where it stands."""
    number = min(most, len(shown_entries(typed, group, most)) + 1)
    return {**typed, f"{group}s": str(number)}, f"{group}-{number - 1}"


def without(typed: Fields, group: str, gone: int, most: int) -> tuple[Fields, str]:
    """Give the form without one entry; those behind it move up."""
    count = len(shown_entries(typed, group, most))
    kept: Fields = {}
    for name, value in typed.items():
        if not name.startswith(f"{group}-"):
            kept[name] = value
            continue
        _, number, field = name.split("-", 2)
        if int(number) != gone:
            kept[f"{group}-{int(number) - (int(number) > gone)}-{field}"] = value
    return {**kept, f"{group}s": str(max(1, count - 1))}, f"{group}-{max(0, gone - 1)}"


def text(typed: Mapping[str, str], name: str) -> str:
    return typed.get(name, "").strip()


def person_typed(typed: Mapping[str, str], number: int, faults: Fields) -> dict[str, Any]:
    """Give the person of an entry as an alert has them. What cannot be read stands among `faults`."""
    at = f"person-{number}"
    person: dict[str, Any] = {}
    name = {part: text(typed, f"{at}-{part}") for part in ("given", "family") if text(typed, f"{at}-{part}")}
    if name:
        person["name"] = name
    if called := text(typed, f"{at}-called"):
        person["label"] = called
    if born := text(typed, f"{at}-born"):
        day = day_written(born)
        if day is None:
            faults[f"{at}-born"] = f"Write the date of birth as {DAY_WANTED}."
        else:
            person["born"] = day.isoformat()
    lines, postcode = text(typed, f"{at}-address"), text(typed, f"{at}-postcode").upper()
    if lines or postcode:
        split = [line.strip() for line in lines.split("\n") if line.strip()]
        person["addresses"] = [{"lines": [*split[:5], *([", ".join(split[5:])] if split[5:] else [])], "postcode": postcode or None}]
    value, system = text(typed, f"{at}-number"), text(typed, f"{at}-system")
    if value and system not in NUMBERS:
        faults[f"{at}-system"] = "Choose what kind of number it is."
    elif value:
        person["identifiers"] = [{"system": system, "value": value}]
    return person


def people_typed(typed: Mapping[str, str], faults: Fields) -> tuple[dict[str, list[dict[str, Any]]], dict[str, str]]:
    """Give `subjects` and `children` of an alert, and for each of their paths the entry of the form that it is."""
    lists: dict[str, list[dict[str, Any]]] = {"subjects": [], "children": []}
    where: dict[str, str] = {}
    entries = [one for one in numbered(typed, "person") if any(text(typed, f"person-{one}-{field}") for field in _SAYS_WHO)]
    for number in entries:
        part = text(typed, f"person-{number}-part")
        if part not in PARTS:
            faults[f"person-{number}-part"] = "Choose whether this is a child, a parent or another adult."
            part = "subject"
        list_ = "children" if part == "child" else "subjects"
        where[f"{list_}[{len(lists[list_])}]"] = f"person-{number}"
        lists[list_].append({"role": part, "person": person_typed(typed, number, faults)})
    if not entries:
        faults["person-0-given"] = "Say who it is about: a name, a number, an address, or what you know of them."
    return lists, where


_SAYS_WHO = ("given", "family", "called", "born", "address", "postcode", "number")
_OF_A_PERSON = (
    ("identifiers", "number"),
    ("name.given", "given"),
    ("name.family", "family"),
    ("born", "born"),
    ("addresses", "postcode"),
    ("label", "called"),
)


def at_fields(faults: Iterable[Fault], where: Mapping[str, str], fields: Callable[[str], str]) -> Fields:
    """Give faults of the intake by the field where each can be mended. `where` is that of `people_typed`, `fields` knows all else."""
    found: Fields = {}
    for fault in faults:
        entry = next((name for path, name in where.items() if fault.path.startswith(f"{path}.")), None)
        if entry is None:
            found.setdefault(fields(fault.path), _sentence(fault))
            continue
        place = fault.path.partition(".person.")[2]
        field = next((name for path, name in _OF_A_PERSON if place.startswith(path)), "given")
        found.setdefault(f"{entry}-{field}", _sentence(fault))
    return found


def _sentence(fault: Fault) -> str:
    if fault.code == "moment_in_future":
        return "This day or time has not come yet. Write when it happened."
    return f"This should be {fault.expected}."


def person_shown(typed: Mapping[str, str], number: int) -> ShownPart:
    """An entry as it is checked before it is sent."""
    at = f"person-{number}"
    name = " ".join(part for field in ("given", "family") if (part := text(typed, f"{at}-{field}")))
    rows = [
        ("Who", PARTS.get(text(typed, f"{at}-part"), "Not stated")),
        ("Name", name or text(typed, f"{at}-called")),
        ("Date of birth", day_shown(day_written(text(typed, f"{at}-born")))),
        ("Address", ", ".join(part for field in ("address", "postcode") if (part := text(typed, f"{at}-{field}").replace("\n", ", ")))),
        (NUMBERS.get(text(typed, f"{at}-system"), "Number"), text(typed, f"{at}-number")),
    ]
    missing = ", ".join(key.lower() for key, value in rows if not value)
    given = [row for row in rows if row[1]]
    return ShownPart(f"Person {number + 1}", (*given, ("Not given", missing)) if missing else tuple(given), at)


def day_shown(day: date | None) -> str:
    return "" if day is None else f"{day.day} {day:%B} {day.year}"


def written_at(more: Mapping[str, Any], now: datetime) -> datetime:
    """When the form was finished, as its draft has it: the same however often it is sent."""
    kept = more.get("written_at")
    return datetime.fromisoformat(kept) if isinstance(kept, str) else now
