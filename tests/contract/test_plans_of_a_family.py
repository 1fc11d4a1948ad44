"""What the bus asks its database on the way of an alert goes by index, whatever the county has."""

from typing import Any

import pytest

from tests.family_story import a_family
from tests.plans_asked import asked_of, scans_of

pytestmark = pytest.mark.kafka

SHORT = (
    *("CONSTANT ROW", "(subquery"),
    *("staff_team USING", "directory_version", "directory_revised", "chronicle_progress"),
    *("directory_case USING INDEX ix_directory_case_unpublished", "directory_said USING INDEX ix_directory_said_unpublished"),
    "chronicle_receipt USING INDEX ix_chronicle_receipt_untold",
)
"""What may be read from end to end: the teams of an area, one row, what waits to be published, the partitions of some topics."""


async def test_no_statement_from_a_family_s_first_alert_to_its_last_reads_a_table_from_end_to_end(gateway: Any) -> None:
    with asked_of(gateway.inside.engine) as asked:
        await a_family(gateway)
    scans = await scans_of(gateway.inside.engine, asked)

    assert len(scans) > 50
    assert not {one: found for one, lines in scans.items() if (found := [line for line in lines if not line.startswith(SHORT)])}
