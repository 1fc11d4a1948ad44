"""Each shipped plugin reaches platinum and passes the check of its own sector: the rows of `make plugins`."""

import pytest

from tests.sectors.frame import Failure, Row, row, shipped
from tests.sectors.run import table


@pytest.mark.parametrize("plugin", shipped())
def test_every_shipped_plugin_reaches_platinum_and_passes_the_check_of_its_sector(plugin: str) -> None:
    found = row(plugin)

    assert found.failures == ()
    assert found.holds, table([found])


def test_a_plugin_without_a_sector_check_is_a_row_that_does_not_hold() -> None:
    found = row("nothing_of_that_name")

    assert not found.holds
    assert "write tests/sectors/nothing_of_that_name.py" in table([found])


def test_a_failure_is_shown_under_its_row_in_one_line() -> None:
    failed = Row("northfield", None, "a check", 3, (Failure("kind x, deliver", "AssertionError: first line\nsecond line"),))

    assert table([failed]).splitlines()[-1].strip() == "FAILED  kind x, deliver: AssertionError: first line"
    assert not failed.holds
