"""What the pages work with: the one desk of this process, and how a page is made of a template."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from fastapi import FastAPI, Request
from fastapi.datastructures import FormData
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader, Undefined
from jinja2.utils import missing
from starlette.responses import Response

from alertbus.desk import in_words
from alertbus.desk.dress import Dress
from alertbus.desk.sending.draft_seal import DraftSeal
from alertbus.desk.sending.drafts import Drafts
from alertbus.desk.sign_in.break_glass import BreakGlass
from alertbus.desk.visitor import Role, Visitor
from alertbus.desk.ways import ways_of
from alertbus.intake.intake import Intake
from alertbus.model.briefing import OWN_SOURCE
from alertbus.model.errors import NotAllowed
from alertbus.model.rights import Right
from alertbus.operations.gauges import Vitals
from alertbus.plugin.wording import plain
from alertbus.policy.policy import Policy
from alertbus.serving.alert_opened import AlertOpener
from alertbus.serving.explanation_shown import ExplanationReader
from alertbus.serving.feed import ChangeFeed
from alertbus.serving.inbox_shown import InboxReader
from alertbus.serving.operations_shown import OperationsReader
from alertbus.serving.reports_shown import ReportReader
from alertbus.serving.reviews_shown import ReviewReader
from alertbus.settings import Settings
from alertbus.sql.database import Database

TEMPLATES = Path(__file__).parent / "templates"
BY_ITSELF = "desk-by-itself"
"""The header of a request that an open page makes without its reader: it keeps no session alive."""
NOTHING_HERE = "No alert, family or page of that address is yours to see. It may have ended for your agency, or the address is not whole."


class DeskDoor(Protocol):
    """Who comes with a request, and whether a form was sent from a page of ours (`sign_in.door`)."""

    async def visitor(self, request: Request, *, counts: bool = True) -> Visitor | None: ...
    async def stays_open(self, request: Request) -> bool: ...
    def way_in(self, request: Request) -> Response: ...
    def form_token(self, request: Request) -> str: ...
    async def checked_form(self, request: Request) -> FormData: ...
    def install(self, app: FastAPI) -> None: ...
    async def close(self) -> None: ...


class NotSignedIn(Exception):
    """Nobody is signed in: they are sent to the door, and come back to the same page."""


@dataclass(slots=True)
class Desk:
    """All that the pages work with. It needs a started producer behind `intake`, and a migrated database."""

    settings: Settings
    database: Database
    intake: Intake
    policy: Policy
    now: Callable[[], datetime]
    dress: Dress = field(default_factory=Dress)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    operators: str = ""
    """The broker as who may put records back from quarantine; empty: as whoever the desk is there."""
    inbox: InboxReader = field(init=False)
    opener: AlertOpener = field(init=False)
    glass: BreakGlass = field(init=False)
    explanations: ExplanationReader = field(init=False)
    feed: ChangeFeed = field(init=False)
    reviews: ReviewReader = field(init=False)
    reports: ReportReader = field(init=False)
    vitals: Vitals = field(init=False)
    seal: DraftSeal = field(init=False)
    drafts: Drafts = field(init=False)
    operations: OperationsReader = field(init=False)
    templates: Environment = field(init=False)
    door: DeskDoor = field(init=False)
    """Given after the rest is made, because its own pages are made here."""

    def __post_init__(self) -> None:
        self.inbox = InboxReader(self.database, self.intake.teams.book, self.policy, self.now)
        self.opener = AlertOpener(self.database, self.intake, self.policy, self.now)
        self.explanations = ExplanationReader(self.database, self.intake, self.policy, self.now)
        self.glass = BreakGlass(self.database, self.intake.audited, self.now)
        self.feed = ChangeFeed(self.database, self.now, self.stopping)
        self.reviews = ReviewReader(self.database, self.intake, self.policy, self.now)
        self.reports = ReportReader(self.database, self.intake, self.policy, self.now)
        self.vitals = Vitals(self.intake.bootstrap, self.database, self.now, self.settings.watchdog_interval_s)
        self.seal = DraftSeal.of_settings(self.settings.desk_draft_key_file, self.settings.data_dir)
        self.drafts = Drafts(self.database, self.seal)
        operators = self.operators or self.intake.bootstrap
        self.operations = OperationsReader(self.settings, self.intake, self.vitals, self.now, operators)
        self.templates = _environment()

    async def visitor(self, request: Request, right: Right | None = None) -> Visitor:
        """Give who comes with this request. Raises `NotSignedIn`, and `NotAllowed` for who has not the right.

        A case holder sees every family, so the role counts only at the agency that the policy names as the one that holds cases: given at
        another by mistake, it gives nothing (decision 0017).
        """
        found = await self.door.visitor(request, counts=BY_ITSELF not in request.headers)
        if found is None:
            raise NotSignedIn
        found = self._as_here(found)
        if right is not None and right not in found.rights:
            raise NotAllowed(f"the right `{right}` is missing; who runs the bus gives it with a role")
        return found

    def _as_here(self, visitor: Visitor) -> Visitor:
        """Give the visitor with what the policy says of them. The door's own pages know them without it, and show the same head."""
        if not self.policy.holds_cases(visitor.at):
            visitor = replace(visitor, roles=visitor.roles - {Role.CASE_HOLDER})
        return replace(visitor, is_asked=self.reviews.may_be_asked(visitor.caller))

    def page(self, request: Request, template: str, /, *, status: int = 200, **values: Any) -> Response:
        """Make a page. `visitor` among the values stands in its head; without one nobody is signed in."""
        now = self.now()
        if values.get("visitor") is not None:
            values["visitor"] = self._as_here(values["visitor"])
        given = {"visitor": None, "form_token": "", "here": request.url.path, "dress": self.dress.root, "now": now} | values
        made = self.templates.get_template(template).render(
            **given, moment=partial(in_words.moment, now=now), day=partial(in_words.day, now=now)
        )
        return HTMLResponse(made, status)

    def shown(self, request: Request, visitor: Visitor, template: str, /, *, status: int = 200, **values: Any) -> Response:
        """Make a page for somebody who is signed in, with the token of its forms."""
        return self.page(request, template, status=status, visitor=visitor, form_token=self.door.form_token(request), **values)


def desk_of(request: Request) -> Desk:
    """The one desk of this process."""
    desk: Desk = request.app.state.desk
    return desk


class _Absent(Undefined):
    """A name that no page was given stops the page; a parameter that a macro was not given is only absent."""

    def __str__(self) -> str:
        if self._undefined_obj is missing:
            self._fail_with_undefined_error()
        return ""

    __html__ = __str__


def _environment() -> Environment:
    """Everything is escaped, and a name that is not there stops the page: nothing is left out by a misspelling."""
    made = Environment(
        loader=ChoiceLoader([FileSystemLoader(TEMPLATES), PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=_Absent,
    )
    made.filters |= {
        "agency": in_words.agency,
        "role": in_words.role,
        "plain": plain,
        "moment": in_words.moment,
        "day": in_words.day,
        "dated": in_words.dated,
        "clock": in_words.clock,
        "to_the_second": in_words.to_the_second,
        "age": in_words.age,
        "number_name": in_words.number_name,
    }
    made.globals |= {
        "span": lambda seconds: in_words.span(timedelta(seconds=seconds)),
        "rulings": in_words.RULINGS,
        "severities": in_words.SEVERITIES,
        "withheld_words": in_words.WITHHELD,
        "said_by_words": in_words.SAID_BY,
        "ways_of": ways_of,
        "own_source": OWN_SOURCE,
    }
    return made
