"""`alertbus explain`: who would be told of an alert, or was, and why not the others; and what stands of it. Asked of the gateway."""

import asyncio
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from alertbus.cli.files import bytes_of
from alertbus.cli.output import as_json, rows, say
from alertbus.run.client import Client
from alertbus.settings import load_settings

COLUMNS = ("case", "agency", "told", "ended", "ruling", "through", "since", "fallback")


def explain(
    alert_id: Annotated[str | None, typer.Argument(help="An alert's id, the bus's or the sender's.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="An alert that was not sent: who would be told now?")] = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """For each agency on each case: told or not told, when it was told that it ended, and the rule or link that decided."""
    if (alert_id is None) == (file is None):
        raise typer.BadParameter("give an alert's id, or --file")
    found = asyncio.run(_explain(alert_id, bytes_of(file) if file else b""))
    lines = found["lines"]
    if json_:
        as_json(lines)
        return
    say(f"stands   {found['stands']}")
    for rule in dict.fromkeys(line["rule"] for line in lines):
        say(f"rule     {rule}")
    rows(
        "Who is told, and who is not",
        COLUMNS,
        [[line[column] for column in COLUMNS] for line in lines],
        empty="Nobody of this alert is linked to a case, so nobody is told yet. It waits for a case that names them.",
    )


async def _explain(alert_id: str | None, unsent: bytes) -> dict[str, Any]:
    async with Client.of(load_settings()) as client:
        if alert_id is not None:
            return dict(await client.call("GET", f"/v1/alerts/{quote(alert_id, safe='')}/explanation"))
        return dict(await client.call("POST", "/v1/explanations", content=unsent, headers={"content-type": "application/json"}))
