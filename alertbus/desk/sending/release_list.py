"""A list of releases: which of its rows are good, what is wrong with the others, and what was sent of it before."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alertbus.desk.sending.form_parts import FormFaults
from alertbus.desk.sending.release_rows import BY_NAME, COLUMNS, release_of, shown_day
from alertbus.desk.sending.send_form import Stating
from alertbus.desk.sending.sheet_reading import REASONS_HEAD, ReadRow
from alertbus.desk.sending.written_days import day_written
from alertbus.intake.alerts import AlertIntake
from alertbus.model.alert import Action, Alert

AT_ONCE = 200
"""Alerts handed to the intake together, as many as it writes together."""


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A row with its alert, or with what is wrong by column. `before`: it was sent before, and is not sent again."""

    row: ReadRow
    alert: Alert | None
    faults: Mapping[str, str]
    before: bool = False

    @property
    def who(self) -> str:
        """Whom the row is about, for whoever uploaded it."""
        cells = self.row.cells
        name = " ".join(cells[part] for part in ("given", "family") if part in cells)
        number = next((cells[part] for part in ("prison_number", "crn", "pnc") if part in cells), "")
        return ", ".join(part for part in (name, number) if part) or "nobody named"

    @property
    def day(self) -> str:
        found = day_written(self.row.cells.get("release_date", ""))
        return shown_day(found) if found else "no day"

    @property
    def wrong(self) -> list[tuple[str, str]]:
        """What is wrong: the column's head, and what is right."""
        return [(BY_NAME[name].head, words) for name, words in self.faults.items()]


@dataclass(frozen=True, slots=True)
class JudgedList:
    """A list as it stands: what is to be sent, what was sent before, and what is wrong."""

    good: tuple[JudgedRow, ...]
    before: tuple[JudgedRow, ...]
    bad: tuple[JudgedRow, ...]


async def judged(rows: Sequence[ReadRow], stating: Stating, intake: AlertIntake) -> JudgedList:
    """Judge every row, without sending anything."""
    every = await asyncio.to_thread(_judged, rows, stating)
    known = await intake.known([one.alert.alert_id for one in every if one.alert])
    every = [_beside_known(one, known) for one in every]
    return JudgedList(
        tuple(one for one in every if one.alert and not one.before),
        tuple(one for one in every if one.before),
        tuple(one for one in every if one.faults),
    )


def _judged(rows: Sequence[ReadRow], stating: Stating) -> list[JudgedRow]:
    seen: dict[tuple[str, Action], int] = {}
    found = []
    for row in rows:
        try:
            alert = release_of(row.cells, stating)
        except FormFaults as faults:
            found.append(JudgedRow(row, None, faults.by_field))
            continue
        first = seen.setdefault((alert.id, alert.action), row.number)
        twice = {"release_date": f"This person and this day stand in row {first} too. Keep one of them."}
        found.append(JudgedRow(row, alert, {}) if first == row.number else JudgedRow(row, None, twice))
    return found


def _beside_known(one: JudgedRow, known: frozenset[str]) -> JudgedRow:
    """What is new and was sent before is not sent again; what changes something must have been sent."""
    if one.alert is None:
        return one
    sent = one.alert.alert_id in known
    if one.alert.action is Action.RAISED:
        return replace(one, before=sent)
    words = "No release of this person on this day was sent from here. Give the day that was sent, or write new."
    return one if sent else JudgedRow(one.row, None, {"change": words})


def kept_rows(rows: Sequence[ReadRow]) -> list[list[Any]]:
    """The rows as a draft keeps them."""
    return [[row.number, row.cells] for row in rows]


def rows_kept(more: Mapping[str, Any]) -> list[ReadRow]:
    """The rows of a draft."""
    return [ReadRow(number, cells) for number, cells in more["rows"]]


def given_back(rows: Sequence[JudgedRow]) -> list[list[str]]:
    """The lines of the file with what failed: the columns as they were, and what is wrong."""
    lines = [[one.head for one in COLUMNS] + [REASONS_HEAD]]
    for one in rows:
        reasons = " ".join(f"{head}: {words}" for head, words in one.wrong)
        lines.append([one.row.cells.get(column.name, "") for column in COLUMNS] + [f"Row {one.row.number}. {reasons}"])
    return lines
