"""`alertbus plugin list`: what is offered here, by which plugin."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from alertbus.cli.output import as_json, rows
from alertbus.cli.plugins_dir import PluginsDir, tried_from, try_from


def list_(json_: Annotated[bool, typer.Option("--json")] = False, plugins_dir: PluginsDir = None) -> None:
    """Every adapter and source that is installed, or stands in the folder of those to try, and was accepted."""
    from alertbus.plugin.manager import Plugins

    try_from(plugins_dir)
    folder = tried_from()
    listing = Plugins.load(folder).listing()
    exempt = _exemptions(folder)
    found = [{**asdict(row), "exempt": exempt.get(row.plugin, ())} for row in listing]
    if json_:
        as_json(found)
        return
    columns = tuple(found[0]) if found else ()
    lines = [[", ".join(v) if isinstance(v, tuple | list) else v for v in row.values()] for row in found]
    rows("Plugins", columns, lines, empty="None installed.")


def _exemptions(folder: Path | None) -> dict[str, tuple[str, ...]]:
    """The rules of the conformance kit that a plugin says it does not keep, with its reasons."""
    from alertbus.plugin.discovery import installed
    from alertbus.plugin.kit.exemptions import exemptions_of
    from alertbus.plugin.unpackaged import dropped_in

    modules = {entry.name: entry.module for entry in installed()}
    modules |= {one.name: one.value for one in dropped_in(folder)} if folder else {}
    return exemptions_of(modules)
