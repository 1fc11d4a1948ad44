"""`/-/` and `/metrics`: for the people who run the bus and the machines that watch it. Nothing here is about a family."""

import asyncio
from dataclasses import asdict

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from alertbus.broker.topics import reachable
from alertbus.gateway.context import CurrentGateway, Gateway, SeesAgencies, answers
from alertbus.gateway.problems import NotReady
from alertbus.model.errors import DatabaseUnavailable
from alertbus.operations.gauges import measured, without_agencies
from alertbus.operations.overview import overview
from alertbus.plugin.coverage import coverage
from alertbus.sql.engine import database_faults, reading

router = APIRouter(tags=["operations"])

_LIMIT_S = 3.0


@router.get("/-/healthy", summary="Whether the process lives", responses=answers())
async def healthy() -> Response:
    """An answer is the proof. Broker and database are not asked: starting this process again would not help them."""
    return JSONResponse({"status": "ok"})


@router.get("/-/ready", summary="Whether it can do its work", responses=answers())
async def ready(gateway: CurrentGateway) -> Response:
    """Broker and database both answer; else 503, and alerts should go to another gateway."""
    broker, database = await asyncio.gather(reachable(gateway.bootstrap, _LIMIT_S), _database(gateway))
    away = [name for name, answered in (("broker", broker), ("database", database)) if not answered]
    if away:
        raise NotReady(f"{' and '.join(away)} did not answer within {_LIMIT_S:.0f} s")
    return JSONResponse({"status": "ok", "broker": "ok", "database": "ok"})


@router.get("/-/progress", summary="How far behind the bus is", responses=answers())
async def progress(gateway: CurrentGateway, sees_agencies: SeesAgencies) -> Response:
    """The bus in numbers (`operations.overview`), and which policy and plugins this gateway has. By agency for who operates alone."""
    installed = [asdict(row) for row in gateway.plugins.listing()]
    covered = coverage(gateway.plugins, gateway.policy).shown() if sees_agencies else {}
    found = await overview(gateway.vitals, gateway.policy.front_door)
    if not sees_agencies:
        oldest = found["chronicle"]["oldest_unanswered"], found["chronicle"]["items"]["oldest_unowned"]
        for one in (*found["undelivered"], *filter(None, oldest)):
            one.pop("agency", None)
            one.pop("obligation_id", None)
    return JSONResponse(found | {"policy": gateway.policy.version, "plugins": installed, "coverage": covered})


@router.get("/metrics", summary="For Prometheus", responses=answers())
async def metrics(gateway: CurrentGateway, sees_agencies: SeesAgencies) -> Response:
    """Counts and times of this gateway, and gauges of the whole bus. Labels are never anything that was sent; agencies are told apart for
    who operates alone.
    """
    gauges = await measured(gateway.vitals)
    text = generate_latest(gateway.counts.registry) + generate_latest(gauges if sees_agencies else without_agencies(gauges))
    return PlainTextResponse(text, media_type=CONTENT_TYPE_LATEST)


async def _database(gateway: Gateway) -> bool:
    try:
        async with asyncio.timeout(_LIMIT_S):
            with database_faults():
                async with reading(gateway.engine) as connection:
                    await connection.execute(text("SELECT 1"))
    except (TimeoutError, DatabaseUnavailable):
        return False
    return True
