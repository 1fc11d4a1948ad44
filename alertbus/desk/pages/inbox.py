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
from alertbus.desk.chooser import chooser
from alertbus.desk.desk import Desk, desk_of
from alertbus.desk.flash import Flash
from alertbus.desk.visitor import Visitor
from alertbus.desk.ways import arrives_at
from alertbus.model.errors import NotFound
from alertbus.model.rights import Right
from alertbus.operations.gauges import last_arrival_s
from alertbus.operations.progress import WATCHDOG_MISSED
from alertbus.serving.inbox_shown import InboxAsked, kinds_of_inbox
from alertbus.serving.returned import just_returned

router = APIRouter(include_in_schema=False)

SHOWN = 15
"""Alerts on a page. Chosen: more than anybody answers in one sitting, and light on a telephone in a car park."""

_SHOWS = {"open": "Waiting", "overdue": "Overdue", "mine": "For me", "answered": "Answered"}
_KIND = r"^[a-z][a-z0-9_]{0,59}$"


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was found, and where to look on."""

    items: tuple[InboxItem, ...]
    next: str | None


@router.get("/")
async def front(request: Request) -> Response:
    """Go to the first page that the visitor may see."""
    visitor = await desk_of(request).visitor(request)
    return RedirectResponse(arrives_at(visitor), 303)


@router.get("/inbox")
async def inbox(
    request: Request,
    show: Annotated[str, Query(pattern="^(open|overdue|mine|answered)$")] = "open",
    kind: Annotated[str | None, Query(pattern=_KIND)] = None,
    after: Annotated[str | None, Query(max_length=200)] = None,
    done: Annotated[str | None, Query(max_length=130)] = None,
    missing: Annotated[bool, Query()] = False,
) -> Response:
    """The cards, the most pressing first; `after` is the cursor of the last alert seen, `done` the answer just given.

    A `kind` that the visitor's agency is never told of by name is none, and is not said back.
    """
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    kinds = kinds_of_inbox(desk.policy, visitor.at)
    kind = kind if kind in kinds else None
    looked = await _looked(desk, visitor, show, kind, after)
    now = desk.now()
    chosen = {"show": show, **({"kind": kind} if kind else {})}
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
        colleagues=await chooser(desk, visitor),
        returned=just_returned(desk.intake.teams.book.staffing, visitor.at, visitor.ref, now),
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
    """Read a page of what is asked for. What is overdue stands first: where it ends, nothing that is overdue follows."""
    state = ObligationState.ACKNOWLEDGED if show == "answered" else OPEN
    asked = InboxAsked(visitor.at, state, worker=visitor.ref if show == "mine" else None, limit=SHOWN, after=after, kind=kind)
    page = await desk.inbox.page(asked)
    if show != "overdue":
        return _Looked(page.items, page.next)
    late = tuple(item for item in page.items if item.overdue)
    return _Looked(late, page.next if len(late) == len(page.items) else None)
