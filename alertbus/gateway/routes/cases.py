"""`/v1/cases`: the whole snapshot of a case, by version, and its chronology. For the agency that holds cases."""

from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle.families import FamiliesAsked
from alertbus.chronicle.themes import Theme
from alertbus.gateway.bodies import read_data, read_json
from alertbus.gateway.context import CurrentCaller, CurrentGateway, Gateway, answers
from alertbus.gateway.preconditions import expected_version
from alertbus.intake.callers import Caller
from alertbus.model import ids
from alertbus.model.case import CASE_ID, Case
from alertbus.model.errors import Fault, InvalidInput, NotAllowed, NotFound
from alertbus.model.rights import Right
from alertbus.serving.chronology_export import MEDIA_TYPES, as_form
from alertbus.serving.chronology_shown import NO_CHRONOLOGY, ChronologyChosen, ChronologyReader
from alertbus.serving.families_shown import FamiliesReader
from alertbus.serving.family_shown import FamilyReader

router = APIRouter(prefix="/v1/cases", tags=["cases"])

_CASE = {"schema": {"$ref": "#/components/schemas/Case"}}


@router.put(
    "/{case_id}",
    summary="Record a case",
    responses=answers(
        412,
        413,
        also={
            200: {"description": "The version that now stands", "content": {"application/json": _CASE}},
            201: {"description": "The first version", "content": {"application/json": _CASE}},
        },
    ),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": _CASE}}},
)
async def put_case(
    case_id: str,
    request: Request,
    gateway: CurrentGateway,
    caller: CurrentCaller,
    if_match: Annotated[str | None, Header(description='the version you changed, as in "3"')] = None,
    if_none_match: Annotated[str | None, Header(description="* to create only")] = None,
) -> Response:
    """The whole case as it now is. When this has answered, the next alert finds the case's people.

    The same content again is the version that stands. `ETag` is the version. `If-Match` fits as long as nobody has stated another content
    since; a version by which only the people on the case were found to be others is no hindrance.
    """
    caller.must(Right.HOLD_CASES)
    if not caller.holds_case(case_id):
        raise NotAllowed(_OTHER_AREA)
    snapshot = _snapshot(case_id, await request.body())
    expected = await expected_version("case", if_match, if_none_match, lambda: _standing(case_id, gateway))
    case = await _put(snapshot, gateway, caller, expected)
    return _answer(case, 201 if case.version == 1 else 200)


@router.post(
    "",
    status_code=201,
    summary="Record a new case under an id that the bus gives",
    responses=answers(413, also={201: {"description": "The first version", "content": {"application/json": _CASE}}}),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": _CASE}}},
)
async def post_case(
    request: Request,
    gateway: CurrentGateway,
    caller: CurrentCaller,
    idempotency_key: Annotated[str | None, Header(description="the same again is the same case", max_length=200)] = None,
    area: Annotated[
        str, Query(description="what the id begins with, as in `north-`", pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,39})?$")
    ] = "",
) -> Response:
    """The case without an `id`; the answer has it, and `Location`. Sent again with the same `Idempotency-Key` it is the same case."""
    caller.must(Right.HOLD_CASES)
    begins = area or next(iter(caller.areas), "")
    given = ids.event_id("case", caller.name, idempotency_key) if idempotency_key else str(uuid4())
    case_id = f"{begins}{given}"
    if not caller.holds_case(case_id):
        raise NotAllowed(_OTHER_AREA)
    return _answer(await _put(_snapshot(case_id, await request.body()), gateway, caller), 201)


@router.get("", summary="The families on whose cases the caller's agency is active", responses=answers())
async def list_families(
    gateway: CurrentGateway,
    caller: CurrentCaller,
    agency: Annotated[str | None, Query(description="the caller's own agency; another's is 404", max_length=120)] = None,  # noqa: ARG001
    show: Annotated[FamiliesAsked, Query(description="all, or those with something open or overdue")] = FamiliesAsked.ALL,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
    after: Annotated[str | None, Query(description="`next` of the page before", pattern=CASE_ID)] = None,
) -> Response:
    """Each with its children as the agency may name them, and how much is open and overdue as far as it may see; for who holds cases,
    all of their areas. All stand by the id of their case; what is open or overdue by what was due first. That it was listed is audited.
    """
    page = await FamiliesReader(gateway.engine, gateway.intake, gateway.policy, gateway.now).page(caller, show, limit=limit, after=after)
    return JSONResponse(page.model_dump(mode="json"))


