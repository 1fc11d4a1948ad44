"""Answering from a card or an alert's page: one step, and within minutes one step back."""

import contextlib

from fastapi import APIRouter, Request
from fastapi.datastructures import FormData
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from alertbus.chronicle import queries
from alertbus.desk.chooser import chooser
from alertbus.desk.desk import Desk, desk_of
from alertbus.desk.visitor import Visitor
from alertbus.intake.acknowledgements import TooLateToUndo
from alertbus.intake.answer_bodies import Acknowledgement, ActedOn, AnswerTakenBack
from alertbus.intake.patience import until_found
from alertbus.model.errors import Fault, InvalidInput, NotFound
from alertbus.model.receipt import Receipt
from alertbus.model.rights import Right
from alertbus.model.validation import faults_of

router = APIRouter(prefix="/obligations/{obligation_id}", include_in_schema=False)

_IN_WORDS = {
    "to": "Give the name of the colleague who takes it on. A team cannot answer; a person can.",
    "note": "Say why it is not yours, so that whoever looks at it understands.",
    "what": "Say in a few words what was done.",
    "intent": "Choose what you will do.",
}


@router.post("/answer")
async def answer(obligation_id: str, request: Request) -> Response:
    """Record the answer in the visitor's own name, and go back to where they were."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    form = await desk.door.checked_form(request)
    said = {"by": visitor.name, "intent": _text(form, "intent"), "note": _text(form, "note"), "to": _text(form, "to")}
    try:
        receipt = await desk.intake.answers.acknowledge(obligation_id, Acknowledgement.model_validate(said), visitor.caller)
    except (InvalidInput, ValidationError) as error:
        return await _again(desk, request, visitor, obligation_id, form, error)
    return await _back(desk, obligation_id, receipt, form)


@router.post("/acted")
async def acted(obligation_id: str, request: Request) -> Response:
    """Record what was done, in the visitor's own name."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    form = await desk.door.checked_form(request)
    try:
        done = ActedOn.model_validate({"by": visitor.name, "what": _text(form, "what")})
        receipt = await desk.intake.answers.acted(obligation_id, done, visitor.caller)
    except (InvalidInput, ValidationError) as error:
        return await _again(desk, request, visitor, obligation_id, form, error)
    return await _back(desk, obligation_id, receipt, form)


@router.post("/answers/{receipt_id}/undo")
async def undo(obligation_id: str, receipt_id: str, request: Request) -> Response:
    """Take an answer back."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    form = await desk.door.checked_form(request)
    try:
        receipt = await desk.intake.answers.undo(obligation_id, receipt_id, AnswerTakenBack(by=visitor.name), visitor.caller)
    except TooLateToUndo:
        minutes = desk.policy.escalation.undo_minutes
        words = f"An answer can be taken back for {minutes} minutes, because others act by it. Answer again instead: your last word counts."
        return desk.shown(request, visitor, "fault.html", status=409, title="It is too late to take that back", words=(words,))
    return await _back(desk, obligation_id, receipt, form)


async def _back(desk: Desk, obligation_id: str, receipt: Receipt, form: FormData) -> Response:
    """Go back once the answer is shown, or after a moment: then the page does not know it yet, and it is on record all the same."""

    async def shown() -> bool | None:
        item = await queries.obligation(desk.database, obligation_id, now=desk.now())
        return any(one.id == receipt.id for one in item.receipts) or None

    with contextlib.suppress(NotFound):
        await until_found(shown, "not shown yet")
    where = _where(form, receipt)
    return RedirectResponse(f"{where}{'&' if '?' in where else '?'}done={obligation_id}.{receipt.id}", 303)


def _where(form: FormData, receipt: Receipt) -> str:
    """Where the form was: a page of ours, or the inbox."""
    back = _text(form, "back") or ""
    if back == "alert":
        return f"/alerts/{receipt.alert_id}"
    if back == "briefing":
        return f"/briefings/{receipt.case_id}"
    if back == "team":
        return "/team"
    show = back if back in {"open", "overdue", "mine", "answered"} else "open"
    return f"/inbox?show={show}"


async def _again(
    desk: Desk, request: Request, visitor: Visitor, obligation_id: str, form: FormData, error: InvalidInput | ValidationError
) -> Response:
    """Show the one form with what was typed and what is missing. Raises `NotFound` for another agency's."""
    faults = error.faults if isinstance(error, InvalidInput) else faults_of(error)
    item = await queries.obligation(desk.database, obligation_id, now=desk.now())
    if not visitor.caller.acts_for(item.obligation.agency):
        raise NotFound("no such obligation")
    values = {
        "item": item,
        "errors": {_field(one): _IN_WORDS.get(_field(one), one.expected) for one in faults},
        "typed": {name: _text(form, name) or "" for name in ("intent", "note", "to", "what", "back")},
        "colleagues": await chooser(desk, visitor),
    }
    return desk.shown(request, visitor, "answer_again.html", status=422, **values)


def _field(fault: Fault) -> str:
    return fault.path.partition(".")[0] or "intent"


def _text(form: FormData, name: str) -> str | None:
    value = form.get(name)
    return value.strip() or None if isinstance(value, str) else None
