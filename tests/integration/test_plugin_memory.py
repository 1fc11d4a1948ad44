"""What is remembered of plugins from one start to the next: what each offers, which are set aside, how much of what they said was dropped."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from prometheus_client import generate_latest

from alertbus import unheard
from alertbus.operations.gauges import Vitals, measured
from alertbus.operations.plugin_memory import counting, known, remember, remembered
from alertbus.plugin.manager import Plugins, offer
from alertbus.plugin.plain import Plain
from alertbus.plugin.set_aside import PluginOffer, SetAside
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, migrate

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
async def engine(url: str) -> AsyncIterator[Database]:
    await migrate(url)
    engine = make_engine(url)
    yield engine
    await engine.dispose()


async def test_what_a_plugin_offered_is_known_when_it_cannot_be_imported_any_more(engine: Database) -> None:
    good = Plugins({"fire": offer(adapters=[Plain()])})
    offered = PluginOffer(("plain",), ("plain",), ())

    await remember(engine, good, NOW)
    aside = SetAside.of("fire", "1.0", "ValueError at fire.py:3", await known(engine))
    await remember(engine, Plugins({}, set_aside=[aside]), NOW)

    assert aside.offered == offered
    found = await remembered(engine)
    assert (found["fire"].offered, found["fire"].set_aside) == (offered, "ValueError at fire.py:3")
    await remember(engine, good, NOW)
    assert (await remembered(engine))["fire"].set_aside is None


async def test_what_was_dropped_is_counted_by_plugin_over_all_processes_and_shown_to_prometheus(
    engine: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = asyncio.Event()
    stop.set()
    for count in (3, 4):  # two processes, one after the other
        monkeypatch.setattr(unheard, "_counts", Counter(fire=count))
        await counting(engine, stop, lambda: NOW)
    aside = SetAside.of("rescue", "1.0", "ValueError at rescue.py:3", {})
    await remember(engine, Plugins({}, set_aside=[aside]), NOW)

    assert (await remembered(engine))["fire"].unheard == 7
    text = generate_latest(await measured(Vitals("127.0.0.1:1", engine, lambda: NOW, 0))).decode()
    assert 'alertbus_plugin_unheard_total{plugin="fire"} 7.0' in text
    assert 'alertbus_plugin_set_aside{plugin="rescue"} 1.0' in text
