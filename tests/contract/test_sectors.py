"""Each shipped plugin passes the check of its own sector, and its own tests judge it by the kit: the rows of `make plugins`."""

import pytest

from alertbus.plugin.manager import Plugins
from tests.sectors.frame import Failure, Row, row, shipped, suites
from tests.sectors.run import table


@pytest.mark.parametrize("plugin", shipped())
def test_every_shipped_plugin_passes_the_check_of_its_sector(plugin: str) -> None:
    found = row(plugin, kit=False)

    assert found.failures == (), table([found])
    assert found.cases > 0


def test_every_adapter_and_source_is_judged_by_the_kit_in_its_plugins_own_tests() -> None:
    plugins = Plugins.load()
    judged = [suite for plugin in shipped() for suite in suites(plugin)]
    names = {getattr(suite, "adapter", None) or suite.source for suite in judged}

    offered = {one.name for one in (*plugins.adapters.values(), *plugins.sources.values())} - {"plain"}
    assert offered - {one.name for one in names} == set()


def test_a_plugin_without_a_sector_check_is_a_row_that_does_not_hold() -> None:
    found = row("nothing_of_that_name")

    assert not found.holds
    assert "write tests/sectors/nothing_of_that_name.py" in table([found])


def test_a_failure_is_shown_under_its_row_in_one_line() -> None:
    failed = Row("northfield", None, "a check", 3, (Failure("kind x, deliver", "AssertionError: first line\nsecond line"),))

    assert table([failed]).splitlines()[-1].strip() == "FAILED  kind x, deliver: AssertionError: first line"
    assert not failed.holds
