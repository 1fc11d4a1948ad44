"""One broker for all traps: each test invents its own families, and leaves nothing unread."""

from collections.abc import AsyncIterator

import pytest

from alertbus.broker.jars import find_java
from tests.integration.traps.bus import Bus


@pytest.fixture(scope="session")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bus]:
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    bus = Bus(tmp_path_factory.mktemp("traps"))
    await bus.start()
    try:
        yield bus
    finally:
        await bus.stop()
