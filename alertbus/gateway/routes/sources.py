"""`/v1/sources` and `/v1/receipts`: messages of agencies' systems in their own formats, read by plugins."""

import hashlib

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from alertbus.gateway.context import CurrentCaller, CurrentGateway, answers
from alertbus.gateway.routes.alerts import outcome
from alertbus.gateway.straight import StraightRoute
from alertbus.intake.messages import LARGEST_RAW, NotRead
from alertbus.intake.moments import OLD_NEWS
from alertbus.intake.source_calls import SourceAway
from alertbus.model.errors import Fault, NotUnderstood, PluginFault, TooLarge, TooMany
from alertbus.model.rights import Right
from alertbus.plugin import Headers, Stated

router = APIRouter(prefix="/v1", tags=["agencies' systems"], route_class=StraightRoute)

_OLD = f"more than {OLD_NEWS.days} days old, or so stated: kept as history, and nobody is told now; what should be told, state as an alert"
"""What a source is told of old news (`history` holds the ids that it is about)."""

_RAW = {"requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}


@router.post(
    "/sources/{plugin}",
    status_code=202,
    summary="A raw message of a source",
    responses=answers(404, 413, also={200: {"description": "Understood, and it raises nothing: the reason"}}),
    openapi_extra=_RAW,
)
async def receive_raw(plugin: str, request: Request, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """A message in the source's own format. One that is not understood is kept for review: nothing is dropped in silence.

    What is more than 28 days old is kept as history, which tells nobody now; the answer's `history` names those alerts.
    """
    caller.must(Right.STATE)
    gateway.intake.messages.source(plugin)

    def authorise(stated: Stated) -> None:
        caller.must_state(stated, gateway.policy)

    raw, digest, size = await _read(request)
    try:
        if raw is None:
            raise await gateway.intake.messages.refuse_oversized(plugin, digest, size)
        message = await gateway.intake.messages.receive(plugin, raw, _headers(request), authorise, sender=caller.name)
    except (NotRead, TooLarge, TooMany):
        gateway.counts.messages.labels(plugin, "refused").inc()
        raise
    except SourceAway:
        gateway.counts.messages.labels(plugin, "plugin_fault").inc()
        raise
    gateway.counts.messages.labels(plugin, "ignored" if message.ignored else "accepted").inc()
    if message.ignored is not None:
        return JSONResponse({"outcome": "ignored", "reason": message.ignored})
    for accepted in message.accepted:
        gateway.counts.alerts.labels(outcome(accepted)).inc()
    ids = list(dict.fromkeys(accepted.id for accepted in message.accepted))
    old = {"history": list(message.history), "reason": _OLD} if message.history else {}
    linked = {"linked": message.linked} if message.linked else {}
    missing = [{"id": alert_id, **gap.model_dump()} for alert_id, gap in message.to_complete]
    asked = {"to_complete": missing} if missing else {}
    return JSONResponse({"outcome": "accepted", "ids": ids} | old | linked | asked, 202)


@router.post(
    "/receipts/{plugin}",
    status_code=202,
    summary="An agency system's own acknowledgement",
    responses=answers(404, 413),
    openapi_extra=_RAW,
)
async def receive_receipt(plugin: str, request: Request, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """Matched to what the bus sent by its idempotency key. One that is not understood is kept for review."""
    caller.must(Right.RECEIVE)
    raw = await request.body()
    try:
        receipt = await gateway.intake.answers.receipt(plugin, raw, caller)
        return JSONResponse({"id": receipt.id, "obligation_id": receipt.obligation_id, "stage": receipt.stage}, 202)
    except NotUnderstood as fault:
        faults = getattr(fault, "faults", ()) or (Fault("$", str(fault), fault.code),)
    except PluginFault:
        raise await gateway.intake.messages.keep_for_plugin(plugin, raw, _headers(request), "parse_receipt") from None
    raise await gateway.intake.messages.keep(plugin, raw, _headers(request), faults, sender=caller.name)


async def _read(request: Request) -> tuple[bytes | None, str | None, int]:
    """Give the body, or None when it is too large to keep; its digest, unless it is too large even for that; its size so far."""
    kept, digest, size = bytearray(), hashlib.sha256(), 0
    try:
        async for piece in request.stream():
            size += len(piece)
            digest.update(piece)
            if size <= LARGEST_RAW:
                kept += piece
    except TooLarge:
        return None, None, size
    return (bytes(kept) if size <= LARGEST_RAW else None), digest.hexdigest(), size


_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization"})


def _headers(request: Request) -> Headers:
    """Give the headers that a plugin may see: not those that let the caller in."""
    return {name: value for name, value in request.headers.items() if name not in _CREDENTIALS}
