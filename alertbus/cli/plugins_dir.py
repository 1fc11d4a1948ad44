"""The option `--plugins-dir`: plugins that are not installed, for this command and every process that it starts."""

import os
from pathlib import Path
from typing import Annotated

import typer

from alertbus.cli.output import WrongUsage

PluginsDir = Annotated[
    Path | None,
    typer.Option("--plugins-dir", help="A folder of plugins that are not installed, to try them, as ALERTBUS_PLUGINS_DIR."),
]


def try_from(folder: Path | None) -> None:
    """Make the option a setting, so that the parts of a bus find it as well."""
    if folder is None:
        return
    if not folder.is_dir():
        raise WrongUsage(f"--plugins-dir: {folder} is no folder. Make it, or correct its path.")
    os.environ["ALERTBUS_PLUGINS_DIR"] = str(folder.absolute())


def place_of(plugin: str) -> str:
    """The path of a plugin that is tried from the folder, for its name; anything else as it was given."""
    if (folder := tried_from()) is None:
        return plugin
    from alertbus.plugin.unpackaged import dropped_in

    return next((str(one.place) for one in dropped_in(folder) if one.name == plugin), plugin)


def tried_from() -> Path | None:
    """The folder of plugins to try, by option, environment or file; None for none. Settings are read only where one could be set."""
    if not {"ALERTBUS_PLUGINS_DIR", "ALERTBUS_CONFIG"} & os.environ.keys():
        return None
    from alertbus.settings import load_settings

    return load_settings().plugins_dir
