"""`/team`: who is here, who is away and who covers, whose turn it is, what waits too long; what was answered while somebody was away."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from alertbus.desk.cards import family_cards
from alertbus.desk.desk import desk_of
from alertbus.desk.flash import Flash
from alertbus.desk.lapses import LapsesShown, lapses_of
from alertbus.desk.team_cards import team_cards
from alertbus.desk.team_forms import FORMS
from alertbus.intake.item_escalations import EscalationByName
from alertbus.model.errors import InvalidInput
from alertbus.model.rights import Right
from alertbus.model.team import WORKER_REF
from alertbus.serving.returned import answered_while_away
from alertbus.serving.teams_shown import teams_seen

router = APIRouter(prefix="/team", include_in_schema=False)

_DONE = {name: form.done for name, form in FORMS.items()} | {
    "new": "The team is on record, with you as its manager. Add who works in it, and its hours.",
    "back": "They are back: what waits for them is in their own inbox again.",
    "over": "The turn of duty has ended.",
    "asked": "The next person is asked now, and it is on record who had them asked.",
}
_NOBODY_LEFT = {
    "not_late": "Nobody has been reminded of it yet, so nobody else is asked. Take it yourself, or wait for its time.",
    "is_suspended": "Its clock was stopped by a person, with a reason, so nobody else is asked.",
    "is_over": "It is over: somebody has done it, or it was taken back.",
    "nobody_left": "Everybody of its chain has been asked. Take it yourself, or ring the duty lead.",
}


@router.get("")
async def team(
    request: Request,
    changed: Annotated[str | None, Query(pattern=r"^[a-z]{2,10}$")] = None,
    done: Annotated[str | None, Query(max_length=130)] = None,
) -> Response:
    """The teams of the visitor's agency; for who says who answers, what waits for nobody too. `changed`: what was just recorded."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    now = desk.now()
    seen = await teams_seen(desk.intake, visitor.caller, visitor.at, now)
    leads = Right.STAFF in visitor.rights
    cards = team_cards(seen, now, desk.policy)
    return desk.shown(
        request,
        visitor,
        "team.html",
        cards=cards,
        names={card.team.id: card.team.name for card in cards},
        elsewhere=next((one for one in seen.shown.unanswered if one.team is None), None),
        leads=leads,
        answered_for=seen.staff is None and seen.staffing.of(visitor.at) is not None,
        lapses=await lapses_of(desk, visitor) if leads else LapsesShown((), (), more=False),
        changed=_DONE.get(changed or ""),
        flash=await Flash.of(desk, visitor, done),
        back="team",
    )


@router.get("/returned")
async def returned_myself(request: Request) -> Response:
    """What was answered while the visitor was away."""
    visitor = await desk_of(request).visitor(request, Right.RECEIVE)
    return RedirectResponse(f"/team/returned/{visitor.ref}", 303)


@router.get("/returned/{ref}")
async def returned(ref: Annotated[str, Path(pattern=WORKER_REF)], request: Request) -> Response:
    """What was answered while the person of that `ref` was away, by whom, the earliest first."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    now = desk.now()
    found = await answered_while_away(desk.intake, visitor.at, ref, now)
    staff = (await desk.intake.teams.book.fresh()).of(visitor.at)
    return desk.shown(
        request,
        visitor,
        "returned.html",
        who=staff.people[ref] if staff is not None else "",
        away=found.away,
        myself=ref == visitor.ref,
        cards=family_cards(found.items, visitor, now),
    )


@router.post("/items/{item_id}/ask-next")
async def ask_next(item_id: Annotated[str, Path(max_length=200)], request: Request) -> Response:
    """Have the next person of the item's chain asked now, in the visitor's name (CLK-12)."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    await desk.door.checked_form(request)
    try:
        await desk.intake.item_escalations.escalate(item_id, EscalationByName(by=visitor.name), visitor.caller)
    except InvalidInput as error:
        words = tuple(_NOBODY_LEFT.get(one.code, one.expected) for one in error.faults)
        return desk.shown(request, visitor, "fault.html", status=422, title="Nobody else was asked", words=words)
    return RedirectResponse("/team?changed=asked", 303)
