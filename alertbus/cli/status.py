"""`alertbus status`: the bus in numbers, or one alert: who should have had it, who has it, and who has answered (VPF-03, AUD-08)."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any
from urllib.parse import quote

import typer

from alertbus.cli.items import item_state, next_asked
from alertbus.cli.output import as_json, pairs, rows, say, to_the_minute
from alertbus.model.notice import ENDED
from alertbus.run.bus_file import bootstrap_servers, read_bus_file
from alertbus.run.client import Client
from alertbus.settings import Settings, load_settings


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
    return await _bus(load_settings()) if alert_id is None else await _alert(alert_id)


async def _alert(alert_id: str) -> dict[str, Any]:
    async with Client.of(load_settings()) as client:
        found = dict(await client.call("GET", f"/v1/alerts/{quote(alert_id, safe='')}"))
        return {"alert_id": found["id"]} | found


async def _bus(settings: Settings) -> dict[str, Any]:
    """Asked of the gateway: so this command imports no more than it takes to ask. Of broker and database, which gives counts and nothing
    of anybody, only where no gateway answers.
    """
    broker, running = bootstrap_servers(settings), read_bus_file(settings)
    async with Client.of(settings) as client:
        up = await client.answers()
        progress = await client.call("GET", "/-/progress") if up else await _without_gateway(settings)
    return {
        "broker": broker,
        "gateway": "up" if up else "does not answer",
        "parts": [{"name": part.name, "pid": part.pid, "restarts": part.restarts, "died_at": part.died_at} for part in running.parts]
        if running
        else [],
        "progress": progress,
        **{
            name: progress.get(name)
            for name in (
                "chronicle",
                "clock",
                "review",
                "reconcile",
                "undelivered",
                "quarantine",
                "ignored",
                "bank_holidays",
                "policy",
                "plugins",
                "coverage",
            )
        },
    }


async def _without_gateway(settings: Settings) -> dict[str, Any]:
    from alertbus.operations.gauges import Vitals
    from alertbus.operations.overview import overview
    from alertbus.plugin.coverage import coverage
    from alertbus.run.bootstrap import now, wired

    async with wired(settings) as wiring:
        found = await overview(Vitals(wiring.bootstrap, wiring.engine, now, settings.watchdog_interval_s), wiring.policy.front_door)
        plugins, policy = wiring.plugins, wiring.policy
        installed = [asdict(row) for row in plugins.listing()]
        return found | {"policy": policy.version, "plugins": installed, "coverage": coverage(plugins, policy).shown()}


def _tell_bus(answer: dict[str, Any]) -> None:
    chronicle = answer["chronicle"]
    oldest = chronicle.get("oldest_unanswered")
    pairs(
        {
            "broker": answer["broker"],
            "gateway": answer["gateway"],
            "parts": ", ".join(map(_part, answer["parts"])) or "none known on this machine",
            "behind": _behind(answer["progress"]),
            "alerts": f"{chronicle['alerts']} in {chronicle['cases']} cases (exercises not counted)",
            "overdue": chronicle["overdue"],
            "oldest unanswered": f"{oldest.get('agency') or 'an agency'}, {oldest['age_s'] / 3600:.1f} h" if oldest else "none",
            "unowned": _unowned(chronicle["items"]),
            "clocks": _clocks(chronicle["items"]),
            "ticks": _ticks(answer["clock"]),
            "undelivered": sum(one["count"] for one in answer["undelivered"]),
            "review": _review(answer["review"]),
            "reconciled": _reconciled(answer["reconcile"]),
            "quarantine": answer["quarantine"],
            "set aside": f"{chronicle['unreadable']} records that the chronicle cannot take",
            "ignored": _ignored(answer["ignored"]),
            "policy": answer["policy"],
            "plugins": _plugins(answer),
        }
    )
    if answer["bank_holidays"]["warning"]:
        say(f"Warning: {answer['bank_holidays']['text']}")
    if answer["undelivered"]:
        columns = ("agency", "reason", "obligations", "on the fallback", "since")
        lines = [(u.get("agency"), u["reason"], u["count"], u["in_fallback"], to_the_minute(u["since"])) for u in answer["undelivered"]]
        rows("Undelivered", columns, lines, empty="")


def _part(found: dict[str, Any]) -> str:
    again = f", started again {found['restarts']} times, last died {found['died_at'][-1]}" if found["restarts"] else ""
    return f"{found['name']} ({found['pid']}{again})"


def _behind(progress: dict[str, Any]) -> str:
    waiting = {name: group["pending"] for name, group in progress["groups"].items() if group["pending"]}
    return ", ".join(f"{name} {count}" for name, count in waiting.items()) or "nothing"


def _review(found: dict[str, Any]) -> str:
    """What waits for a person: how much, how long the oldest item has waited, and whose it is to decide."""
    oldest = found["oldest"]
    if oldest is None:
        return "nothing open"
    waits = f"{found['open']} open, the oldest {oldest['age_s'] / 3600:.1f} h, for {oldest['owner']} ({oldest['reason']})"
    return f"{waits}; `alertbus review list` lists them"


def _plugins(answer: dict[str, Any]) -> str:
    """How much is installed, and in words what is missing, the worst first."""
    installed = [one for one in answer["plugins"] if one["kind"] != "set aside"]
    return "; ".join((f"{len(installed)} adapters, sources and channels", *(answer.get("coverage") or {}).get("lines", ())))


def _ignored(found: list[dict[str, Any]]) -> str:
    """Messages that their sources ignored, and how many of them nobody has decided about yet."""
    unknown = ", ".join(f"{one['source']} {one['count']}" for one in found if one["outcome"] == "not_yet_known")
    return f"{sum(one['count'] for one in found)} messages, of them not yet known: {unknown or 'none'}"


def _unowned(items: dict[str, Any]) -> str:
    """What everybody was asked for and nobody by name has answered: it cannot stay so."""
    oldest = items["oldest_unowned"]
    if oldest is None:
        return "nothing"
    whose = oldest.get("agency") or "an agency"
    return f"{items['unowned']}, THE OLDEST {oldest['age_s'] / 3600:.1f} h, of {whose}; `alertbus items list --unowned` names them"


def _clocks(items: dict[str, Any]) -> str:
    return f"{items['open']} running, {items['overdue']} of them late; so far {items['clocks_met']} met, {items['clocks_missed']} missed"


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
        ("agency", "role", "cause", "state", "since", "due", "answered by", "next"),
        [
            (
                o["agency"],
                o["role"],
                o["cause"],
                _state(o),
                to_the_minute(o["since"]),
                to_the_minute(o["due"]),
                answer_given(o),
                next_asked(o),
            )
            for o in answer["obligations"]
        ],
        empty=_NOBODY if not answer["held_by"] else "Your own agency was not told: it stated this.",
    )
    if answer["held_by"]:
        lines = [(o["agency"], o["role"], _state(o), to_the_minute(o["due"]), answer_given(o), next_asked(o)) for o in answer["held_by"]]
        rows("Who has it", ("agency", "role", "state", "due", "answered by", "next"), lines, empty="")
    if answer["later"]:
        rows("Since then", ("when", "what"), [(to_the_minute(one["at"]), one["title"]) for one in answer["later"]], empty="")
    if answer["items"]:
        clocks = [(one["title"], one["agency"], to_the_minute(one["due"]), item_state(one)) for one in answer["items"]]
        rows("Clocks that it started", ("what", "owed by", "due", "state"), clocks, empty="")


_NOBODY = "Nobody has been told, as far as you may know. Is a person of it linked to a case? `alertbus explain` says, to who holds cases."


def _state(obligation: dict[str, Any]) -> str:
    copied = f" (copied to {', '.join(obligation['copied_to'])})" if obligation.get("copied_to") else ""
    return f"{ENDED.get(obligation.get('deed', ''), obligation['state'])}{copied}{' OVERDUE' if obligation['overdue'] else ''}"


def answer_given(obligation: dict[str, Any]) -> str:
    """Who has answered, what they do, and to whom it was passed on; what was done, where somebody has said so."""
    if not obligation["acknowledged_by"]:
        again = obligation.get("asked_again_at")
        return f"asked again since {to_the_minute(again)}: the answer before that counts no more" if again else "nobody yet"
    said = f"{obligation['acknowledged_by']} ({obligation['acknowledged_intent']}), {to_the_minute(obligation['acknowledged_at'])}"
    if obligation["passed_to"]:
        said += f"; passed on to {obligation['passed_to']}, who has {'' if obligation['accepted'] else 'NOT '}accepted"
    if obligation["acted_by"]:
        said += f"; done by {obligation['acted_by']}, {to_the_minute(obligation['acted_at'])}"
    return said


def _ticks(clock: dict[str, Any]) -> str:
    """Whether time comes late to the cases: ticks of the last five minutes."""
    return (
        f"{clock['ticks']} in five minutes, the latest of them {clock['worst_s']:.1f} s late" if clock["ticks"] else "none in five minutes"
    )
