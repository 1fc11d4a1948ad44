"""A release from prison as probation and prison state it, from a form or from a row of a list: its columns, its faults, its alert. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from alertbus.desk.sending.form_parts import FormFaults
from alertbus.desk.sending.send_form import Stating
from alertbus.desk.sending.written_days import DAY_WANTED, day_written
from alertbus.model.alert import Alert
from alertbus.model.case import UK, in_uk
from alertbus.model.errors import Fault
from alertbus.model.identifiers import InvalidIdentifier, canonical

Row = Mapping[str, str]
"""What stands in a row, by column; an empty cell is left out."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list: its head, how else people call it, what stands in it, and an example with nobody real in it."""

    name: str
    head: str
    also: tuple[str, ...]
    wanted: str
    example: str = ""


COLUMNS: tuple[Column, ...] = (
    Column(
        "prison_number", "Prison number", ("noms", "noms number", "nomis number", "nomsid"), "a letter, 4 figures, 2 letters", "A1234BC"
    ),
    Column("crn", "CRN", ("probation number", "case reference"), "a letter and 6 figures", "X123456"),
    Column("pnc", "PNC", ("pnc number", "pnc id", "police number"), "as 2012/0052494Q", ""),
    Column("given", "First names", ("given names", "forenames", "forename", "first name"), "as in your record", "Zeb"),
    Column("family", "Family name", ("surname", "last name"), "as in your record", "Quillfeather"),
    Column("born", "Date of birth", ("dob", "born", "birth date"), DAY_WANTED, "31/01/1990"),
    Column("release_date", "Release date", ("date of release", "release"), DAY_WANTED, "14/12/2026"),
    Column("confirmed", "Confirmed", ("sure", "confirmed release"), "yes, or no where the day may change", "yes"),
    Column("conditions", "Licence conditions", ("conditions", "licence"), "one after the other with ; between", "No contact with children"),
    Column("restraining_order", "Restraining order", ("restraining",), "yes, no, or empty where it is not known", "yes"),
    Column("note", "Note", ("notes", "comment"), "anything else, in your words", ""),
    Column("change", "New or changed", ("change", "what changed"), "empty or new; changed; cancelled", "new"),
    Column("recorded_on", "Changed on", ("recorded on",), f"{DAY_WANTED}; only with changed or cancelled", ""),
)
BY_NAME: Mapping[str, Column] = {one.name: one for one in COLUMNS}

NUMBERS = ("prison_number", "crn", "pnc")
"""By the first of these that a row has, a release is known again: give the same one each time."""

_YES, _NO = frozenset({"yes", "y", "true", "1"}), frozenset({"no", "n", "false", "0"})
_ACTIONS = {"": "raised", "new": "raised", "changed": "amended", "cancelled": "withdrawn", "canceled": "withdrawn"}
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


def column_of(head: str) -> str | None:
    """The column that a head of somebody's list means, None for one that is not taken."""
    plain = _plain(head)
    return next((one.name for one in COLUMNS if plain in {_plain(name) for name in (one.name, one.head, *one.also)}), None)


