"""The gateway without HTTP: everything that may be told to the bus, durable on the broker before the call returns.

What cannot be made durable raises `Unavailable` and may be sent again: nothing has a second effect.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from alertbus.broker.producer import Producer
from alertbus.directory.directory import Directory
from alertbus.gateway.accepting import Accepted, Accepting
from alertbus.gateway.answers import Acknowledgement, Answers
from alertbus.gateway.callers import Caller
from alertbus.gateway.casework import Casework
from alertbus.gateway.raw import RawMessages, Received
from alertbus.gateway.sending import LIMIT_S, Sender
from alertbus.model import watchdog
from alertbus.model.alert import Alert
from alertbus.model.case import Case
from alertbus.model.errors import Fault, InvalidInput
from alertbus.model.notice import Intent, Receipt
from alertbus.plugin import Headers
from alertbus.plugin.manager import Plugins

__all__ = ["Accepted", "Intake", "Received"]


class Intake:
    """All that comes in. Safe in any number of processes over one database and one broker."""

    def __init__(
        self,
        engine: AsyncEngine,
        producer: Producer,
        directory: Directory,
        plugins: Plugins,
        now: Callable[[], datetime],
        *,
        limit_s: float = LIMIT_S,
    ) -> None:
        """`limit_s` is how long a caller waits for the broker before being told to come again."""
        self.sender = Sender(producer, limit_s)
        self.accepting = Accepting(engine, self.sender, directory, now)
        self.casework = Casework(engine, self.sender, now)
        self.raw = RawMessages(engine, self.sender, self.accepting, plugins, now)
        self.answers = Answers(engine, self.sender, plugins, now)

    async def accept(self, alert: Alert) -> Accepted:
        """Raises `InvalidInput` with every fault the directory finds, `Unavailable` when it could not be made durable."""
        [accepted] = await self.accepting.accept([alert], several=False)
        return accepted

    async def accept_many(self, alerts: Sequence[Alert]) -> list[Accepted]:
        """All or none, in one go."""
        return await self.accepting.accept(alerts)

    async def knows(self, alert_id: str) -> bool:
        """Whether any statement of the matter was accepted, though the chronicle may not have heard of it yet."""
        return await self.accepting.knows(alert_id)

    async def put_case(self, snapshot: Case, expected_version: int | None = None) -> Case:
        """The case as it now stands: when this returns, the next alert finds its people (see `casework`)."""
        if watchdog.is_reserved(exercise=snapshot.exercise, case_id=snapshot.id):
            raise InvalidInput([Fault("id", "another id, and another exercise: these are the bus's own", "reserved")])
        return await self.casework.put(snapshot, expected_version)

    async def republish(self) -> int:
        """Before the first call of a new process: finish what an earlier one began."""
        return await self.casework.republish()

    async def advance_exercise(self, exercise: str, at: datetime) -> list[str]:
        return await self.casework.advance_exercise(exercise, at)

    async def acknowledge(self, obligation_id: str, by: str, role: str | None, intent: Intent, note: str | None, caller: Caller) -> Receipt:
        said = Acknowledgement(by=by, role=role, intent=intent, note=note)
        return await self.answers.acknowledge(obligation_id, said, caller)

    async def receive_raw(self, plugin: str, raw: bytes, headers: Headers, may: Callable[[Alert], None] = lambda _: None) -> Received:
        return await self.raw.receive(plugin, raw, headers, may)
