"""What the routes share: the parts of one gateway, and who is calling."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from alertbus.broker.producer import Producer
from alertbus.directory.directory import Directory
from alertbus.gateway.callers import Caller, Callers
from alertbus.gateway.edge import Counts
from alertbus.gateway.intake import Intake
from alertbus.gateway.progress import Progress
from alertbus.gateway.sending import LIMIT_S
from alertbus.plugin.manager import Plugins
from alertbus.policy.policy import Policy
from alertbus.quarantine.depth import Depth
from alertbus.settings import Settings


@dataclass(slots=True)
class Parts:
    """One gateway over a started producer and a migrated database. `stopping` ends the streams that would never end."""

    settings: Settings
    bootstrap: str
    engine: AsyncEngine
    producer: Producer
    plugins: Plugins
    policy: Policy
    now: Callable[[], datetime]
    limit_s: float = LIMIT_S
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    counts: Counts = field(default_factory=Counts)
    failure: Exception | None = None
    """Why the application could not start, where it could not."""
    intake: Intake = field(init=False)
    callers: Callers = field(init=False)
    progress: Progress = field(init=False)
    depth: Depth = field(init=False)

    def __post_init__(self) -> None:
        directory = Directory(self.engine)
        self.intake = Intake(self.engine, self.producer, directory, self.plugins, self.now, limit_s=self.limit_s)
        self.progress = Progress(self.bootstrap)
        self.depth = Depth(self.bootstrap)
        self.callers = Callers(self.settings.callers)


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


async def _caller(request: Request) -> Caller:
    return _parts(request).callers.identify(request)


Bus = Annotated[Parts, Depends(_parts)]
Who = Annotated[Caller, Depends(_caller)]

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def answers(*statuses: int, also: Mapping[int | str, dict[str, Any]] | None = None) -> dict[int | str, dict[str, Any]]:
    """Describe for OpenAPI the problems a call may answer with, those of every call among them, and what else it may."""
    told: dict[int | str, dict[str, Any]] = {**(also or {})}
    for status in sorted({401, 403, 422, 500, 503, *statuses}):
        told[status] = {"description": _TOLD[status], "content": PROBLEM}
    return told


_TOLD = {
    401: "No token, or one nobody has",
    403: "Not permitted to this caller",
    404: "No such thing, or not the caller's to see",
    412: "Another version stands",
    413: "More bytes than the bus takes",
    415: "A format this call does not read",
    422: "Something in the input is not right: every fault with its path",
    500: "A defect, with an incident id",
    503: "Broker or database do not answer; `Retry-After` says when to try again",
}
