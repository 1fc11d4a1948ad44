"""Breaking the glass: from "there is nothing here for you" to one alert or family for an hour, with a reason, told to the lead.

What is asked for is carried by the form. Whether it exists is said to nobody who has not given a reason; then it is the same page again.
"""

from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from alertbus.desk.desk import Desk, desk_of
from alertbus.desk.sign_in.break_glass import SubjectKind
from alertbus.desk.visitor import Visitor
from alertbus.model.errors import InvalidInput, NotFound
from alertbus.model.rights import Right
from alertbus.serving.family_shown import FamilyReader

router = APIRouter(prefix="/break-glass", include_in_schema=False)

PLACES: dict[SubjectKind, str] = {"alert": "/alerts", "case": "/families"}
"""Where each kind of record is shown. A page that shows one asks `desk.glass.held` where it finds nothing of the visitor's own."""

LONGEST_ID = 200


@router.post("/form")
async def form(request: Request) -> Response:
    """The one question that is asked before it is shown: why."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    kind, subject = _asked(await desk.door.checked_form(request))
    return _form(desk, request, visitor, kind, subject)


@router.post("/ask")
async def ask(request: Request) -> Response:
    """Write the reason down, and go to the record. What does not exist is not written down, and told to nobody."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    sent = await desk.door.checked_form(request)
    kind, subject = _asked(sent)
    reason = str(sent.get("reason") or "")
    try:
        holder = await _holder(desk, kind, subject)
        await desk.glass.ask(visitor, kind, subject, reason, holder=holder)
    except InvalidInput as error:
        return _form(desk, request, visitor, kind, subject, fault=f"Say {error.faults[0].expected}", reason=reason)
    return RedirectResponse(f"{PLACES[kind]}/{subject}", HTTPStatus.SEE_OTHER)


async def _holder(desk: Desk, kind: SubjectKind, subject: str) -> str:
    """The agency that holds the case, whose lead is told. Raises `NotFound` where there is no such record."""
    if kind == "alert":
        return await desk.opener.holder_of(subject)
    await FamilyReader(desk.database, desk.intake, desk.policy, desk.now).must_exist(subject)
    return desk.policy.case_holder


def may_be_asked(request: Request, visitor: Visitor | None) -> tuple[SubjectKind, str] | None:
    """Give what a page that found nothing lets its visitor ask for: the record of its address. None for every other page and role."""
    if visitor is None or Right.RECEIVE not in visitor.rights:
        return None
    for kind, place in PLACES.items():
        _, _, rest = request.url.path.partition(f"{place}/")
        subject = rest.partition("/")[0]
        if request.url.path.startswith(f"{place}/") and _is_id(subject):
            return kind, subject
    return None


def _is_id(subject: str) -> bool:
    return 0 < len(subject) <= LONGEST_ID and subject.replace("-", "").replace(".", "").replace("_", "").isalnum()


def _asked(form: FormData) -> tuple[SubjectKind, str]:
    """What is asked for. Raises `NotFound` for what is no record's address."""
    kind, subject = str(form.get("kind") or ""), str(form.get("subject") or "")
    if kind not in PLACES or not _is_id(subject):
        raise NotFound("no such record")
    return kind, subject


def _form(
    desk: Desk, request: Request, visitor: Visitor, kind: SubjectKind, subject: str, *, fault: str | None = None, reason: str = ""
) -> Response:
    values = {"kind": kind, "subject": subject, "fault": fault, "reason": reason, "action": "/break-glass/ask", "here": PLACES[kind]}
    return desk.shown(request, visitor, "break_glass_form.html", status=422 if fault else 200, **values)
