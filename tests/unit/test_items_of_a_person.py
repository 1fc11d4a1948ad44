"""What one person owes by a time or is asked for, asked of the chronicle on SQLite: by whom the cases name, and in whose place they answer."""

from collections.abc import AsyncIterator, Collection
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.chronicle.inbox_order import EVERYTHING
from alertbus.chronicle.item_queries import ItemsAsked, ItemsOf, page_of_parts
from alertbus.chronicle.item_sight import ItemShown, ItemSight
from alertbus.chronicle.projector import apply, read
from alertbus.chronicle.rebuild import make_tables
from alertbus.chronicle.worker_inbox import Theirs
from alertbus.chronicle.worker_items import parts_of_worker
from alertbus.model.case import Case, Involvement, Level
from alertbus.model.item import Item, ItemState, ItemStep, StepKind
from alertbus.model.notice import Deed
from alertbus.reach.roster import BEGINNING, FOREVER
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine
from tests.story import POLICY, Log, a_case, a_notice, an_item, hours, unowned

NOW = hours(48)
AGENCY = "childrens_social_care"
HOLDER = ItemSight(AGENCY, None)
CLOCK = {"agency": AGENCY, "role": "social_worker", "rule": "visit"}
TO_MANAGER = {"agency": AGENCY, "role": "team_manager", "rule": "plan_meeting"}


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Database]:
    engine = make_engine(f"sqlite:///{tmp_path}/bus.db")
    await make_tables(engine)
    yield engine
    await engine.dispose()


async def told(engine: Database, log: Log) -> None:
    async with engine.begin() as connection:
        await apply(connection, read(log.records))


def in_place_of(*names: str, roles: Collection[str] = ()) -> Theirs:
    """Somebody who answers for these people, and for these roles where nobody is named."""
    return lambda asked: asked.named in names if asked.named is not None else asked.role in roles


async def owed(engine: Database, theirs: Theirs, asked: ItemsAsked = ItemsAsked.OPEN, **given: Any) -> list[ItemShown]:
    limit, after, agency = given.pop("limit", 100), given.pop("after", None), given.pop("agency", AGENCY)
    parts = parts_of_worker(agency, asked, ItemsOf(**{"exercise": None, **given}), theirs, NOW)
    return await page_of_parts(engine, POLICY, HOLDER, parts, now=NOW, limit=limit, after=after)


def ids(found: list[ItemShown]) -> list[str]:
    return [one.id for one in found]


def on(case_id: str, *named: dict[str, Any], **stated: Any) -> Case:
    people = [{"agency": AGENCY, **one} for one in named]
    return a_case(case_id, involvements=[{"agency": AGENCY}, *people], **stated)


def worker(name: str, since: float | None, until: float | None = None, level: str = "worker") -> dict[str, Any]:
    spell = {"from": since, "to": until}
    return {"level": level, "worker": name, **{key: hours(at).isoformat() for key, at in spell.items() if at is not None}}


async def test_a_clock_is_theirs_whom_the_case_names_last_and_their_managers_where_the_manager_owes_it(engine: Database) -> None:
    log = Log()
    log.case(on("c1", worker("Ada", 0), worker("Jo", 24), worker("Lee", 0, level="manager"), worker("Kim", 72)))
    log.case(on("c2", worker("Ada", 0), worker("Jo", 0, 24)))
    log.case(on("c3", {"level": "worker", "worker": "Ada"}))
    for case_id in ("c1", "c2", "c3"):
        log.item(an_item(f"visit {case_id}", case_id=case_id, **CLOCK))
        log.item(an_item(f"meeting {case_id}", case_id=case_id, **TO_MANAGER))
    await told(engine, log)

    assert ids(await owed(engine, in_place_of("Jo"))) == ["visit c1"]
    assert ids(await owed(engine, in_place_of("Ada"))) == ["visit c2"], "who is named without any date is named for nothing"
    assert ids(await owed(engine, in_place_of("Lee"))) == ["meeting c1"]
    assert ids(await owed(engine, in_place_of("Kim"))) == [], "not there yet"
    assert ids(await owed(engine, in_place_of("Ada", "Jo"))) == ["visit c1", "visit c2"], "a cover's own, and in another's place"
    assert ids(await owed(engine, in_place_of(roles={"social_worker"}))) == ["visit c3"], "where nobody is named, who has the role"
    assert ids(await owed(engine, in_place_of("Ada"), case_id="c1")) == []


