"""Who sends a form of this room: the visitor, or whoever was shown its page before their session ended, for whom it is kept."""

from dataclasses import dataclass

from fastapi import Request
from fastapi.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from alertbus.desk.desk import Desk
from alertbus.desk.sending.drafts import new_draft_id, owner_of
from alertbus.desk.sending.form_parts import Fields
from alertbus.desk.sending.send_form import SendForm
from alertbus.desk.sending.written_days import day_written
from alertbus.desk.sign_in.door_checks import FormRefused
from alertbus.desk.visitor import Visitor
from alertbus.intake.acting import act_for
from alertbus.model.case import in_uk
from alertbus.model.errors import NotAllowed
from alertbus.model.rights import Right

MARK = "kept_as"
"""The hidden field that says whose page it is, and which draft (`Drafts.mark`)."""
SIGN_IN = "/sign-in?next=%2Fsend"


@dataclass(frozen=True, slots=True)
class FormSent:
    """A form that its visitor has sent. `stale`: from a page that was older than their sign-in, so that nothing may follow from it yet."""

    visitor: Visitor
    owner: str
    draft_id: str
    form: FormData
    stale: bool = False


async def sender(desk: Desk, request: Request, asked: SendForm | None = None) -> Visitor:
    """Give who is signed in and may state, by this form. Raises `NotSignedIn` and `NotAllowed`."""
    visitor = await desk.visitor(request, Right.STATE)
    if asked is not None and not asked.may(visitor, desk.policy):
        raise NotAllowed("the policy leaves this form to other agencies")
    act_for(visitor.caller.name)
    return visitor


async def form_sent(desk: Desk, request: Request, asked: SendForm) -> FormSent | Response:
    """Read a form. Where nobody is signed in any more, what was typed is kept for who was shown the page, and the answer leads to the door.

    Raises `FormRefused` without what was typed where the page was somebody else's: on a shared computer the next one must not read it.
    """
    if await desk.door.visitor(request) is None:
        return await _kept_for_its_reader(desk, request, asked)
    visitor = await sender(desk, request, asked)
    owner, stale = owner_of(visitor), False
    try:
        form = await desk.door.checked_form(request)
    except FormRefused:
        form = await request.form()
        stale = True
    marked = desk.drafts.marked(_text(form, MARK), desk.now())
    if stale and (marked is None or marked[0] != owner):
        raise FormRefused({})
    draft_id = marked[1] if marked is not None and marked[0] == owner else new_draft_id()
    return FormSent(visitor, owner, draft_id, form, stale)


def typed_in(desk: Desk, asked: SendForm, form: FormData) -> Fields:
    """Give what stands in the form's fields, with today and yesterday as the days that they are now: a draft is read on another day."""
    typed = asked.fields(form)
    day = day_written(typed.get("on", ""), in_uk(desk.now()).date())
    return typed if day is None else {**typed, "on": f"{day.day}/{day.month}/{day.year}"}


async def _kept_for_its_reader(desk: Desk, request: Request, asked: SendForm) -> Response:
    form = await request.form(max_files=0)
    marked, typed = desk.drafts.marked(_text(form, MARK), desk.now()), typed_in(desk, asked, form)
    if marked is not None and typed:
        await keep(desk, marked[0], marked[1], asked, typed)
    return RedirectResponse(SIGN_IN, 303)


async def keep(desk: Desk, owner: str, draft_id: str, asked: SendForm, typed: Fields, *, finished: bool = False) -> None:
    """Keep what was typed. `finished`: it is ready to be sent, as of now."""
    now = desk.now()
    await desk.drafts.keep(owner, draft_id, asked.name, typed, now, {"written_at": now.isoformat()} if finished else None)


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""
