"""`alertbus plugin list`: what is offered here, by which plugin."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alertbus.cli.output import as_json, rows, say
from alertbus.cli.plugins_dir import PluginsDir, tried_from, try_from

if TYPE_CHECKING:
    from alertbus.plugin.coverage import Coverage
    from alertbus.plugin.manager import Listed


def list_(json_: Annotated[bool, typer.Option("--json")] = False, plugins_dir: PluginsDir = None) -> None:
    """Every adapter and source that is installed, or stands in the folder of those to try, and was accepted."""
    from alertbus.plugin.coverage import coverage
    from alertbus.plugin.manager import Plugins
    from alertbus.policy.load import load_policy
    from alertbus.settings import load_settings

    try_from(plugins_dir)
    folder = tried_from()
    policy = load_policy(load_settings().policy)
    plugins = Plugins.load(folder, policy.plugins)
    covered, exempt = coverage(plugins, policy), _exemptions(folder)
    found = [{**asdict(row), "agencies": _agencies(row, covered), "exempt": exempt.get(row.plugin, ())} for row in plugins.listing()]
    if json_:
        as_json(found)
        return
    columns = tuple(found[0]) if found else ()
    lines = [[", ".join(v) if isinstance(v, tuple | list) else v for v in row.values()] for row in found]
    rows("Plugins", columns, lines, empty="None installed.")
    for line in covered.lines():
        say(f"{line[0].upper()}{line[1:]}.")


def _agencies(row: "Listed", covered: "Coverage") -> tuple[str, ...]:
    """The policy's agencies whose messages it makes, or would make."""
    aside = {one.plugin: one.agencies for one in covered.set_aside}
    if row.kind != "adapter":
        return aside.get(row.plugin, ()) if row.reason else ()
    return covered.without_adapter if row.name == "plain" else tuple(covered.own.get(row.name, ()))


def _exemptions(folder: Path | None) -> dict[str, tuple[str, ...]]:
    """The rules of the conformance kit that a plugin says it does not keep, with its reasons."""
    from alertbus.plugin.discovery import installed
    from alertbus.plugin.kit.exemptions import exemptions_of
    from alertbus.plugin.unpackaged import dropped_in

    modules = {entry.name: entry.module for entry in installed()}
    modules |= {one.name: one.value for one in dropped_in(folder)} if folder else {}
    return exemptions_of(modules)
