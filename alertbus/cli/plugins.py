"""`alertbus plugin`: the agency plugins installed here, and a preview of what one would send."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from alertbus.cli.files import bytes_of
from alertbus.cli.output import as_it_is, as_json, rows
from alertbus.cli.plugin_check import check
from alertbus.model.errors import NotFound
from alertbus.plugin.manager import Plugins
from alertbus.policy.load import load_policy
from alertbus.run.preview import preview
from alertbus.settings import load_settings

app = typer.Typer(help="Agency plugins.", no_args_is_help=True)
app.command()(check)


@app.command("list")
def list_(json_: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Every adapter and source that is installed and was accepted."""
    found = [asdict(row) for row in Plugins.load().listing()]
    if json_:
        as_json(found)
        return
    columns = tuple(found[0]) if found else ()
    lines = [[", ".join(v) if isinstance(v, tuple | list) else v for v in row.values()] for row in found]
    rows("Plugins", columns, lines, empty="None installed.")


@app.command()
def render(
    name: Annotated[str, typer.Argument(help="An adapter's name, from `alertbus plugin list`.")],
    alert: Annotated[Path, typer.Option("--alert", help="An alert's JSON file.")],
) -> None:
    """What that agency's system would receive for this alert, on an invented case: after minimisation, in its own format."""
    plugins = Plugins.load()
    adapter = next((a for a in plugins.adapters.values() if a.name == name), None)
    if adapter is None:
        raise NotFound(f"no adapter '{name}'; installed: {', '.join(sorted(a.name for a in plugins.adapters.values()))}")
    policy = load_policy(load_settings().policy)
    message = asyncio.run(asyncio.to_thread(preview, plugins, adapter, bytes_of(alert), policy))
    as_it_is(message.body + b"\n")