async def test_an_answer_is_theirs_of_whom_it_is_asked_also_before_its_first_step_and_after_the_last(engine: Database) -> None:
    log = Log()
    log.case(on("case-1"))
    log.notice(a_notice("n1", "no step yet", agency=AGENCY, due=hours(72), recipient="Ada"))
    log.notice(a_notice("n2", "late", agency=AGENCY, due=hours(20), recipient="Ada"))
    step = ItemStep(kind=StepKind.NEXT, role="team_manager", at=hours(20))
    asked = a_notice("n3", "late", agency=AGENCY, due=hours(20), recipient=None, deed=Deed.ESCALATE, step=step)
    log.notice(asked.model_copy(update={"obligation": asked.obligation.model_copy(update={"role": "team_manager"})}))
    log.item(unowned("late", hours(30), agency=AGENCY, due=hours(20)))
    log.notice(a_notice("n4", "no time", agency=AGENCY, recipient="Ada"))
    await told(engine, log)

    assert ids(await owed(engine, in_place_of("Ada"))) == ["late", "no step yet"]
    assert ids(await owed(engine, in_place_of(roles={"team_manager"}))) == ["late"]
    assert ids(await owed(engine, in_place_of("Ada"), ItemsAsked.OVERDUE)) == ["late"]
    assert ids(await owed(engine, in_place_of("Ada"), ItemsAsked.UNOWNED)) == ["late"]
    assert ids(await owed(engine, in_place_of("Jo"))) == []
    assert ids(await owed(engine, in_place_of("Ada"), agency="police")) == []
    assert ids(await owed(engine, in_place_of("Ada"), agency=None)) == ["late", "no step yet"]


async def test_what_is_recorded_or_of_an_exercise_is_not_among_what_is_real_and_open(engine: Database) -> None:
    log = Log()
    log.case(on("c1", worker("Ada", 0)))
    log.case(on("d1", worker("Ada", 400), exercise="drill"))
    log.item(an_item("open", case_id="c1", **CLOCK))
    log.item(an_item("met", ItemState.MET, hours(2), case_id="c1", closed_at=hours(2), **CLOCK))
    log.item(an_item("late", ItemState.MISSED, hours(30), case_id="c1", due=hours(30), **CLOCK))
    log.item(an_item("rehearsed", case_id="d1", exercise="drill", **CLOCK))
    await told(engine, log)

    assert ids(await owed(engine, in_place_of("Ada"))) == ["open", "late"]
    assert ids(await owed(engine, in_place_of("Ada"), ItemsAsked.OVERDUE)) == ["late"]
    assert ids(await owed(engine, in_place_of("Ada"), exercise="drill")) == ["rehearsed"], (
        "whenever they are there: a drill has its own time"
    )
    assert len(await owed(engine, in_place_of("Ada"), exercise=EVERYTHING)) == 3


async def test_their_pages_follow_each_other(engine: Database) -> None:
    log = Log()
    for n in range(12):
        log.case(on(f"c{n}", worker("Ada" if n % 3 else "Jo", 0)))
        log.item(an_item(f"visit {n:02}", case_id=f"c{n}", due=hours(50 + n), **CLOCK))
        log.notice(a_notice(f"n{n}", f"asked {n:02}", agency=AGENCY, case_id=f"c{n}", due=hours(50 + n), recipient="Ada"))
    await told(engine, log)
    every = ids(await owed(engine, in_place_of("Ada")))
    assert len(every) == 8 + 12

    found: list[str] = []
    while page := await owed(engine, in_place_of("Ada"), limit=3, after=found[-1] if found else None):
        found += ids(page)

    assert found == every


NAMES = ("Ada", "Jo", "Lee")
SPELLS = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from(["worker", "manager"]),
    st.sampled_from([None, 0, 10, 48, 60]),
    st.sampled_from([None, 20, 47, 48, 90]),
).filter(lambda one: one[2] is None or one[3] is None or one[2] < one[3])


@given(
    cases=st.lists(st.lists(SPELLS, max_size=4, unique_by=lambda one: (one[2], one[3])), min_size=1, max_size=4),
    mine=st.sets(st.sampled_from(NAMES)),
    roles=st.sets(st.sampled_from(["social_worker", "team_manager"])),
)
async def test_whoever_is_named_the_clocks_are_those_that_a_notice_of_now_would_be_addressed_to(
    tmp_path_factory: pytest.TempPathFactory, cases: list[list[tuple[Any, ...]]], mine: set[str], roles: set[str]
) -> None:
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('law')}/bus.db")
    await make_tables(engine)
    log, expected = Log(), set[str]()
    for n, spells in enumerate(cases):
        case = on(f"c{n}", *(worker(name, since, until, level) for name, level, since, until in spells))
        log.case(case)
        for stated in (CLOCK, TO_MANAGER):
            item = an_item(f"{stated['rule']} c{n}", case_id=case.id, **stated)
            log.item(item)
            named = addressed_now(case, item)
            if named in mine or (named is None and item.role in roles):
                expected.add(item.id)
    await told(engine, log)

    found = await owed(engine, in_place_of(*mine, roles=roles))
    await engine.dispose()

    assert set(ids(found)) == expected


def addressed_now(case: Case, item: Item) -> str | None:
    level = Level.MANAGER if item.role == "team_manager" else Level.WORKER
    there = [one for one in case.involvements if one.level is level and (one.from_ or one.to) and _holds(one, NOW)]
    return max(there, key=lambda one: (one.since or BEGINNING, one.worker or "")).worker if there else None


def _holds(one: Involvement, at: datetime) -> bool:
    return (one.since or BEGINNING) <= at <= (one.until or FOREVER)
