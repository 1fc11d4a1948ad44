"""`alertbus quarantine`: records that could not be decided. Shows where they stood and why, never what they hold."""

import asyncio
from typing import Annotated, Any

import typer

from alertbus.broker.consumer import read_all
from alertbus.broker.topics import QUARANTINE
from alertbus.cli.bootstrap import bootstrap_servers
from alertbus.cli.output import as_json, pairs, rows
from alertbus.model.errors import NotFound
from alertbus.settings import load_settings

app = typer.Typer(help="Records that could not be decided.", no_args_is_help=True)


@app.command("list")
def list_(json_: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Every record: where it came from, the class of the error, what is to become of it."""
    found = asyncio.run(_records())
    if json_:
        as_json(found)
        return
    columns = ("id", "from", "by", "error", "disposition", "bytes")
    rows("Quarantine", columns, [[r[c] for c in columns] for r in found], empty="Quarantine is empty.")


@app.command()
def show(record_id: str, json_: Annotated[bool, typer.Option("--json")] = False) -> None:
    """One record's coordinates and headers. Its payload is a family's: read it where it lies, with the right to."""
    record = next((r for r in asyncio.run(_records()) if r["id"] == record_id), None)
    if record is None:
        raise NotFound(f"no quarantined record {record_id}; `alertbus quarantine list` shows them")
    if json_:
        as_json(record)
    else:
        pairs(record)


async def _records() -> list[dict[str, Any]]:
    found = []
    async for record in read_all(bootstrap_servers(load_settings()), [QUARANTINE]):
        headers = {name: value.decode(errors="replace") for name, value in record.headers}
        found.append(
            {
                "id": f"{record.partition}-{record.offset}",
                "from": headers.get("ce_subject"),
                "by": headers.get("ce_source"),
                "error": headers.get("ce_errorclass"),
                "disposition": headers.get("ce_disposition"),
                "bytes": len(record.value or b""),
            }
        )
    return found
