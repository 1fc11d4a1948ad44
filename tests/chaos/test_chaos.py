"""The beginning of `make chaos`, as a cut of it for `make test`: two and a half minutes on two cores that are left alone."""

import pytest

from alertbus.broker.jars import find_java
from tests.chaos.run import chaos, tell
from tests.postgres import binary

SEED, FAULTS = 1, 26

pytestmark = [pytest.mark.chaos, pytest.mark.kafka, pytest.mark.timeout(1500)]


async def test_a_bus_that_is_broken_again_and_again_loses_nothing_and_doubles_nothing() -> None:
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    if binary("postgres") is None:
        pytest.skip("PostgreSQL is not installed")

    report = await chaos(SEED, FAULTS, print)

    tell(report, print)
    assert report.is_clean
    assert report.survived == len(report.done) == FAULTS
