"""Ways of the engine that lose records or open doors, and that are not taken: read from the worker as it runs."""

import tomllib
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from alertbus.stream.worker import STOPPED_HARD
from tests.integration.traps.bus import Bus

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"


@pytest.mark.kafka
async def test_the_worker_has_no_agents_no_web_server_and_promises_at_least_once_with_raw_bytes(bus: Bus) -> None:
    async with bus.worker() as worker:
        app = worker.stream.app
        assert dict(app.agents) == {}
        assert app.conf.web_enabled is False
        assert str(app.conf.processing_guarantee.value) == "at_least_once"
        assert not app.in_transaction
        assert (app.conf.key_serializer, app.conf.value_serializer) == ("raw", "raw")
        assert app.conf.producer_acks == -1
        assert app.conf.topic_allow_declare is False
        for table in app.tables.values():
            assert table.changelog_topic.value_serializer == "raw" or table.value_type is bytes


@pytest.mark.kafka
async def test_a_worker_process_listens_on_nothing(bus: Bus) -> None:
    async with bus.child() as child:
        process = psutil.Process(child.pid)
        for one in (process, *process.children(recursive=True)):
            assert [c.laddr for c in one.net_connections() if c.status == psutil.CONN_LISTEN] == []


def test_what_the_promise_hangs_on_is_pinned_exactly_and_installed_so() -> None:
    dependencies = tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]
    for name in ("aiokafka", "faust-streaming", "rocksdict"):
        pinned = next(found for found in dependencies if found.startswith(name))
        assert pinned.split("==") == [name, version(name)]


def test_the_exit_code_that_asks_for_a_restart_is_the_one_written_in_operations() -> None:
    assert STOPPED_HARD == 70
