"""The desk over the bus that is asked everything: each page, each export and each print, opened by every agency, setting and role.

A page may hold what the API would tell that person, by the tables of `seen`, and no more; its address and its headers hold nothing of
anybody. People follow every link that they are shown, and ask for whatever else has an address, with ids of what is not theirs.
"""

import contextlib
import io
import logging
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import httpx
import structlog
from jinja2 import ChoiceLoader, DictLoader

from alertbus import logs
from alertbus.audit.anchor import Anchor, anchor_places
from alertbus.audit.keys import load_keys
from alertbus.broker.producer import Producer
from alertbus.desk.desk import Desk
from alertbus.desk.visitor import Role, Visitor
from alertbus.desk.web import create_desk_app
from alertbus.intake.intake import Intake
from alertbus.model.rights import Right
from alertbus.run.bootstrap import now, wired
from tests.desk_routes import DeskRoute, route_at, routes_of
from tests.desk_served import TOKEN, OpenDoor
from tests.leaks.asked import (
    BESIDES,
    STATED_BY_THE_SENDER,
    Answer,
    AskedBus,
    _of_the_case_status,
    looked_through,
    of_the_notice,
    text_of_pdf,
)
from tests.leaks.canaries import CASE, FIELDS
from tests.leaks.seen import RECIPIENTS, may_see
from tests.page_read import PageRead

NO_CONTENT = (Role.OPERATIONS, Role.INTEGRATION, Role.AUDITOR)
MOST = 100
"""Addresses that one person opens, what they may try first, then what they are shown."""

FEW = 3

WHAT_CAN_BE_SENT = frozenset({"flag: title", "kind: title"})
"""`/send` says by the policy's own titles which kinds its reader's agency may state (here all of them): that tells of no family."""

_THE_POLICYS = re.compile(r"<select.*?</select>|<datalist.*?</datalist>", re.DOTALL)
"""What a field offers to everybody: every kind of the policy, by its title."""


@dataclass(frozen=True)
class Reader:
    """Somebody at the desk. `column` is their agency in the tables of `seen`, or one of those besides."""

    column: str
    agency: str
    role: Role

    @property
    def visitor(self) -> Visitor:
        agency, _, setting = self.agency.partition(".")
        at = self.agency if setting else None
        return Visitor("Rosa Leserin", "leserin", agency, at, None, frozenset({self.role}), f"session-{self.column}-{self.role}")

    def __str__(self) -> str:
        return f"{self.column} as {self.role}"


def readers() -> Iterator[Reader]:
    """Every agency and setting as a practitioner; every other role where it could differ."""
    every = RECIPIENTS | BESIDES
    for column, agency in every.items():
        yield Reader(column, agency, Role.PRACTITIONER)
    for column in ("csc", "hv", "land"):
        yield Reader(column, every[column], Role.SAFEGUARDING_LEAD)
    yield Reader("police", every["police"], Role.MANAGER)
    for column in ("csc", "hv", "of-others"):  # a case holder elsewhere than where cases are held is none
        yield Reader(column, every[column], Role.CASE_HOLDER)
    for role in NO_CONTENT:
        yield Reader("csc", every["csc"], role)


@dataclass
class AskedDesk:
    http: httpx.AsyncClient
    door: OpenDoor
    routes: list[DeskRoute]
    log: io.StringIO


@contextlib.asynccontextmanager
async def a_desk(bus: AskedBus, spoilt: str | None = None) -> AsyncIterator[AskedDesk]:
    """A desk over this bus. `spoilt`: what a template says at the end of every page, as one would that prints what it should not."""
    stream, before = io.StringIO(), (logging.getLogger().handlers[:], logging.getLogger().level)
    async with wired(bus.settings) as wiring:
        producer = Producer(wiring.bootstrap, client_id="leaks-desk")
        await producer.start()
        logs.configure("json", "DEBUG", "desk", stream=stream)
        try:
            settings = wiring.settings
            keys = load_keys(settings.audit_key_file, settings.data_dir)
            anchor = Anchor(*anchor_places(settings.audit_anchor, settings.data_dir), now)
            intake = Intake(wiring.bootstrap, wiring.engine, producer, wiring.plugins, wiring.policy, now, keys=keys, anchor=anchor)
            desk = Desk(settings, wiring.engine, intake, wiring.policy, now)
            if spoilt is not None:
                _spoil(desk, spoilt)
            desk.door = door = OpenDoor(None)
            app = create_desk_app(desk)
            transport = httpx.ASGITransport(app, raise_app_exceptions=True)  # a page that fails fails the test
            async with httpx.AsyncClient(transport=transport, base_url="http://desk", timeout=60) as http:
                yield AskedDesk(http, door, routes_of(app), stream)
            await intake.close()
        finally:
            logging.getLogger().handlers[:], _ = before
            logging.getLogger().setLevel(before[1])
            structlog.reset_defaults()
            await producer.stop()


def _spoil(desk: Desk, words: str) -> None:
    loader = desk.templates.loader
    assert loader is not None
    layout = loader.get_source(desk.templates, "layout.html")[0]
    spoilt = layout.replace("</main>", f"<p>{words}</p></main>")
    desk.templates.loader = ChoiceLoader([DictLoader({"layout.html": spoilt}), loader])


