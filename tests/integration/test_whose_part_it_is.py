"""What is asked of whom, and for how long, on SQLite and on PostgreSQL: a person's part by kind, a team's by age, an agency's items."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from alertbus.chronicle.alert_sight import AlertSight
from alertbus.chronicle.inbox_order import OPEN
from alertbus.chronicle.item_queries import ItemsAsked, items_owed
from alertbus.chronicle.item_sight import ItemSight
from alertbus.chronicle.projector import apply, read
from alertbus.chronicle.queries import alert_status
from alertbus.chronicle.rebuild import make_tables
from alertbus.chronicle.unanswered_ages import UnansweredAges, unanswered_ages
from alertbus.chronicle.worker_inbox import inbox_of_worker
from alertbus.model.briefing import LAPSE, OWN_SOURCE
from alertbus.model.errors import NotFound
from alertbus.model.item import ItemState
from alertbus.model.notice import Notice
from alertbus.plugin.kit.samples import sample_notice, sample_obligation
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine
from tests.story import POLICY, T0, Log, an_item

AGENCY, ADA, JO = "health_visiting", "Ada Obi", "Jo Goldammer"
NOW = T0 + timedelta(days=30)
AGES = (timedelta(minutes=5), timedelta(hours=3), timedelta(days=2), timedelta(days=2), timedelta(days=6), timedelta(days=20))


@pytest.fixture
async def engine(url: str) -> AsyncIterator[Database]:
    engine = make_engine(url)
    await make_tables(engine)
    yield engine
    await engine.dispose()


def owed(n: int, named: str, age: timedelta, **more: object) -> Notice:
    said = {"id": f"owed-{n}", "alert_id": f"alert-{n}", "case_id": f"case-{n}", "agency": AGENCY, "since": NOW - age, "due": None} | more
    return sample_notice(id=f"notice-{n}", obligation=sample_obligation(**said), recipient=named)


async def written(engine: Database, log: Log) -> None:
    async with engine.begin() as connection:
        await apply(connection, read(log.records))


async def test_not_24_what_waits_is_counted_by_team_in_the_band_of_its_age(engine: Database) -> None:
    log = Log()
    for n, age in enumerate(AGES):
        log.notice(owed(n, ADA if n % 2 else JO, age, due=NOW - timedelta(hours=1) if n == 5 else None))
    log.notice(owed(10, ADA, AGES[0], exercise="x1"))
    log.notice(owed(11, ADA, AGES[0], agency="gp"))
    log.notice(owed(12, "Somebody Else", AGES[0]))
    await written(engine, log)

    found = await unanswered_ages(engine, AGENCY, lambda asked: {ADA: "hv.north", JO: "hv.north"}.get(asked.named or ""), NOW)
    apart = await unanswered_ages(engine, AGENCY, lambda asked: f"hv.{(asked.named or '').partition(' ')[0].lower()}", NOW)

    assert found == [
        UnansweredAges(team="hv.north", hour=1, day=1, three_days=2, week=1, longer=1, overdue=1),
        UnansweredAges(team=None, hour=1),
    ]
    assert [(one.team, one.every) for one in apart] == [("hv.ada", 3), ("hv.jo", 3), ("hv.somebody", 1)]
    assert await unanswered_ages(engine, "police", lambda _: None, NOW) == []


async def test_what_one_person_is_asked_of_one_kind_is_a_part_of_what_they_are_asked_in_its_order(engine: Database) -> None:
    log = Log()
    for n in range(12):
        log.notice(owed(n, ADA if n % 2 else JO, timedelta(hours=n), kind="ppn" if n % 3 else "birth"))
    await written(engine, log)

    async def asked(kind: str | None, after: str | None = None, limit: int = 50) -> list[str]:
        page = await inbox_of_worker(engine, AGENCY, OPEN, None, lambda of: of.named == ADA, now=NOW, limit=limit, after=after, kind=kind)
        return [one.cursor if limit == 1 else one.obligation.id for one in page]

    every = await asked(None)
    assert sorted(every) == sorted(f"owed-{n}" for n in range(12) if n % 2)
    assert await asked("birth") == [one for one in every if one in {"owed-3", "owed-9"}]
    assert await asked("ppn") == [one for one in every if one not in {"owed-3", "owed-9"}]
    [first] = await asked("birth", limit=1)
    assert await asked("birth", after=first) == (await asked("birth"))[1:]
    assert await asked("threat_to_staff") == []


async def test_what_the_bus_asks_itself_is_found_by_its_id_for_whom_it_is_asked_of_alone(engine: Database) -> None:
    log = Log()
    log.notice(owed(1, ADA, AGES[0], kind=LAPSE, source=OWN_SOURCE))
    log.notice(owed(2, ADA, AGES[0]))
    await written(engine, log)

    mine, theirs = AlertSight(frozenset({AGENCY}), (), ()), AlertSight(frozenset({"gp"}), (), ())
    found = await alert_status(engine, "alert-1", now=NOW, sight=mine)
    assert (found.source, found.kind, found.statements, [one.id for one in found.obligations]) == (OWN_SOURCE, LAPSE, (), ["owed-1"])
    for alert_id, sight in (("alert-1", theirs), ("alert-2", mine), ("alert-3", mine), ("owed-1", mine)):
        with pytest.raises(NotFound):
            await alert_status(engine, alert_id, now=NOW, sight=sight)


async def test_clk_12_an_agency_asks_for_what_it_owes_itself_and_for_what_another_owes(engine: Database) -> None:
    log = Log()
    for n, agency in enumerate(("childrens_social_care", AGENCY, "childrens_social_care")):
        log.item(an_item(f"item-{n}", ItemState.MISSED, agency=agency, case_id="case-1"))
    await written(engine, log)

    async def asked(sight: ItemSight, owner: str | None) -> list[str]:
        return [one.id for one in await items_owed(engine, POLICY, sight, ItemsAsked.OVERDUE, owner=owner, now=NOW)]

    holder = ItemSight(None, None)
    assert await asked(holder, None) == ["item-0", "item-1", "item-2"]
    assert await asked(holder, "childrens_social_care") == ["item-0", "item-2"]
    assert await asked(ItemSight(AGENCY), AGENCY) == ["item-1"]
    assert await asked(ItemSight(AGENCY), "childrens_social_care") == [], "it is on no case of theirs"
