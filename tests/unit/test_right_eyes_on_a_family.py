"""How a case stands, and the list of families, looked through for a canary in every field, for each agency: nobody finds what is not theirs."""

import copy
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from alertbus.chronicle.case_status import case_status
from alertbus.chronicle.families import FamiliesAsked, families
from alertbus.chronicle.item_sight import ItemSight
from alertbus.model.errors import NotFound
from alertbus.sql.engine import make_engine, metadata
from tests.leaks.asked import (
    KINDS,
    WITH_THE_CHILDREN,
    _of_the_case_status,
    looked_through,
    of_the_list,
    the_alert,
    the_case,
    the_other_case,
)
from tests.leaks.canaries import CASE
from tests.leaks.seen import RECIPIENTS
from tests.leaks.told import canary_policy
from tests.town import Town

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    engine = make_engine(f"sqlite:///{tmp_path_factory.mktemp('eyes') / 'bus.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    town = Town(engine, NOW - timedelta(hours=2))
    await town.put(the_case())
    await town.put(the_other_case())
    for kind in (*KINDS, "violent_person_flag"):
        await town.state(copy.deepcopy(the_alert(kind, others=kind == "drug_intelligence")))
    yield town
    await engine.dispose()


@pytest.mark.parametrize("reader", sorted(RECIPIENTS))
async def test_what_an_agency_is_told_of_how_a_case_stands_is_what_it_may_see(town: Town, reader: str) -> None:
    policy, agency = canary_policy(*KINDS), RECIPIENTS[reader]
    try:
        found = (await case_status(town.engine, policy, CASE["id"], agency, now=NOW)).model_dump_json()
    except NotFound:  # it is not on the case: the front door is on its doubts alone
        found = ""
    listed = await families(town.engine, policy, ItemSight(agency, ()), FamiliesAsked.ALL, now=NOW, limit=50)

    answers = [
        *looked_through("case status", reader, found, _of_the_case_status(reader)),
        *looked_through("families", reader, listed.model_dump_json(), of_the_list(reader)),
    ]
    assert [str(one) for one in answers if one.is_leak] == []
    named = [one.children for one in listed.families if one.case_id == CASE["id"]]
    assert bool(named and named[0]) == (reader in WITH_THE_CHILDREN - {"mash"}), "whoever works with the children sees whose family it is"
