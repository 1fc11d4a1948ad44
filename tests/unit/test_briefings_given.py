"""Who is given which briefing again: `GET /v1/briefings/{case}` and `alertbus briefing`, asked of the chronicle on SQLite."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alertbus.chronicle.briefings_given import BriefingsGiven, briefings_given
from alertbus.chronicle.projector import apply, read
from alertbus.chronicle.rebuild import make_tables
from alertbus.model.errors import NotFound
from alertbus.model.events import CaseChanged
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine
from tests.on_a_case import OnACase
from tests.story import POLICY, T0, Log, a_case, accepted, hours

NOW = hours(72)
FOUNDERS = [{"agency": "childrens_social_care"}, {"agency": "gp"}]
JOINED = [
    *FOUNDERS,
    {"agency": "health_visiting"},
    {"agency": "health_visiting", "level": "worker", "worker": "H. Visitor", "from": "2026-01-01"},
    {"agency": "midwifery", "to": "2026-01-06"},
    {"agency": "probation", "scope": "adult_linked", "adult": "adult"},
]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Database]:
    engine = make_engine(f"sqlite:///{tmp_path}/bus.db")
    await make_tables(engine)
    yield engine
    await engine.dispose()


async def a_family_that_was_joined(engine: Database) -> None:
    """Drugs, told while nobody but the founders was there; then health visiting, midwifery and a probation officer join."""
    log, played = Log(), OnACase()
    first = a_case(involvements=FOUNDERS).learned(None, T0)
    second = a_case(involvements=JOINED).learned(first, hours(5))
    drugs = accepted("D-1", hours(1), kind="drug_intelligence", source="police.test")
    log.case(first)
    played.do(CaseChanged(case=first))
    log.alert(drugs)
    log.identified(drugs)
    log.reached(drugs, first.id)
    played.reach(drugs)
    log.case(second)
    played.do(CaseChanged(case=second))
    for notice in played.own:
        log.notice(notice)
    async with engine.begin() as connection:
        await apply(connection, read(log.records))


async def asked(engine: Database, agency: str, **given: Any) -> BriefingsGiven:
    return await briefings_given(engine, POLICY, agency, "case-1", **{"worker": None, "now": NOW, **given})


async def test_vpf_11_an_agency_reads_what_it_was_given(engine: Database) -> None:
    await a_family_that_was_joined(engine)

    found = await asked(engine, "health_visiting")

    assert [one.worker for one in found.briefings] == ["H. Visitor"]
    assert [one.state for one in found.briefings] == ["owed"]
    assert found.briefings[0].notice.briefing
    assert [one.kind for one in found.briefings[0].notice.briefing.stands] == ["drug_intelligence"]


async def test_int_09_drugs_of_long_ago_are_listed_by_day_and_source(engine: Database) -> None:
    await a_family_that_was_joined(engine)

    found = await asked(engine, "health_visiting", now=NOW + timedelta(days=3650))

    assert [(one.kind, one.day, one.source) for one in found.earlier] == [("drug_intelligence", hours(1).date(), "police.test")]


async def test_not_02_who_acts_for_an_adult_reads_its_own_briefing_and_nothing_of_what_came_before(engine: Database) -> None:
    await a_family_that_was_joined(engine)

    found = await asked(engine, "probation")

    assert found.earlier == ()
    assert all(one.notice.children == () or all(child.name is None for child in one.notice.children) for one in found.briefings)


@pytest.mark.parametrize("agency", ["school", "gp", "childrens_social_care"])
async def test_another_agency_and_whoever_was_there_from_the_start_find_none(engine: Database, agency: str) -> None:
    await a_family_that_was_joined(engine)

    with pytest.raises(NotFound):
        await asked(engine, agency)


async def test_end_11_whoever_has_left_the_case_finds_none(engine: Database) -> None:
    await a_family_that_was_joined(engine)
    assert (await asked(engine, "midwifery", now=hours(6))).briefings

    with pytest.raises(NotFound):
        await asked(engine, "midwifery", now=hours(72))


async def test_a_case_that_is_not_there_is_found_by_nobody(engine: Database) -> None:
    with pytest.raises(NotFound, match="no briefing of this agency on such a case"):
        await asked(engine, "health_visiting")


async def test_one_workers_briefings_are_found_by_name(engine: Database) -> None:
    await a_family_that_was_joined(engine)

    assert (await asked(engine, "health_visiting", worker="H. Visitor")).briefings
    with pytest.raises(NotFound):
        await asked(engine, "health_visiting", worker="Somebody else")
