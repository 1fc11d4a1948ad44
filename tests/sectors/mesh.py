"""MESH: NHS England's own sandbox and client. What a health agency fetches is what the bus sent, byte for byte, and no header tells of it."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from alertbus_health import HealthAdapter
from alertbus_mesh import Mesh, MeshSettings

from alertbus.plugin import Arrived, Message, Notice
from alertbus.plugin.testing import CANARIES
from tests.mesh.sandbox import OURS, PASSWORD, SHARED_KEY, THEIRS, sandbox
from tests.sectors.frame import Case, notices

SECTOR_CHECK = "NHS England's own mesh-sandbox 1.0.137 and mesh-client 5.0.2: sent, fetched, acknowledged, tracked, each message whole"


def carried() -> Iterator[tuple[str, Notice]]:
    """Each kind once, and one kind by every deed: to MESH one message is as another, and each takes it a tenth of a second."""
    return ((name, notice) for name, notice in notices() if name.endswith("deliver") or notice.obligation.kind == "threat_to_staff")


def cases() -> Iterator[Case]:
    for name, _ in carried():
        yield name, lambda name=name: _see(name)  # type: ignore[misc]


def _see(name: str) -> None:
    faults = _sent()[name]
    assert not faults, faults


@cache
def _sent() -> Mapping[str, list[str]]:
    """What is wrong with what came of each notice; each is sent once, by one sandbox for all."""
    mesh, found = sandbox(), {}
    mesh.empty()
    given = {"url": mesh.url, "mailbox": OURS, "recipient": THEIRS, "password": PASSWORD, "shared_key": SHARED_KEY}
    way, adapter = Mesh().open(MeshSettings.model_validate(given)), HealthAdapter()
    with mesh.agency() as theirs:
        for number, (name, notice) in enumerate(carried()):
            message: Message = adapter.render(notice).model_copy(update={"idempotency_key": f"notice-{number}"})
            way.send(message, "health_visiting")
            waiting = theirs.list_messages()
            if len(waiting) != 1:
                found[name] = [f"{len(waiting)} messages wait for the agency"]
                continue
            fetched: Any = theirs.retrieve_message(waiting[0])
            body = fetched.read()
            outside = json.dumps(mesh.message(waiting[0])) + json.dumps({key: str(value) for key, value in vars(fetched).items()})
            fetched.acknowledge()
            faults = [] if body == message.body else ["the agency fetched other bytes"]
            faults += ["a header tells of it"] if any(word in outside for word in (*CANARIES, notice.title)) else []
            faults += [] if way.track([f"notice-{number}"]) == {f"notice-{number}": Arrived()} else ["it is not known that it was fetched"]
            found[name] = faults
    way.close()
    return found
