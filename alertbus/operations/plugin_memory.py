"""What the bus remembers of its plugins from one start to the next, for all processes: what each offers, which are set aside, and how often
each printed or logged something that was dropped. Nothing here is about anybody.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from alertbus import unheard
from alertbus.model.errors import DatabaseUnavailable
from alertbus.operations.plugin_tables import plugin_memory
from alertbus.plugin.manager import Plugins
from alertbus.plugin.set_aside import PluginOffer
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults, reading
from alertbus.waiting import pause

WRITTEN_EACH_S = 5.0
"""How often what was counted is written. Chosen: a metric is read every fifteen seconds or so; nothing is written while nothing is said."""

log = structlog.stdlib.get_logger("alertbus.plugins")


@dataclass(frozen=True, slots=True)
class PluginRemembered:
    """One plugin."""

    offered: PluginOffer | None
    set_aside: str | None
    unheard: int


async def remembered(engine: Database) -> dict[str, PluginRemembered]:
    """Every plugin that was ever seen here, by name. Raises `DatabaseUnavailable`."""
    with database_faults():
        async with reading(engine) as connection:
            rows = (await connection.execute(select(plugin_memory).order_by(plugin_memory.c.plugin))).all()
    return {row.plugin: PluginRemembered(_offered(row.offered), row.set_aside, row.unheard) for row in rows}


async def known(engine: Database) -> dict[str, PluginOffer]:
    """What is known of each plugin that was imported here before."""
    return {plugin: one.offered for plugin, one in (await remembered(engine)).items() if one.offered is not None}


async def remember(engine: Database, plugins: Plugins, now: datetime) -> None:
    """Write down what the plugins offer, and which are set aside, and say so in the log."""
    rows: list[dict[str, object]] = [
        {"plugin": name, "offered": asdict(offered), "set_aside": None, "at": now} for name, offered in sorted(plugins.offered().items())
    ]
    for aside in plugins.set_aside:
        reason = aside.reason.replace(" ", "_")
        log.error("a plugin cannot be imported and is set aside", plugin=aside.plugin, version=aside.version, reason=reason)
        rows.append({"plugin": aside.plugin, "set_aside": aside.reason[:300], "at": now})
    insert = _insert(engine)
    with database_faults():
        async with engine.begin() as connection:
            for row in rows:
                one = insert(plugin_memory).values(**row)
                changed = {name: one.excluded[name] for name in row if name != "plugin"}
                await connection.execute(one.on_conflict_do_update(index_elements=["plugin"], set_=changed))


async def counting(engine: Database, stop: asyncio.Event, now: Callable[[], datetime]) -> None:
    """Write down what was dropped of each plugin's in this process, until `stop`, and the rest then."""
    written: Counter[str] = Counter()
    while True:
        ending = stop.is_set()
        counted = Counter(unheard.counted())
        if fresh := counted - written:
            try:
                await _add(engine, fresh, now())
                written = counted
            except DatabaseUnavailable:
                log.warning("what plugins said was not counted: the database does not answer", count=fresh.total())
        if ending:
            return
        await pause(stop, WRITTEN_EACH_S)


async def _add(engine: Database, fresh: Mapping[str, int], now: datetime) -> None:
    insert = _insert(engine)
    with database_faults():
        async with engine.begin() as connection:
            for plugin, count in sorted(fresh.items()):
                one = insert(plugin_memory).values(plugin=plugin[:100], unheard=count, at=now)
                added = {"unheard": plugin_memory.c.unheard + one.excluded.unheard}
                await connection.execute(one.on_conflict_do_update(index_elements=["plugin"], set_=added))


def _insert(engine: Database) -> Callable[..., sqlite.Insert | postgresql.Insert]:
    return sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert


def _offered(found: Mapping[str, list[str]] | None) -> PluginOffer | None:
    return None if found is None else PluginOffer(**{name: tuple(names) for name, names in found.items()})