async def pages_of(bus: AskedBus, desk: AskedDesk, some: Iterator[Reader] | None = None) -> AsyncIterator[Answer]:
    """Everything that each of them is shown."""
    for reader in some or readers():
        desk.door.who = reader.visitor
        async for answer in _opened(bus, desk, reader):
            yield answer
    for answer in looked_through("the log of the desk", "whoever reads logs", desk.log.getvalue()):
        yield answer


async def _opened(bus: AskedBus, desk: AskedDesk, reader: Reader) -> AsyncIterator[Answer]:
    waiting, done = list(_addresses(bus, desk.routes, whole=reader.role is Role.PRACTITIONER)), set()
    while waiting and len(done) < MOST:
        method, path = waiting.pop(0)
        if (method, path) in done or path.startswith(("/dress/", "/sign-")) or path == "/live":
            continue
        done.add((method, path))
        route = route_at(desk.routes, path, method)
        if route is None:
            continue
        place = f"the page {method} {route.path}"
        answer = await (desk.http.get(path) if method == "GET" else desk.http.post(path, data={"form_token": TOKEN}))
        assert answer.status_code < 500, (place, str(reader), answer.status_code)
        kind = _kind(bus, path)
        outside = f"{path} {dict(answer.headers)}"
        for cell in looked_through(f"address and headers of {route.path}", "whoever sees addresses", outside):
            yield cell
        paper = answer.headers.get("content-type") == "application/pdf"
        shown = text_of_pdf(answer.content) if paper else _THE_POLICYS.sub("", answer.text)
        for cell in looked_through(place, str(reader), shown, _allowed(bus, reader, route, path), kind):
            yield cell
        if answer.headers.get("content-type", "").startswith("text/html"):
            waiting += [("GET", link) for link in PageRead(answer.text).links]


def _addresses(bus: AskedBus, routes: list[DeskRoute], *, whole: bool) -> Iterator[tuple[str, str]]:
    """What anybody may try: each alert with its words, each case, and every list. Not `whole`: a few of the alerts."""
    alerts = list(bus.kinds)[: None if whole else FEW]
    for alert_id in alerts:
        yield "POST", f"/alerts/{alert_id}/words"
        yield "GET", f"/inbox?kind={bus.kinds[alert_id]}"
    for alert_id in alerts[:FEW]:
        yield "GET", f"/alerts/{alert_id}"
    for route in routes:
        names = list(route.params(route.filled("x")) or {})
        if "GET" in route.methods and not names:
            yield "GET", route.path
        elif names in (["case_id"], ["case"]) and ("GET" in route.methods or route.path.endswith("/words")):
            for case_id in (CASE["id"], "case-2"):
                yield "GET" if "GET" in route.methods else "POST", route.filled(case_id)


def _kind(bus: AskedBus, path: str) -> str:
    """What kind of alert this address is about, "" where it is about several."""
    for alert_id, kind in bus.kinds.items():
        if alert_id in path:
            return kind
    return path.partition("?kind=")[2]


def _allowed(bus: AskedBus, reader: Reader, route: DeskRoute, path: str) -> frozenset[str]:
    """What may be found.

    The inbox takes a kind that its reader may not know for no kind: it shows all that is theirs, and does not name that kind.
    """
    asked = path.partition("/inbox?kind=")[2]
    if asked and "kind: its name" not in _of_the_reader(bus, reader, route, path):
        return _of_the_reader(bus, reader, route, "/inbox") - {"kind: its name"}
    may_state = route.path == "/send" and Right.STATE in reader.visitor.rights
    return _of_the_reader(bus, reader, route, path) | (WHAT_CAN_BE_SENT if may_state else frozenset())


def _of_the_reader(bus: AskedBus, reader: Reader, route: DeskRoute, path: str) -> frozenset[str]:
    """Of an alert what may be found of its kind, of all else what this reader may know by any way."""
    if reader.role in NO_CONTENT:
        mends = reader.role is Role.INTEGRATION and route.path in {
            "/reviews",
            "/reviews/{item_id}",
        }  # whose system it is that sends what cannot be read
        return frozenset({"alert: source"}) if mends else frozenset()
    holds = reader.column == "csc" and reader.role is Role.CASE_HOLDER
    if holds and not route.path.startswith(("/alerts/", "/inbox")):
        return frozenset(FIELDS) - {"alert: referrer", "alert: unclassified section", "alert: unclassified name"}
    kind = _kind(bus, path)
    kinds = [kind] if kind else list(dict.fromkeys(bus.kinds.values()))
    seen: set[str] = set()
    for one in kinds:
        for case_id in (CASE["id"], "case-2"):
            seen |= of_the_notice(reader.column, case_id, one)
    if not kind or kind == "violent_person_flag":
        seen |= {"flag: title", "flag: action"} if seen else set()
    if reader.column == "sender":
        return STATED_BY_THE_SENDER | {"alert: its minute"} | frozenset(seen)
    if route.path.startswith(("/alerts/", "/inbox")):
        return frozenset(seen)
    briefed = {
        field
        for field in FIELDS
        for one in kinds
        if reader.column in RECIPIENTS and may_see(reader.column, field, one, restricted=False, briefing=True)
    }
    return frozenset(seen | briefed | (_of_the_case_status(reader.column) if reader.column in RECIPIENTS else frozenset()))
