"""What the bus asks its database on the way of an alert goes by index, whatever the county has."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, event

from tests.family_story import a_family

pytestmark = pytest.mark.kafka

SHORT = (
    *("CONSTANT ROW", "(subquery"),
    *("staff_team USING", "directory_version", "directory_revised", "chronicle_progress"),
    *("directory_case USING INDEX ix_directory_case_unpublished", "directory_said USING INDEX ix_directory_said_unpublished"),
    "chronicle_receipt USING INDEX ix_chronicle_receipt_untold",
)
"""What may be read from end to end: the teams of an area, one row, what waits to be published, the partitions of some topics."""


def plan_of(asked: str, given: Any, connection: Connection) -> list[str]:
    return [str(row[-1]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", given)]


async def test_no_statement_from_a_family_s_first_alert_to_its_last_reads_a_table_from_end_to_end(gateway: Any) -> None:
    engine = gateway.inside.engine
    asked: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, several: bool) -> None:
        asked.setdefault(statement, parameters[0] if several else parameters)

    event.listen(engine.engine, "before_cursor_execute", note)
    await a_family(gateway)
    event.remove(engine.engine, "before_cursor_execute", note)
    statements = {one: given for one, given in asked.items() if one.startswith(("SELECT", "WITH", "UPDATE", "DELETE", "INSERT"))}
    plans = {one: await engine.read(partial(plan_of, one, given)) for one, given in statements.items()}
    scans = {one: [line for line in plan if line.startswith("SCAN ")] for one, plan in plans.items()}

    assert len(plans) > 50
    assert not {
        one: found for one, lines in scans.items() if (found := [x for x in lines if not x.removeprefix("SCAN ").startswith(SHORT)])
    }
