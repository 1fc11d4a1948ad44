"""What the routes share: the one gateway of this process, the caller of this request, and how the problems of a call are described."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request

from alertbus.audit.anchor import Anchor, anchor_places
from alertbus.audit.keys import load_keys
from alertbus.broker.producer import Producer
from alertbus.database_address import is_loopback
from alertbus.gateway.edge import Counts
from alertbus.gateway.logins import RefusedLogins
from alertbus.intake.acting import act_for
from alertbus.intake.callers import Caller, Callers
from alertbus.intake.intake import Intake
from alertbus.intake.publisher import LIMIT_S
from alertbus.model.errors import NotAllowed, WhoAreYou
from alertbus.model.rights import Right
from alertbus.operations.gauges import Vitals
from alertbus.plugin.manager import Plugins
from alertbus.policy.policy import Policy
from alertbus.serving.feed import ChangeFeed
from alertbus.serving.operations_shown import OperationsReader
from alertbus.serving.reports_shown import ReportReader
from alertbus.serving.reviews_shown import ReviewReader
from alertbus.settings import Settings
from alertbus.sql.database import Database


@dataclass(slots=True)
class Gateway:
    """All that the routes work with. It needs a started producer and a migrated database; `stopping` ends the streams that have no end."""

    settings: Settings
    bootstrap: str
    engine: Database
    producer: Producer
    plugins: Plugins
    policy: Policy
    now: Callable[[], datetime]
    limit_s: float = LIMIT_S
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    counts: Counts = field(default_factory=Counts)
    refused_logins: RefusedLogins = field(default_factory=RefusedLogins)
    failure: Exception | None = None
    """The error that kept the application from starting, if one did."""
    operators: str = ""
    """The broker as who may put records back from quarantine; empty: as `bootstrap`."""
    intake: Intake = field(init=False)
    callers: Callers = field(init=False)
    vitals: Vitals = field(init=False)
    feed: ChangeFeed = field(init=False)
    reviews: ReviewReader = field(init=False)
    operations: OperationsReader = field(init=False)
    reports: ReportReader = field(init=False)

    def __post_init__(self) -> None:
        keys = load_keys(self.settings.audit_key_file, self.settings.data_dir)
        anchor = Anchor(*anchor_places(self.settings.audit_anchor, self.settings.data_dir), self.now)
        self.intake = Intake(self.bootstrap, self.engine, self.producer, self.plugins, self.policy, self.now, self.limit_s, keys, anchor)
        self.vitals = Vitals(self.bootstrap, self.engine, self.now, self.settings.watchdog_interval_s)
        self.feed = ChangeFeed(self.engine, self.now, self.stopping)
        self.reviews = ReviewReader(self.engine, self.intake, self.policy, self.now)
        self.operations = OperationsReader(self.settings, self.intake, self.vitals, self.now, self.operators or self.bootstrap)
        self.reports = ReportReader(self.engine, self.intake, self.policy, self.now)
        self.callers = Callers(self.settings.callers, self.policy)


def gateway_of(request: Request) -> Gateway:
    """The one gateway of this process."""
    gateway: Gateway = request.app.state.gateway
    return gateway


def caller_of(request: Request) -> Caller:
    """Whoever makes this call; its records bear their name from here on. Raises `WhoAreYou`, `NotAllowed` and `NotFound`."""
    callers = gateway_of(request).callers
    if callers.open:
        _same_machine(request)
    caller = _identified(request, request.query_params.get("agency") or None)
    act_for(caller.name)
    return caller


def _identified(request: Request, wanted: str | None) -> Caller:
    gateway = gateway_of(request)
    try:
        return gateway.callers.identify(request.headers.get("authorization", ""), wanted)
    except WhoAreYou as refusal:
        address = request.client.host if request.client else "unknown"
        raise gateway.refused_logins.note(address, gateway.now(), refusal) from None


async def _sees_agencies(request: Request) -> bool:
    """Whether numbers may be told by agency: to who operates, and on this machine where no callers are configured."""
    if gateway_of(request).callers.open:
        return True
    return "authorization" in request.headers and Right.OPERATE in _identified(request, None).rights


async def _gateway(request: Request) -> Gateway:
    return gateway_of(request)


async def _caller(request: Request) -> Caller:
    return caller_of(request)


# Coroutines, though they wait for nothing: FastAPI would call a plain function in a thread of its own.
CurrentGateway = Annotated[Gateway, Depends(_gateway)]
CurrentCaller = Annotated[Caller, Depends(_caller)]
SeesAgencies = Annotated[bool, Depends(_sees_agencies)]


def _same_machine(request: Request) -> None:
    """Refuse a web page that is open in a browser on this machine: without callers configured it would be let in."""
    host = request.url.hostname or ""
    if not is_loopback(host):  # another site's name, made to point here
        raise NotAllowed("call it as localhost or 127.0.0.1: without callers configured no other name is let in")
    if {"x-forwarded-for", "forwarded"} & set(request.headers):
        raise NotAllowed("a proxy brings callers from elsewhere: without callers configured none is let in")
    if request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        raise NotAllowed("a page of another site may not call the bus")


PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def answers(*statuses: int, also: Mapping[int | str, dict[str, Any]] | None = None) -> dict[int | str, dict[str, Any]]:
    """Describe for OpenAPI the problems that a call may answer with, those of every call among them, and its `also`: other answers."""
    described: dict[int | str, dict[str, Any]] = {**(also or {})}
    for status in sorted({401, 403, 422, 429, 500, 503, *statuses}):
        described[status] = {"description": _PROBLEMS[status], "content": PROBLEM}
    return described


_PROBLEMS = {
    401: "No token, or one nobody has",
    403: "Not permitted to this caller",
    404: "No such thing, or not the caller's to see",
    409: "Somebody has decided it otherwise, or it is too late for it",
    412: "Another version stands",
    413: "More bytes than the bus takes",
    415: "A format this call does not read",
    429: "Too many calls without a known token came from there; `Retry-After` says when to try again",
    422: "Something in the input is not right: every fault with its path",
    500: "A defect, with an incident id",
    503: "Broker or database do not answer, or the plugin of a source is out of order; `Retry-After` says when to try again",
}
