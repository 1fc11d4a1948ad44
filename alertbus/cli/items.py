"""`alertbus items`: what is owed by a time, and who is asked next while nobody has answered."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

import typer

from alertbus.cli.output import as_json, pairs, rows, say, to_the_minute
from alertbus.model.team import worker_ref
from alertbus.run.client import Client
from alertbus.settings import load_settings

app = typer.Typer(help="What is owed by a time: clocks, answers, and who is next.", no_args_is_help=True)

As = Annotated[str | None, typer.Option("--agency", help="As this agency sees it.")]
AsJson = Annotated[bool, typer.Option("--json")]

_PAGE = 500


@app.command("list")
def list_(
    case: Annotated[str | None, typer.Option(help="Only this case's.")] = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is late.")] = False,
    unowned: Annotated[bool, typer.Option("--unowned", help="Only what everybody was asked for and nobody by name has answered.")] = False,
    every: Annotated[bool, typer.Option("--all", help="What is recorded and what is void too.")] = False,
    agency: As = None,
    worker: Annotated[str | None, typer.Option(help="With --agency: only what this person owes now, for whoever is away too.")] = None,
    exercise: Annotated[str | None, typer.Option(help="Of this exercise; without it, of what is real.")] = None,
    json_: AsJson = False,
) -> None:
    """Clocks and unanswered obligations, the earliest due first. An obligation of which no step was taken yet stands here once, too."""
    if worker is not None and (agency is None or every):
        raise typer.BadParameter("--worker goes with --agency, and with what is open: whose what is over was is not kept")
    query: dict[str, Any] = {"exercise": exercise or "none", "limit": _PAGE, "state": "all" if every else "open"}
    query |= {name: value for name, value in (("case", case), ("agency", agency)) if value}
    if worker is not None and agency is not None:
        query["worker"] = worker_ref(agency, worker)  # no name stands in an address
    query |= {name: "true" for name, chosen in (("overdue", overdue), ("unowned", unowned)) if chosen}
    found = asyncio.run(_list(query))
    if json_:
        as_json(found)
        return
    lines = [
        (item["id"], item["case_id"], item["title"], _owner(item), _day(item["due"]), item_state(item), next_asked(item)) for item in found
    ]
    none = f"{worker} owes nothing." if worker else "Nothing is owed."
    rows("Owed", ("id", "case", "what", "by", "due", "state", "next"), lines, empty=none)


async def _list(query: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with Client.of(load_settings()) as client:
        while True:
            page = await client.call("GET", "/v1/items", params=query)
            found += page["items"]
            if page["next"] is None:
                return found
            query = query | {"after": page["next"]}


@app.command()
def show(
    item_id: Annotated[str, typer.Argument(help="An item's id, or an obligation's.")], agency: As = None, json_: AsJson = False
) -> None:
    """One item with its steps: who was told and when, and who is next."""
    item = asyncio.run(_show(item_id, agency))
    if json_:
        as_json(item)
        return
    pairs(
        {
            "item": item["id"],
            "case": item["case_id"],
            "what": f"{item['title']} ({item['rule']})",
            "opened": f"{to_the_minute(item['opened_at'])} by {item['source_id'] or 'what you were not told of'}",
            "owed by": _owner(item),
            "due": _day(item["due"]),
            "state": item_state(item),
            "source": "; ".join(item["cite"]),
            "exercise": item["exercise"],
        }
    )
    told = [(to_the_minute(step["at"]), _step_in_words(step), step["role"]) for step in item["steps"]]
    if item["next"]:
        told.append((to_the_minute(item["next"]["at"]), f"next: {_STEPS[item['next']['kind']]}", item["next"]["role"]))
    rows("Steps", ("when", "what", "to"), told, empty="Nobody has been asked again, and nobody will be.")
    if item["unowned"]:
        say("Everybody was asked and nobody by name has answered. `alertbus answer` is for whoever takes it.")


async def _show(item_id: str, agency: str | None) -> dict[str, Any]:
    async with Client.of(load_settings()) as client:
        return dict(await client.call("GET", f"/v1/items/{quote(item_id, safe='')}", params={"agency": agency} if agency else {}))


@app.command()
def escalate(
    item_id: Annotated[str, typer.Argument(help="An item's id, or an obligation's.")],
    by: Annotated[str, typer.Option(help="Your name: it is told to whoever hears of it, and audited.")],
    agency: As = None,
    json_: AsJson = False,
) -> None:
    """Have the next of its chain told now, because it is late or will be. Twice by mistake is once."""
    body = {"by": by} | ({"agency": agency} if agency else {})
    made = asyncio.run(_escalate(item_id, body))
    if json_:
        as_json(made)
        return
    say(f"The next of its chain is told now that {made['by']} ({made['agency']}) escalated it.")


async def _escalate(item_id: str, body: dict[str, Any]) -> dict[str, Any]:
    async with Client.of(load_settings()) as client:
        return dict(await client.call("POST", f"/v1/items/{quote(item_id, safe='')}/escalations", json=body))


_STEPS = {
    "reminder": "reminder",
    "out_of_hours": "the desk that is open",
    "opening": "again at opening",
    "next": "next of the chain",
    "escalated": "next of the chain, escalated",
    "not_delivered": "next of the chain, because it was not delivered",
    "duty_lead": "duty lead",
    "unowned": "nobody is left to ask",
}


def _step_in_words(step: dict[str, Any]) -> str:
    by = f" by {step['by']} ({step['by_agency']})" if step.get("by") else ""
    return f"{_STEPS.get(step['kind'], step['kind'])}{by}"


def next_asked(item: dict[str, Any]) -> str:
    """Who is asked next, and when, in words."""
    if item["unowned"]:
        return "NOBODY LEFT TO ASK"
    step = item["next"]
    if step is None:
        return ""
    if step["kind"] == "unowned":
        return f"the unowned queue, {to_the_minute(step['at'])}"
    return f"{(step['role'] or '').replace('_', ' ')} at {item['agency']}, {to_the_minute(step['at'])}"


def item_state(item: dict[str, Any]) -> str:
    """Where an item stands, in words."""
    if item["overdue"]:
        return "LATE, not recorded" if item["rule"] != "answer" else "LATE, not answered"
    if item["closed_at"]:
        late = "too late" if item["state"] == "missed" else "in time"
        return f"{late}, {to_the_minute(item['closed_at'])}{'' if item['closed_by'] is None else ' by ' + item['closed_by']}"
    return f"{item['state']}{'' if item['reason'] is None else ' (' + item['reason'] + ')'}"


def _owner(item: dict[str, Any]) -> str:
    return f"{item['role'].replace('_', ' ')} at {item['agency']}"


def _day(moment: str | None) -> str:
    return "no time stated" if moment is None else to_the_minute(moment)
