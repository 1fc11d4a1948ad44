"""`alertbus send`: putting alerts in."""

import asyncio
import json
from collections.abc import Iterator
from typing import Annotated

import typer

from alertbus.cli.files import text_of
from alertbus.cli.output import NO, complain, progress
from alertbus.run.client import CallRefused, Client
from alertbus.settings import load_settings

PATIENCE_S = 15.0
"""How long each alert is tried again while the gateway is away or says 503: a part that died is back sooner."""


def send(
    file: Annotated[str, typer.Argument(help="A JSON file with one alert, JSON Lines of alerts, or - for standard input.")],
    json_: Annotated[bool, typer.Option("--json", help="One JSON object per alert.")] = False,
) -> None:
    """Send alerts. Prints each one's id; exit 1 if any is refused."""
    refused = asyncio.run(_send(list(_statements(text_of(file))), json_=json_))
    if refused:
        raise typer.Exit(NO)


async def _send(statements: list[str], *, json_: bool) -> int:
    refused = 0
    async with Client.of(load_settings(), patience_s=PATIENCE_S) as client:
        with progress("alerts", len(statements)) as tick:
            for number, statement in enumerate(statements, start=1):
                try:
                    answer = await client.call("POST", "/v1/alerts", content=statement, headers={"content-type": "application/json"})
                    print(json.dumps(answer) if json_ else answer["id"])
                    for gap in () if json_ else answer.get("to_complete", ()):
                        complain(f"alert {number} is told, and does not say: {gap['words']} ({gap['path']})")
                except CallRefused as no:
                    refused += 1
                    complain(f"alert {number}: {no}")
                tick()
    return refused


def _statements(text: str) -> Iterator[str]:
    """One JSON document, or one on each line."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        yield from (line for line in text.splitlines() if line.strip())
        return
    for entry in whole if isinstance(whole, list) else [whole]:
        yield json.dumps(entry, ensure_ascii=False)
