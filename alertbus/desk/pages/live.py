"""`/live`: that something has come or changed, to a page that is open. It says that, and never what."""

import contextlib
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.responses import Response

from alertbus.chronicle.inbox_order import EVERYTHING
from alertbus.desk.desk import Desk, desk_of
from alertbus.desk.visitor import Visitor
from alertbus.model.rights import Right

router = APIRouter(include_in_schema=False)

AGAIN_MS = 5_000
"""Milliseconds after which a page listens again that was cut off."""


@router.get("/live")
async def live(request: Request) -> Response:
    """Server-sent events: `listening` as soon as nothing can be missed any more, then `news`, each with the opaque id of an obligation.

    Only of the visitor's agency. They end with the session.
    """
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    return StreamingResponse(_news(desk, visitor, request), media_type="text/event-stream", headers={"x-accel-buffering": "no"})


async def _news(desk: Desk, visitor: Visitor, request: Request) -> AsyncIterator[str]:
    told = f"retry: {AGAIN_MS}\nevent: listening\ndata: {{}}\n\n"
    async with contextlib.aclosing(desk.feed.news(visitor.at, EVERYTHING)) as items:
        async for item in items:
            if not await desk.door.stays_open(request):  # signed out meanwhile, or too long idle
                return
            if item is not None:
                told = f"event: news\ndata: {json.dumps({'id': item.obligation.id})}\n\n"
            yield told
            told = ": still here\n\n"
