"""Fixtures for every test: one real Kafka per run, and names that no other test uses."""

import importlib.util
import os
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest

from alertbus.broker.jars import find_java
from alertbus.broker.local import LocalKafka

# How long an example takes is not a law's business: another process may have the machine. The rest is as it is set already (CI, must-nots).
hypothesis.settings.register_profile("tests", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("tests")

os.environ.setdefault("ALERTBUS_WATCHDOG_INTERVAL_S", "0")  # a test that wants the watchdog says so


@pytest.fixture(scope="session")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """host:port of a real Apache Kafka. Where there is a Java, a Kafka that does not start fails the test."""
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    broker = LocalKafka(tmp_path_factory.mktemp("kafka"))
    await broker.start()
    try:
        yield broker.bootstrap
    finally:
        await broker.stop()


@pytest.fixture
def topic_prefix() -> str:
    """Begins the names of this test's topics and groups."""
    return f"test-{uuid.uuid4().hex[:12]}"


def _beside(name: str) -> ModuleType:
    """A module of fixtures beside this one."""
    spec = importlib.util.spec_from_file_location(f"alertbus_tests_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_postgres = _beside("postgres")
postgres_url, postgres_database = _postgres.postgres_url, _postgres.postgres_database
keycloak = _beside("keycloak").keycloak


@pytest.fixture
def nothing_stays_imported() -> Iterator[None]:
    """A plugin that a test loads from a path leaves nothing behind for the next one of its name."""
    modules, finders = set(sys.modules), list(sys.meta_path)
    yield
    sys.meta_path[:] = finders
    for name in set(sys.modules) - modules:
        if name.partition(".")[0] != "alertbus":
            del sys.modules[name]
