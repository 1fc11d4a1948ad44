"""MESH: the health adapter's messages through NHS England's own client and sandbox, every notice, there once and whole."""

import atexit
from collections.abc import Iterator
from functools import cache
from typing import Any

from alertbus_mesh import Mesh, MeshSettings
from pydantic import SecretStr

from alertbus.plugin import Arrived, Taken
from alertbus.plugin.manager import Plugins
from alertbus.plugin.testing import CANARIES
from tests.mesh.sandbox import OURS, PASSWORD, SHARED_KEY, THEIRS, sandbox
from tests.sectors.frame import Case, notices

SECTOR_CHECK = (
    "NHS England's mesh-client against its own mesh-sandbox: sent once, fetched whole, acknowledged, nothing personal outside the body"
)


def cases() -> Iterator[Case]:
    for number, (name, notice) in enumerate(notices()):
        yield name, lambda number=number, notice=notice: _goes(f"sector-{number}", notice)  # type: ignore[misc]


@cache
def _way() -> Any:
    """One way for all of it, as one agency has one."""
    given = {"mailbox": OURS, "recipient": THEIRS, "password": SecretStr(PASSWORD), "shared_key": SecretStr(SHARED_KEY)}
    way: Any = Mesh().open(MeshSettings(url=sandbox().url, **given))  # type: ignore[arg-type]
    atexit.register(way.close)
    return way


@cache
def _plugins() -> Plugins:
    return Plugins.load()


def _goes(key: str, notice: Any) -> None:
    message = _plugins().render(notice, _plugins().adapter_for("health")).model_copy(update={"idempotency_key": key})
    way = _way()
    for _ in range(2):  # the second is what a worker does that died before it had noted the first
        assert way.send(message, "gp") == Taken(handed_over=True)
    with sandbox().agency() as theirs:
        mine = [one for one in theirs.list_messages() if sandbox().message(one)["local_id"] == key]
        assert len(mine) == 1, f"{len(mine)} messages under one key"
        known = repr(sandbox().message(mine[0]))
        assert not [canary for canary in CANARIES if canary in known], "something personal stands outside the body"
        fetched: Any = theirs.retrieve_message(mine[0])
        assert fetched.read() == message.body
        fetched.close()
        theirs.acknowledge_message(mine[0])
    assert way.track([key]) == {key: Arrived()}
