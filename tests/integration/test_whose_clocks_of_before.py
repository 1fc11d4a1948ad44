"""A database of before knows after the migration whose its clocks are, as one that is written today does; on both databases."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import MetaData, Table, select

from alertbus.chronicle import tables
from alertbus.chronicle.case_agencies import case_worker_rows
from alertbus.chronicle.item_rows import item_row
from alertbus.sql.engine import MIGRATIONS, make_engine, migrate
from tests.story import a_case, an_item


async def test_whose_the_clocks_of_before_are_is_read_from_what_stands(url: str, tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(MIGRATIONS, before, ignore=lambda _, names: [name for name in names if "0021" <= name[:4] <= "9999"])
    await migrate(url, before)
    named = {"agency": "gp", "level": "worker", "worker": "Ada Obi"}
    spells = [named | {"from": "2026-07-01", "to": "2026-08-01"}, named, {"agency": "gp"}, named | {"level": "manager", "to": "2027-01-01"}]
    case = a_case(involvements=spells).learned(None, datetime(2026, 6, 1, tzinfo=UTC))
    item = an_item(agency="gp", role="doctor", exercise="drill")
    row = item_row(item, item.model_dump_json(exclude_defaults=True).encode(), 1)
    body = case.model_dump_json(by_alias=True, exclude_defaults=True).encode()
    as_before = Table("chronicle_item", MetaData(), *(one._copy() for one in tables.item.columns if one.name != "owner"))
    engine = make_engine(url)
    async with engine.begin() as connection:
        await connection.execute(as_before.insert(), {name: value for name, value in row.items() if name != "owner"})
        await connection.execute(tables.case_version.insert(), {"case_id": case.id, "version": 1, "body": body})

    await migrate(url)

    async with engine.begin() as connection:
        owners = (await connection.execute(select(tables.item.c.owner))).scalars().all()
        found = [one._asdict() for one in await connection.execute(select(tables.case_worker))]
    await engine.dispose()
    assert owners == [row["owner"]]
    assert found == list(case_worker_rows(case))
    assert len(found) == 2
