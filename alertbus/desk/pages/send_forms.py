"""The forms of `/send`: filled in, checked, sent; and what became of it. What is not finished is kept for who wrote it."""

import re
from typing import Any

from fastapi import APIRouter, Request
from fastapi.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from alertbus.audit.chain import AuditedDeed
from alertbus.desk.desk import Desk, desk_of
from alertbus.desk.sending.at_the_form import SIGN_IN, FormSent, form_sent, keep, sender, typed_in
from alertbus.desk.sending.call_form import CallForm
from alertbus.desk.sending.concern_form import ConcernForm
from alertbus.desk.sending.drafts import Draft, new_draft_id, owner_of
from alertbus.desk.sending.form_parts import Fields, FormFaults, written_at
from alertbus.desk.sending.release_form import ReleaseForm
from alertbus.desk.sending.send_form import SendForm, Stating, reference_of
from alertbus.desk.sign_in.door_checks import FormRefused
from alertbus.desk.visitor import Visitor
from alertbus.model.alert import Action, Alert
from alertbus.model.errors import NotFound

router = APIRouter(prefix="/send", include_in_schema=False)

FORMS: tuple[SendForm, ...] = (ConcernForm(), ReleaseForm(), CallForm())
"""In the order in which they are offered."""

STALE = "You have signed in again since you opened this page. Nothing was lost: read it, and continue."
_BUTTON = re.compile(r"[a-z]{3,6}(-[a-z]{5,6}(-\d{1,2})?)?")


class _FormPages:
    """The pages of one form, each at an address of its own: whether somebody may use a form is no secret, whose draft it is stays one."""

    def __init__(self, asked: SendForm) -> None:
        self.asked = asked

    async def begin(self, request: Request) -> Response:
        """Show the empty form."""
        desk, asked = desk_of(request), self.asked
        visitor = await sender(desk, request, asked)
        return _form_page(desk, request, visitor, asked, {}, new_draft_id())

    async def go_on(self, draft_id: str, request: Request) -> Response:
        """Show the form with what was typed before."""
        desk, asked = desk_of(request), self.asked
        visitor = await sender(desk, request, asked)
        draft = await _draft(desk, visitor, asked, draft_id)
        return (
            _form_page(desk, request, visitor, asked, dict(draft.typed), draft_id) if draft.reference is None else _to_sent(asked, draft_id)
        )

    async def filled_in(self, request: Request) -> Response:
        """Take the form: one more entry or one less, kept for later, or on to the check."""
        desk, asked = desk_of(request), self.asked
        sent = await form_sent(desk, request, asked)
        if isinstance(sent, Response):
            return sent
        typed, do = typed_in(desk, asked, sent.form), _button(sent.form)
        if sent.stale:
            return _form_page(desk, request, sent.visitor, asked, typed, sent.draft_id, notice=STALE)
        if changed := asked.changed(typed, do):
            return _form_page(desk, request, sent.visitor, asked, changed[0], sent.draft_id, begin_at=changed[1])
        if do == "keep":
            await keep(desk, sent.owner, sent.draft_id, asked, typed)
            return RedirectResponse(f"/send?kept={sent.draft_id}", 303)
        return await _checked(desk, request, asked, sent, typed)

    async def check(self, draft_id: str, request: Request) -> Response:
        """Show what is about to be sent."""
        desk, asked = desk_of(request), self.asked
        visitor = await sender(desk, request, asked)
        draft = await _draft(desk, visitor, asked, draft_id)
        return _check_page(desk, request, visitor, asked, draft) if draft.reference is None else _to_sent(asked, draft_id)

    async def send(self, draft_id: str, request: Request) -> Response:
        """Send it, once: as whoever calls the API would (`POST /v1/alerts`), in the visitor's own name."""
        desk, asked = desk_of(request), self.asked
        if await desk.door.visitor(request) is None:
            return RedirectResponse(SIGN_IN, 303)  # it is kept as a draft already
        visitor = await sender(desk, request, asked)
        try:
            form = await desk.door.checked_form(request)
        except FormRefused:
            return await self._older_page(desk, visitor, draft_id)
        draft = await _draft(desk, visitor, asked, draft_id)
        if draft.reference is not None:
            return _to_sent(asked, draft_id)
        last = {field: value for field, value in form.items() if isinstance(value, str)}
        stating = _stating(desk, visitor, draft_id, draft)
        try:
            alert = asked.alert(draft.typed, last, stating)
        except FormFaults as faults:
            own = {field for field in faults.by_field if field.startswith("last-")}
            if own:
                return _check_page(desk, request, visitor, asked, draft, last=last, errors=faults.by_field)
            return _form_page(desk, request, visitor, asked, dict(draft.typed), draft_id, errors=faults.by_field)
        known = asked.named_by_content and alert.action is Action.RAISED and await desk.intake.alerts.knows(alert.alert_id)
        if not known:
            await _state(desk, visitor, alert)
        await desk.drafts.sent(owner_of(visitor), draft_id, alert.id, alert.alert_id, desk.now())
        return RedirectResponse(f"/send/{asked.name}/{draft_id}/sent{'?before=true' if known else ''}", 303)

    async def _older_page(self, desk: Desk, visitor: Visitor, draft_id: str) -> Response:
        """Send whoever comes from a page that is older than their sign-in to check once more. What was typed last is shown to nobody."""
        try:
            await _draft(desk, visitor, self.asked, draft_id)
        except NotFound:
            raise FormRefused({}) from None
        return RedirectResponse(f"/send/{self.asked.name}/{draft_id}/check", 303)

    async def sent_page(self, draft_id: str, request: Request) -> Response:
        """Say that it was sent, under which reference, and what its sender may learn of it."""
        desk, asked = desk_of(request), self.asked
        visitor = await sender(desk, request, asked)
        draft = await _draft(desk, visitor, asked, draft_id)
        if draft.reference is None:
            raise NotFound("not sent")
        values: dict[str, Any] = {"draft": draft, "asked": asked, "procedure": desk.policy.procedure_of(visitor.at)}
        values["before"] = "before" in request.query_params
        return desk.shown(request, visitor, "send/sent.html", **values)


