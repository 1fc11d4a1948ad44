"""`/inbox`: what waits for an answer, a card for each family; and finding an alert by its reference."""

import contextlib
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from alertbus.chronicle import queries
from alertbus.chronicle.answers import InboxItem
from alertbus.chronicle.inbox_order import OPEN
from alertbus.chronicle.tables import ObligationState
from alertbus.desk.cards import family_cards
from alertbus.desk.desk import Desk, desk_of
from alertbus.desk.flash import Flash
from alertbus.desk.visitor import Visitor
from alertbus.desk.ways import ways_of
from alertbus.model.errors import NotFound
from alertbus.model.rights import Right
from alertbus.operations.gauges import last_arrival_s
from alertbus.operations.progress import WATCHDOG_MISSED
from alertbus.serving.inbox_shown import InboxAsked

router = APIRouter(include_in_schema=False)

SHOWN = 15
"""Alerts on a page. Chosen: more than anybody answers in one sitting, and light on a telephone in a car park."""

LOOKED_AT = 10
"""Pages that one request looks through for what a filter asks: beyond them a link looks further, so that no page is slow."""

_SHOWS = {"open": "Waiting", "overdue": "Overdue", "mine": "For me", "answered": "Answered"}
_KIND = r"^[a-z][a-z0-9_]{0,59}$"


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a filter left of what was looked at, and where to look on."""

    items: tuple[InboxItem, ...]
    next: str | None


@router.get("/")
async def front(request: Request) -> Response:
    """Go to the first page that the visitor may see."""
    visitor = await desk_of(request).visitor(request)
    return RedirectResponse(ways_of(visitor)[0].href, 303)


@router.get("/inbox")
async def inbox(
    request: Request,
    show: Annotated[str, Query(pattern="^(open|overdue|mine|answered)$")] = "open",
    kind: Annotated[str | None, Query(pattern=_KIND)] = None,
    after: Annotated[str | None, Query(max_length=200)] = None,
    done: Annotated[str | None, Query(max_length=130)] = None,
    missing: Annotated[bool, Query()] = False,
) -> Response:
    """The cards, the most pressing first; `after` is the cursor of the last alert seen, `done` the answer just given."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    looked = await _looked(desk, visitor, show, kind, after)
    now = desk.now()
    chosen = {"show": show, **({"kind": kind} if kind else {})}
    kinds = {name: one.title for name, one in desk.policy.kinds.items()}
    return desk.shown(
        request,
        visitor,
        "inbox.html",
        status=404 if missing else 200,
        cards=family_cards(looked.items, visitor, now),
        count=len(looked.items),
        show=show,
        shows=_SHOWS,
        kind=kind,
        kinds=sorted(kinds.items(), key=lambda pair: pair[1]),
        first_page=after is None,
        further=f"/inbox?{urlencode(chosen | {'after': looked.next})}" if looked.next else None,
        back=f"/inbox?{urlencode(chosen)}",
        flash=await Flash.of(desk, visitor, done),
        missing=missing,
        arrived=await last_arrival_s(desk.vitals),
        late_after=WATCHDOG_MISSED * desk.settings.watchdog_interval_s,
        colleagues=await _colleagues(desk, visitor),
    )


@router.post("/find")
async def find(request: Request) -> Response:
    """Go to the alert with this reference, of those that the visitor may see. The reference stands in no address."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    form = await desk.door.checked_form(request)
    reference = str(form.get("reference") or "").strip()
    if reference and len(reference) <= 200 and reference.isprintable():  # noqa: PLR2004  longer than any sender's id
        with contextlib.suppress(NotFound):
            found = await queries.alert_status(desk.database, reference, now=desk.now(), sight=visitor.caller.sight)
            return RedirectResponse(f"/alerts/{found.alert_id}", 303)
    return RedirectResponse("/inbox?missing=true", 303)


async def _looked(desk: Desk, visitor: Visitor, show: str, kind: str | None, after: str | None) -> _Looked:
    """Read on until a page is full, all is read, or enough was looked at."""
    found: list[InboxItem] = []
    state = ObligationState.ACKNOWLEDGED if show == "answered" else OPEN
    for _ in range(LOOKED_AT):
        asked = InboxAsked(visitor.at, state, worker=visitor.ref if show == "mine" else None, limit=SHOWN, after=after, kind=kind)
        page = await desk.inbox.page(asked)
        for item in page.items:
            after = item.cursor
            if show == "overdue" and not item.overdue:  # what is overdue stands first, so nothing follows
                return _Looked(tuple(found), None)
            if kind is None or item.notice.obligation.kind == kind:
                found.append(item)
                if len(found) == SHOWN:
                    return _Looked(tuple(found), page.next and after if item is page.items[-1] else after)
        if page.next is None:
            return _Looked(tuple(found), None)
    return _Looked(tuple(found), after)


async def _colleagues(desk: Desk, visitor: Visitor) -> list[str]:
    """Who works at the visitor's agency, to hand something over to."""
    staff = (await desk.intake.teams.book.fresh()).of(visitor.at)
    return [] if staff is None else sorted(name for ref, name in staff.people.items() if ref != visitor.ref)
