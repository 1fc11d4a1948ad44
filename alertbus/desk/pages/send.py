"""The way to what the visitor's agency may state, and what they have begun and sent."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from alertbus.desk.desk import Desk, desk_of
from alertbus.desk.pages.send_forms import FORMS
from alertbus.desk.sending.at_the_form import sender
from alertbus.desk.sending.drafts import KEPT_FOR, owner_of
from alertbus.desk.visitor import Visitor

router = APIRouter(prefix="/send", include_in_schema=False)


@router.get("")
async def send_page(request: Request) -> Response:
    """Show what can be sent, what waits to be finished, and what was sent."""
    desk = desk_of(request)
    visitor = await sender(desk, request)
    every = await desk.drafts.listed(owner_of(visitor), desk.now())
    values: dict[str, Any] = {
        "forms": [one for one in FORMS if one.may(visitor, desk.policy)],
        "titles": {one.name: one.title for one in FORMS} | {"releases": "A list of releases"},
        "begun": [one for one in every if one.reference is None],
        "sent": [one for one in every if one.reference is not None],
        "kept": request.query_params.get("kept"),
        "stated": _may_state(desk, visitor),
        "days": KEPT_FOR.days,
        "releases": any(one.name == "release" and one.may(visitor, desk.policy) for one in FORMS),
    }
    return desk.shown(request, visitor, "send/send.html", **values)


@router.post("/drafts/{draft_id}/throw-away")
async def throw_away(draft_id: str, request: Request) -> Response:
    """Throw away what was begun: it is gone at once."""
    desk = desk_of(request)
    visitor = await sender(desk, request)
    await desk.door.checked_form(request)
    await desk.drafts.forget(owner_of(visitor), draft_id)
    return RedirectResponse("/send", 303)


def _may_state(desk: Desk, visitor: Visitor) -> list[str]:
    """What the visitor's agency may state by the policy, in its words."""
    policy = desk.policy
    return sorted(rule.title for kind, rule in policy.kinds.items() if rule.audience and policy.lets_state(visitor.at, kind))
