"""A batch of statements asks the directory once, however many they are, and each is answered as if it had asked alone."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from alertbus.directory.case_register import CaseRegister
from alertbus.directory.directory import Directory, Match
from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Case
from alertbus.model.screening import Revealed
from alertbus.plugin.kit.samples import sample_alert
from alertbus.sql.engine import make_engine, metadata

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
FAMILIES = 30


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Any]:
    made = make_engine(f"sqlite:///{tmp_path / 'directory.db'}")
    async with made.begin() as connection:
        await connection.run_sync(metadata.create_all)
    cases = CaseRegister(made)
    for number in range(FAMILIES):
        people: list[dict[str, Any]] = [
            {"key": "adult", "name": {"given": "Zeb", "family": f"Moss{'xyz'[number % 3] * number}"}, "identifiers": crn(number)},
            {"key": "child", "identifiers": [{"system": "prison_number", "value": f"A{number:04}AB"}]},
        ]
        links = [{"person": one["key"], "relation": "relative"} for one in people]
        await cases.record(Case.model_validate({"id": f"c{number}", "people": people, "links": links}), T0, None)
    yield made
    await made.dispose()


def crn(number: int) -> list[dict[str, str]]:
    return [{"system": "crn", "value": f"X{number + 1:06}"}]


def about(*numbers: int, text: str = "Nothing to be read here.", name: str = "") -> AcceptedAlert:
    subjects = [{"person": {"identifiers": crn(number)}} for number in numbers]
    alert = sample_alert(id=f"a-{numbers}{name}", subjects=subjects, children=[], narrative=[{"text": text}], details={}, exercise=None)
    return AcceptedAlert.of(alert, T0)


@contextlib.contextmanager
def asked() -> Iterator[list[str]]:
    """The statements that any database is asked meanwhile."""
    found: list[str] = []

    def heard(*given: Any) -> None:
        found.append(given[2])

    event.listen(Engine, "before_cursor_execute", heard)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", heard)


async def answers(directory: Directory, statements: Sequence[AcceptedAlert]) -> list[tuple[list[Match], tuple[Revealed, ...]]]:
    found = []
    for one in statements:
        matches = await directory.identify(one, T0)
        found.append((matches, await directory.spoken_of(one, [match.person_ids for match in matches])))
    return found


BATCH = [
    *(about(number) for number in range(20)),
    about(20, text="He shouted at Zeb Mossyyyy and left."),
    about(21, text="A0007AB was named."),
    about(22, 23, text="Both were there."),
]
"""People on case files, of whom one alert names others in its words, and one is about two families."""


async def test_a_batch_asks_a_handful_of_statements_however_many_it_holds(engine: Any) -> None:
    directory = Directory(engine)

    with asked() as statements:
        await directory.refresh(BATCH)
        await answers(directory, BATCH)

    questions = [one for one in statements if one.startswith("SELECT")]
    assert len(questions) == 5  # version, numbers of one system, of another, words, who stands on a case file
    assert not [one for one in statements if one.startswith(("INSERT", "UPDATE", "DELETE"))]


async def test_what_is_read_ahead_is_what_each_would_be_told_alone(engine: Any) -> None:
    together, alone = Directory(engine), Directory(engine)
    await together.refresh(BATCH)
    found = await answers(together, BATCH)

    expected = []
    for one in BATCH:
        await alone.refresh([one])
        alone._ahead.forget_people()
        expected += await answers(alone, [one])
    assert found == expected
    assert [len(reveals) > 0 for _, reveals in found][-3:] == [True, True, True]
    assert not any(reveals for _, reveals in found[:-3])


async def test_two_alerts_of_one_batch_about_somebody_new_are_about_one_person(engine: Any) -> None:
    directory = Directory(engine)
    batch = [about(FAMILIES + 1), about(FAMILIES + 1, name="again")]
    await directory.refresh(batch)

    [[first], [second]] = [await directory.identify(one, T0) for one in batch]

    assert first.person_ids
    assert first.person_ids == second.person_ids


async def test_who_was_remembered_is_not_asked_for_again(engine: Any) -> None:
    directory = Directory(engine)
    for name in ("first", "second"):
        batch = [about(number, name=name) for number in range(10)]
        with asked() as statements:
            await directory.refresh(batch)
            await answers(directory, batch)

    assert len([one for one in statements if one.startswith("SELECT")]) == 2  # version, words


async def test_to_look_for_many_marks_reads_no_more_of_the_table_than_them(engine: Any) -> None:
    with asked() as statements:
        await Directory(engine).refresh(BATCH)
    marks = [one for one in statements if "directory_claim" in one]
    assert marks

    def plan(connection: Connection) -> list[str]:
        explained = [(f"EXPLAIN QUERY PLAN {one}", tuple("x" * one.count("?"))) for one in marks]
        return [row[3] for one, values in explained for row in connection.exec_driver_sql(one, values)]

    reads = [step for step in await engine.read(plan) if "directory_claim" in step]
    assert reads
    assert [step for step in reads if "scope=? AND system=? AND value=?" not in step] == []
