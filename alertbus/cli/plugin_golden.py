"""`alertbus plugin golden`: keep what this release of a plugin renders, so that the kit says of the next what is no longer the same."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alertbus.cli.output import WrongUsage, say

if TYPE_CHECKING:
    from alertbus.plugin.protocols import Adapter


def golden(path: Annotated[Path, typer.Argument(metavar="PATH", help="The plugin's own folder, with its pyproject.toml.")]) -> None:
    """Write the golden messages of each adapter to golden/ADAPTER/ beside pyproject.toml; what was there of before is replaced.

    All in them is invented, so they may be kept with the code. Look at the difference before you commit it.
    """
    from alertbus.cli.one_call import called_once
    from alertbus.cli.plugin_chosen import plugins_of
    from alertbus.plugin.kit.golden import golden_notices

    if not (path / "pyproject.toml").is_file():
        raise WrongUsage(f"{path}: no pyproject.toml stands there. Give the plugin's own folder: golden messages are kept with its code.")
    adapters = sorted(plugins_of(str(path.absolute())).adapters.values(), key=lambda adapter: adapter.name)
    if not adapters:
        raise WrongUsage(f"{path}: the plugin has no adapter, so there is nothing that it renders.")
    for adapter in adapters:
        folder = path / "golden" / adapter.name
        called_once(f"adapter '{adapter.name}'", partial(_kept, adapter, folder))
        say(f"{len(golden_notices())} messages in {folder}. `alertbus plugin check {path}` holds the adapter to them from now on.")


def _kept(adapter: "Adapter", folder: Path) -> Path:
    from alertbus.plugin.kit.golden import renew

    renew(adapter, folder)
    return folder
