"""`alertbus plugin list`: what is offered here, by which plugin."""

from dataclasses import asdict
from typing import Annotated

import typer

from alertbus.cli.output import as_json, rows
from alertbus.cli.plugins_dir import PluginsDir, tried_from, try_from


def list_(json_: Annotated[bool, typer.Option("--json")] = False, plugins_dir: PluginsDir = None) -> None:
    """Every adapter and source that is installed, or stands in the folder of those to try, and was accepted."""
    from alertbus.plugin.manager import Plugins

    try_from(plugins_dir)
    found = [asdict(row) for row in Plugins.load(tried_from()).listing()]
    if json_:
        as_json(found)
        return
    columns = tuple(found[0]) if found else ()
    lines = [[", ".join(v) if isinstance(v, tuple | list) else v for v in row.values()] for row in found]
    rows("Plugins", columns, lines, empty="None installed.")
