"""`alertbus inbox`: what an agency, or one of its workers, has been told and not answered."""

import asyncio
from typing import Annotated, Any

import typer

from alertbus.cli.output import as_json, rows, to_the_minute
from alertbus.cli.status import answer_given
from alertbus.model.team import worker_ref
from alertbus.run.client import Client
from alertbus.settings import load_settings

_PAGE = 500


def inbox(
    agency: Annotated[str, typer.Option(help="Whose inbox.")],
    worker: Annotated[str | None, typer.Option(help="Only what this person answers for now, for whoever is away too: their name.")] = None,
    state: Annotated[str, typer.Option(help="open, all, or one state of an obligation.")] = "open",
    exercise: Annotated[str | None, typer.Option(help="Of this exercise; without it, of what is real.")] = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """What is late first, then by severity, then the oldest. `alertbus answer ID` answers one."""
    query: dict[str, Any] = {"agency": agency, "state": state, "exercise": exercise or "none", "limit": _PAGE}
    if worker is not None:
        query["worker"] = worker_ref(agency, worker)  # no name stands in an address
    found = asyncio.run(_listed(query))
    if json_:
        as_json(found)
        return
    lines = [_line(item) for item in found]
    whose = f"{worker} at {agency}" if worker else agency
    rows("Inbox", ("id", "case", "what", "severity", "role", "state", "due", "answered by"), lines, empty=f"Nothing waits for {whose}.")


async def _listed(query: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with Client.of(load_settings()) as client:
        while True:
            page = await client.call("GET", "/v1/inbox", params=query)
            found += page["items"]
            if page["next"] is None:
                return found
            query = query | {"after": page["next"]}


def _line(item: dict[str, Any]) -> tuple[Any, ...]:
    owed = item["notice"]["obligation"]
    role = item["notice"].get("recipient") or owed["role"].replace("_", " ")
    late = " OVERDUE" if item["overdue"] else ""
    due = to_the_minute(owed.get("due") or "")
    state = item["state"].replace("_", " ")
    return item["id"], owed["case_id"], item["notice"]["title"], owed["severity"], role, f"{state}{late}", due, answer_given(item)
