"""That one agency may not know the kind hides nothing from who holds the case: the chronology keeps the minute and asks for no silence."""

from pathlib import Path
from typing import Any

import pytest

from alertbus.chronicle.chronology import chronology_of
from alertbus.chronicle.projector import apply, read
from alertbus.chronicle.rebuild import make_tables
from alertbus.sql.engine import make_engine
from tests.story import Log, a_case, accepted, bus, hours

PARTNERS = [{"agency": "childrens_social_care"}, {"agency": "nspcc"}, {"agency": "a_charity"}]


@pytest.mark.parametrize(("stated", "hidden"), [({}, False), ({"referrer": {"anonymous": True}}, True)])
async def test_the_chronology_hides_a_source_only_where_the_source_is_to_be_hidden(
    tmp_path: Path, stated: dict[str, Any], *, hidden: bool
) -> None:
    log = Log()
    said = accepted("T-1", hours(0.7), kind="ppn", **{"referrer": None, **stated})
    notices = bus(log, [a_case(involvements=PARTNERS)], [said])
    engine = make_engine(f"sqlite:///{tmp_path}/bus.db")
    await make_tables(engine)
    async with engine.begin() as connection:
        await apply(connection, read(log.records))

    [entry] = await chronology_of(engine, "case-1")
    await engine.dispose()

    assert {n.do_not_reveal_source for n in notices if n.obligation.agency != "childrens_social_care"} == {True}
    assert entry.do_not_reveal_source is hidden
    assert (entry.occurred_at == hours(0.7)) is not hidden