for _one in FORMS:
    _pages, _at = _FormPages(_one), f"/{_one.name}"
    router.add_api_route(_at, _pages.begin, methods=["GET"])
    router.add_api_route(_at, _pages.filled_in, methods=["POST"])
    router.add_api_route(f"{_at}/{{draft_id}}", _pages.go_on, methods=["GET"])
    router.add_api_route(f"{_at}/{{draft_id}}/check", _pages.check, methods=["GET"])
    router.add_api_route(f"{_at}/{{draft_id}}/check", _pages.send, methods=["POST"])
    router.add_api_route(f"{_at}/{{draft_id}}/sent", _pages.sent_page, methods=["GET"])


async def _checked(desk: Desk, request: Request, asked: SendForm, sent: FormSent, typed: Fields) -> Response:
    """Keep it either way, and go on to the check where nothing is amiss."""
    stating = _stating(desk, sent.visitor, sent.draft_id, None)
    errors: Fields = {}
    try:
        asked.alert(typed, {}, stating)
    except FormFaults as faults:
        errors = {field: words for field, words in faults.by_field.items() if not field.startswith("last-")}
    doubts = asked.doubts(typed)
    await keep(desk, sent.owner, sent.draft_id, asked, typed, finished=not errors and not doubts)
    if errors or doubts:
        return _form_page(desk, request, sent.visitor, asked, typed, sent.draft_id, errors=errors, doubts=doubts)
    return RedirectResponse(f"/send/{asked.name}/{sent.draft_id}/check", 303)


async def _state(desk: Desk, visitor: Visitor, alert: Alert) -> None:
    """By the one door for alerts, after the same checks as a system's, and with the person in the audit before it is done."""
    caller = visitor.caller
    caller.must_state(alert, desk.policy)
    caller.must_not_hide(alert)
    await desk.intake.audited.note(AuditedDeed.STATED, caller, about=[alert.alert_id], reason="stated it at the desk", by=visitor.name)
    await desk.intake.alerts.accept([alert], several=False)


async def _draft(desk: Desk, visitor: Visitor, asked: SendForm, draft_id: str) -> Draft:
    return await desk.drafts.find(owner_of(visitor), draft_id, asked.name, desk.now())


def _stating(desk: Desk, visitor: Visitor, draft_id: str, draft: Draft | None) -> Stating:
    now = desk.now()
    when = now if draft is None else written_at(draft.more, now)
    return Stating(visitor, desk.policy, now, when, reference_of(draft_id), desk.intake.alerts.refused, desk.seal.name_of)


def _to_sent(asked: SendForm, draft_id: str) -> Response:
    return RedirectResponse(f"/send/{asked.name}/{draft_id}/sent", 303)


def _form_page(
    desk: Desk,
    request: Request,
    visitor: Visitor,
    asked: SendForm,
    typed: Fields,
    draft_id: str,
    *,
    errors: Fields | None = None,
    doubts: Fields | None = None,
    notice: str | None = None,
    begin_at: str | None = None,
) -> Response:
    values: dict[str, Any] = {
        "asked": asked,
        "typed": typed,
        "errors": errors or {},
        "doubts": doubts or {},
        "notice": notice,
        "begin_at": begin_at,
        "procedure": desk.policy.procedure_of(visitor.at),
        "kept_as": desk.drafts.mark(owner_of(visitor), draft_id, desk.now()),
        **asked.values(typed, visitor, desk.policy),
    }
    return desk.shown(request, visitor, asked.template, status=422 if errors or doubts else 200, **values)


def _check_page(
    desk: Desk,
    request: Request,
    visitor: Visitor,
    asked: SendForm,
    draft: Draft,
    *,
    last: Fields | None = None,
    errors: Fields | None = None,
) -> Response:
    values: dict[str, Any] = {
        "asked": asked,
        "draft": draft,
        "parts": asked.shown(draft.typed, desk.policy),
        "last": last or {},
        "errors": errors or {},
        "procedure": desk.policy.procedure_of(visitor.at),
    }
    return desk.shown(request, visitor, "send/check.html", status=422 if errors else 200, **values)


def _button(form: FormData) -> str:
    value = form.get("do")
    return value if isinstance(value, str) and _BUTTON.fullmatch(value) else "check"
