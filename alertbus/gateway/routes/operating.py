"""`/v1/operations`: for who operates the bus: how it is, each agency, quarantine, plugins, and one alert on its way. No family, no name."""

from collections.abc import Awaitable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from alertbus.gateway.bodies import read
from alertbus.gateway.context import CurrentCaller, CurrentGateway, answers
from alertbus.model.base import Word
from alertbus.model.rights import Right
from alertbus.operations.troubles import troubles
from alertbus.serving.quarantine_kept import PutBack

router = APIRouter(prefix="/v1/operations", tags=["operations"])


class FollowAsked(Word):
    """Which alert to follow: its sender's reference, or the bus's id. In a body, because an address is logged by everybody it passes."""

    reference: str = Field(min_length=1, max_length=200)


def _body(name: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.get("/state", summary="How the bus is, subject by subject", responses=answers())
async def state(gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """What cannot be asked is null and named in `unknown`; the answer is 200 all the same. `troubles` says what is wrong, in words."""
    caller.must(Right.OPERATE)
    found = await gateway.operations.state()
    wrong = [{"rule": one.rule, "runbook": one.runbook, "words": one.words, "wakes": one.wakes} for one in troubles(found)]
    return JSONResponse(found.model_dump(mode="json") | {"troubles": wrong})


@router.get("/agencies", summary="How delivery to each agency goes", responses=answers())
async def agencies(gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """Those in trouble first: what waits, what has failed and why, by which channel, adapter and fallback."""
    caller.must(Right.OPERATE)
    return JSONResponse({"items": [one.model_dump(mode="json") for one in await gateway.operations.agencies()]})


@router.get("/plugins", summary="Which plugin makes whose messages", responses=answers())
async def plugins(gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """What is installed, who uses it, which agencies have no adapter, and which adapters nobody uses."""
    caller.must(Right.OPERATE)
    return await _shown(gateway.operations.plugins())


@router.get("/quarantine", summary="What lies in quarantine, without its content", responses=answers())
async def quarantine(gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """What waits, the latest first, and what was put back of late."""
    caller.must(Right.OPERATE)
    return await _shown(gateway.operations.quarantine.shown())


@router.post("/quarantine/redrives", summary="Put entries back on their topics", responses=answers(413), openapi_extra=_body("PutBack"))
async def put_back(request: Request, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """By a named person with a reason, both in the audit. What was put back before is passed over: to ask again is harmless."""
    caller.must(Right.OPERATE)
    outcomes = await gateway.operations.quarantine.put_back(read(PutBack, await request.body()), caller.name)
    return JSONResponse({"outcomes": {name: outcome.value for name, outcome in outcomes.items()}})


@router.post("/followed", summary="One alert followed through every stage", responses=answers(404, 413), openapi_extra=_body("FollowAsked"))
async def follow(request: Request, gateway: CurrentGateway, caller: CurrentCaller) -> Response:
    """Times, agencies and states: no case, no kind, no name. Audited first."""
    caller.must(Right.OPERATE)
    found = await gateway.operations.find(read(FollowAsked, await request.body()).reference)
    return await _shown(gateway.operations.follow(found, caller))


async def _shown(asked: Awaitable[Word]) -> Response:
    return JSONResponse((await asked).model_dump(mode="json"))