def release_of(row: Row, stating: Stating) -> Alert:
    """Give the alert of a row. Raises `FormFaults` by column, with what is wrong and what is right, and never with what stands there.

    Its id follows from the person's number and the day of the release: the same release is the same alert, in whatever list it stands.
    """
    faults: dict[str, str] = {}
    said = {name: value.strip() for name, value in row.items() if value.strip()}
    born, day = _day(said, "born", faults), _day(said, "release_date", faults)
    numbers = dict(_numbers(said, faults))
    if day is None:
        faults.setdefault("release_date", f"Give the day of the release: {DAY_WANTED}.")
    if not numbers and not (said.get("family") and said.get("given") and (born or "born" in said)):
        faults.setdefault(
            "prison_number", "Say who it is: a prison number, a CRN or a PNC, or else first names, family name and date of birth."
        )
    confirmed, order = _yes_no(said, "confirmed", faults), _yes_no(said, "restraining_order", faults)
    action = _ACTIONS.get(said.get("change", "").casefold())
    if action is None:
        faults["change"] = "Leave this empty, or write new, changed or cancelled."
    changed = action in {"amended", "withdrawn"}
    recorded = _day(said, "recorded_on", faults)
    if changed and recorded is None:
        faults.setdefault("recorded_on", f"Give the day on which it was changed or cancelled: {DAY_WANTED}.")
    if recorded and recorded > in_uk(stating.now).date():
        faults.setdefault("recorded_on", "This day has not come yet.")
    if faults or day is None or action is None:
        raise FormFaults(faults)
    at = _begins(recorded) if changed and recorded else stating.written_at
    person = _person(said, numbers, born)
    reference = release_reference(numbers, said, born, day, stating)
    stated: dict[str, Any] = {
        "id": reference,
        "source": stating.visitor.at,
        "kind": "prisoner_release",
        "action": action,
        "occurred_at": min(_begins(day), at),
        "recorded_at": at,
        "subjects": [{"role": "subject", "person": person}],
        "severity": "high",
        "narrative": [{"text": said["note"], "said_by": "professional"}] if "note" in said else [],
        "details": {
            "release": {
                "date": day.isoformat(),
                "confirmed": confirmed,
                "restraining_order": order,
                "conditions": [part.strip() for part in re.split(r"[;\n]", said.get("conditions", "")) if part.strip()],
            }
        },
    }
    return stating.alert(stated, _at_columns)


def release_reference(numbers: Mapping[str, str], said: Row, born: date | None, day: date, stating: Stating) -> str:
    """The name of a release at its agency. It is made under a key: nobody without it can try out who is meant."""
    number = next((f"{system}:{numbers[system]}" for system in NUMBERS if system in numbers), None)
    who = number or "\x1f".join((said.get("given", "").casefold(), said.get("family", "").casefold(), str(born)))
    made = stating.name_of("release", stating.visitor.at, who, day.isoformat())[:12].upper()
    return "REL-" + "-".join(made[n : n + 4] for n in range(0, 12, 4))


def shown_day(day: date) -> str:
    """A day as a list has it: `14/12/2026`."""
    return f"{day:%d/%m/%Y}"


def _plain(head: str) -> str:
    return _NOT_A_WORD.sub(" ", head.casefold()).strip()


def _begins(day: date) -> datetime:
    return datetime.combine(day, time(), UK)


def _day(said: Row, name: str, faults: dict[str, str]) -> date | None:
    written = said.get(name)
    if written is None:
        return None
    day = day_written(written)
    if day is None:
        faults[name] = f"Write {DAY_WANTED}."
    return day


def _yes_no(said: Row, name: str, faults: dict[str, str]) -> bool | None:
    plain = said.get(name, "").casefold()
    if plain and plain not in _YES | _NO:
        faults[name] = "Write yes or no, or leave it empty."
    return True if plain in _YES else False if plain in _NO else None


def _numbers(said: Row, faults: dict[str, str]) -> Iterable[tuple[str, str]]:
    for system in NUMBERS:
        if system not in said:
            continue
        try:
            yield system, canonical(system, said[system])[1]
        except InvalidIdentifier as fault:
            faults[system] = f"This should be {fault.expected}."


def _person(said: Row, numbers: Mapping[str, str], born: date | None) -> dict[str, Any]:
    name = {part: said[part] for part in ("given", "family") if part in said}
    return {
        "identifiers": [{"system": system, "value": value} for system, value in numbers.items()],
        **({"name": name} if name else {}),
        **({"born": born.isoformat()} if born else {}),
    }


_AT: tuple[tuple[str, str], ...] = (
    ("subjects[0].person.born", "born"),
    ("subjects[0].person.name.given", "given"),
    ("subjects[0].person.name.family", "family"),
    ("details.release.conditions", "conditions"),
    ("details.release.date", "release_date"),
    ("narrative", "note"),
    ("recorded_at", "recorded_on"),
    ("occurred_at", "release_date"),
)


def _at_columns(faults: Iterable[Fault]) -> dict[str, str]:
    found: dict[str, str] = {}
    for fault in faults:
        column = next((name for path, name in _AT if fault.path.startswith(path)), "release_date")
        found.setdefault(column, f"This should be {fault.expected}.")
    return found