@router.get(
    "/{case_id}",
    summary="A case",
    responses=answers(404, also={200: {"description": "The version that stands", "content": {"application/json": _CASE}}}),
)
async def get_case(case_id: str, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """The whole snapshot as it stands; `ETag` is its version, for `If-Match` in the next PUT."""
    if not caller.holds_case(case_id):
        raise NotFound(NO_CHRONOLOGY)
    case = await gateway.intake.cases.get(case_id)
    await gateway.intake.audited.note(AuditedDeed.CASE_READ, caller, about=[case_id], reason="read the case file")
    return _answer(case)


@router.get(
    "/{case_id}/chronology",
    summary="A case's chronology",
    responses=answers(
        404,
        also={
            200: {
                "description": "Every statement about somebody on the case, the earliest first, word for word",
                "content": {name.partition(";")[0]: {} for name in MEDIA_TYPES.values()},
            }
        },
    ),
)
async def chronology(
    case_id: str,
    request: Request,
    gateway: CurrentGateway,
    caller: CurrentCaller,
    format: Annotated[str | None, Query(description="json, csv, html, pdf or text, whatever `Accept` says")] = None,  # noqa: A002  the word in the command line too
    theme: Annotated[Theme | None, Query(description="only what is about this")] = None,
    stated_by: Annotated[str | None, Query(description="only what this agency stated", max_length=120)] = None,
    child: Annotated[
        int | None, Query(description="only what is about this child: its place among the case's children, from 1", ge=1)
    ] = None,
    siblings: Annotated[bool, Query(description="with `child`: what is about its brothers and sisters too")] = False,
) -> Response:
    """As JSON, CSV, HTML, PDF or text, by `Accept` or `?format=`. It is not minimised, so it is for who holds the case. A page and a PDF
    say at their head who took them, when and on what basis.
    """
    if not caller.holds_case(case_id):
        raise NotFound(NO_CHRONOLOGY)
    form = _format(format, request.headers.get("accept", ""))
    reader = ChronologyReader(gateway.engine, gateway.intake, gateway.policy, gateway.now)
    found = await reader.read(case_id, caller, ChronologyChosen(theme, stated_by, child, siblings), form=form)
    exported = reader.exported(found, by=caller.name, agency=caller.agency) if form in _DOCUMENTS else None
    page = await as_form(form, found, exported)
    return Response(page, media_type=MEDIA_TYPES[form], headers=_HTML if form == "html" else None)


@router.get(
    "/{case_id}/status",
    summary="How a case stands",
    responses=answers(
        404,
        also={200: {"description": "As the caller's agency may see it", "content": {"application/json": {}}}},
    ),
)
async def status(
    case_id: str,
    gateway: CurrentGateway,
    caller: CurrentCaller,
    agency: Annotated[str | None, Query(description="the caller's own agency; another's is 404", max_length=120)] = None,  # noqa: ARG001
) -> Response:
    """Whether the case is open, on which plan, since when and by whose word, who holds it and how to reach them, consent, and when each
    child was last seen: at once, without asking a social worker, for any agency that is active on the case. Every question is audited.
    """
    found = await FamilyReader(gateway.engine, gateway.intake, gateway.policy, gateway.now).status(case_id, caller)
    return JSONResponse(found.model_dump(mode="json"))


_OTHER_AREA = "the right `hold_cases` of this caller is for other cases: their ids begin as its areas in ALERTBUS_CALLERS"
_DOCUMENTS = frozenset({"html", "pdf"})
"""Forms for people, which say at their head who took them; what programs read begins with what it is."""
_HTML = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}


def _format(wanted: str | None, accept: str) -> str:
    """The first format that `Accept` names, in its own order of preference; JSON when it names none of ours."""
    if wanted is not None:
        if wanted not in MEDIA_TYPES:
            raise InvalidInput([Fault("format", f"one of {', '.join(MEDIA_TYPES)}", "enum")])
        return wanted
    by_type = {media_type.partition(";")[0]: name for name, media_type in MEDIA_TYPES.items()}
    ranges = [part.strip().lower() for part in accept.split(",")]
    ranked = sorted(ranges, key=_weight, reverse=True)  # stable: among equals the first stays first
    return next((by_type[r.partition(";")[0].strip()] for r in ranked if r.partition(";")[0].strip() in by_type), "json")


def _weight(media_range: str) -> float:
    _, _, quality = media_range.partition("q=")
    try:
        return float(quality.partition(";")[0]) if quality else 1.0
    except ValueError:
        return 0.0


async def _put(snapshot: Case, gateway: Gateway, caller: Caller, expected: int | None = None) -> Case:
    """Record the snapshot once it is audited that it is about to be: also where it is then refused."""
    await gateway.intake.cases.check(snapshot)
    await gateway.intake.audited.note(AuditedDeed.CASE_RECORDED, caller, about=[snapshot.id], reason="recorded the case file")
    return await gateway.intake.cases.put(snapshot, expected)


def _snapshot(case_id: str, body: bytes) -> Case:
    data = read_json(body)
    if isinstance(data, dict):
        if data.setdefault("id", case_id) != case_id:
            raise InvalidInput([Fault("id", "the case id of the address, or none", "inconsistent")])
        _drop_what_only_the_bus_states(data)
    return read_data(Case, data)


def _drop_what_only_the_bus_states(data: dict[str, Any]) -> None:
    """Drop the version and the times that are the bus's own: a snapshot that was read, changed and sent back still holds them."""
    data.pop("version", None)
    data.pop("known_at", None)


async def _standing(case_id: str, gateway: Gateway) -> int:
    return (await gateway.intake.cases.get(case_id)).version


def _answer(case: Case, status: int = 200) -> Response:
    headers = {"ETag": f'"{case.version}"', "Location": f"/v1/cases/{case.id}"}
    return JSONResponse(case.model_dump(mode="json", by_alias=True), status, headers)
