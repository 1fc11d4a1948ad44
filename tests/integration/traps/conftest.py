"""One broker for most traps: each test invents its own families, and leaves nothing unread."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from alertbus.broker.jars import find_java
from tests.integration.traps.bus import Bus


@pytest.fixture(scope="session")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    async with _running(tmp_path_factory) as bus:
        yield bus


@pytest.fixture(scope="module")
async def bus_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    """For tests of one file that other traps must not share a broker with (see `Bus`)."""
    async with _running(tmp_path_factory) as bus:
        yield bus


@contextlib.asynccontextmanager
async def _running(folders: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    bus = Bus(folders.mktemp("traps"))
    await bus.start()
    try:
        yield bus
    finally:
        await bus.stop()
