"""`alertbus status`: the bus in numbers, or one alert: who should have had it, who has it, and who has answered (VPF-03, AUD-08)."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

import typer

from alertbus.audit import trail
from alertbus.chronicle import queries
from alertbus.cli.output import as_json, pairs, rows, say
from alertbus.operations.undelivered import undelivered
from alertbus.quarantine.shelf import redriven, shelf
from alertbus.reconcile.results import latest_run
from alertbus.run.bootstrap import Wiring, now, wired
from alertbus.run.bus_file import read_bus_file
from alertbus.run.client import Client


def status(
    alert_id: Annotated[str | None, typer.Argument(help="An alert's id: the bus's, or the sender's own.")] = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """The whole bus: lag, oldest unanswered, undelivered, quarantine, plugins. Or one alert: every obligation and its receipts."""
    answer = asyncio.run(_status(alert_id))
    if json_:
        as_json(answer)
    elif alert_id is None:
        _tell_bus(answer)
    else:
        _tell_alert(answer)


async def _status(alert_id: str | None) -> dict[str, Any]:
    async with wired() as wiring:
        if alert_id is not None:
            found = await queries.alert_status(wiring.engine, alert_id, now=now())
            return found.model_dump(mode="json")
        return await _bus(wiring)


async def _bus(wiring: Wiring) -> dict[str, Any]:
    chronicle = await queries.status(wiring.engine, now())
    reconciled = await latest_run(wiring.engine)
    running = read_bus_file(wiring.settings)
    async with Client.of(wiring.settings) as client:
        progress = await client.call("GET", "/-/progress") if await client.answers() else None
    kept = await shelf(wiring.bootstrap, redriven(await trail.records(wiring.bootstrap)))
    return {
        "broker": wiring.bootstrap,
        "gateway": "up" if progress is not None else "does not answer",
        "parts": [{"name": part.name, "pid": part.pid} for part in running.parts] if running else [],
        "progress": progress,
        "chronicle": chronicle.model_dump(mode="json", exclude={"progress"}),
        "reconcile": reconciled and reconciled.shown(now()),
        "undelivered": [one.model_dump(mode="json") for one in await undelivered(wiring.engine)],
        "quarantine": sum(one.redriven is None for one in kept),
        "policy": wiring.policy.version,
        "plugins": [asdict(row) for row in wiring.plugins.listing()],
    }


def _tell_bus(answer: dict[str, Any]) -> None:
    chronicle = answer["chronicle"]
    oldest = chronicle.get("oldest_unanswered")
    progress = answer["progress"] or {}
    pairs(
        {
            "broker": answer["broker"],
            "gateway": answer["gateway"],
            "parts": ", ".join(f"{p['name']} ({p['pid']})" for p in answer["parts"]) or "none known on this machine",
            "behind": "unknown, the gateway does not answer" if not progress else _behind(progress),
            "alerts": f"{chronicle['alerts']} in {chronicle['cases']} cases (exercises not counted)",
            "overdue": chronicle["overdue"],
            "oldest unanswered": f"{oldest['agency']}, {oldest['age_s'] / 3600:.1f} h" if oldest else "none",
            "undelivered": sum(one["count"] for one in answer["undelivered"]),
            "review": chronicle["review"],
            "reconciled": _reconciled(answer["reconcile"]),
            "quarantine": answer["quarantine"],
            "policy": answer["policy"],
            "plugins": len(answer["plugins"]),
        }
    )
    if answer["undelivered"]:
        columns = ("agency", "reason", "obligations", "on the fallback", "since")
        lines = [(u["agency"], u["reason"], u["count"], u["in_fallback"], u["since"][:16]) for u in answer["undelivered"]]
        rows("Undelivered", columns, lines, empty="")


def _behind(progress: dict[str, Any]) -> str:
    waiting = {name: group["pending"] for name, group in progress["groups"].items() if group["pending"]}
    return ", ".join(f"{name} {count}" for name, count in waiting.items()) or "nothing"


def _reconciled(found: dict[str, Any] | None) -> str:
    if found is None:
        return "not yet; `alertbus audit reconcile` does it now"
    return f"difference {found['difference']}, under way {found['under_way']}, {found['age_s']:.0f} s ago"


def _tell_alert(answer: dict[str, Any]) -> None:
    pairs({key: answer[key] for key in ("alert_id", "source", "source_id", "kind", "severity", "exercise")})
    if answer["matches"] > 1:
        say(f"({answer['matches']} alerts have that id; this is the most recent)")
    rows(
        "Obligations",
        ("agency", "role", "cause", "state", "since", "due", "answered by"),
        [
            (o["agency"], o["role"], o["cause"], _state(o), o["since"][:16], (o["due"] or "")[:16], _answer(o))
            for o in answer["obligations"]
        ],
        empty="Nobody has been told. Is a person of this alert linked to a case? `alertbus explain` says.",
    )


def _state(obligation: dict[str, Any]) -> str:
    return f"{obligation['state']}{' OVERDUE' if obligation['overdue'] else ''}"


def _answer(obligation: dict[str, Any]) -> str:
    if not obligation["acknowledged_by"]:
        return "nobody yet"
    return f"{obligation['acknowledged_by']} ({obligation['acknowledged_intent']}), {obligation['acknowledged_at'][:16]}"
