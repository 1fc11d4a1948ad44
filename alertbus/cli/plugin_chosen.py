"""Which plugin a command is about: what it offers by name, where it is installed, or by its path, where it is not."""

import difflib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from alertbus.cli.output import WrongUsage
from alertbus.cli.plugins_dir import tried_from
from alertbus.model.errors import NotFound, PluginFault

if TYPE_CHECKING:
    from alertbus.plugin.manager import Plugins
    from alertbus.plugin.protocols import Adapter, Source

AdapterOrSource = TypeVar("AdapterOrSource", "Adapter", "Source")


def is_path(given: str) -> bool:
    """Whether a path is meant, and no name: it has a separator, begins with a dot, ends as Python's files do, or a plugin stands there."""
    if os.sep in given or given.startswith((".", "~")) or given.endswith(".py"):
        return True
    return any((Path(given) / mark).is_file() for mark in ("pyproject.toml", "__init__.py"))


def plugins_of(given: str) -> "Plugins":
    """The plugins among which `given` chooses. Raises `WrongUsage` for a path at which no plugin can be loaded."""
    from alertbus.plugin.manager import Plugins

    if not is_path(given):
        return Plugins.load(tried_from())
    try:
        return Plugins.at(Path(given))
    except PluginFault as fault:
        words = str(fault)
    raise WrongUsage(words)


def adapter_of(given: str, named: str | None) -> "tuple[Plugins, Adapter]":
    """The adapter of that name, or of the plugin at that path; `named` chooses where it has several."""
    plugins = plugins_of(given)
    return plugins, _chosen(plugins, list(plugins.adapters.values()), given, named, "adapter")


def source_of(given: str, named: str | None) -> "tuple[Plugins, Source]":
    """The same for a source."""
    plugins = plugins_of(given)
    return plugins, _chosen(plugins, list(plugins.sources.values()), given, named, "source")


def _chosen(plugins: "Plugins", offered: list[AdapterOrSource], given: str, named: str | None, what: str) -> AdapterOrSource:
    """One by its name, else the only one of its plugin."""
    owners = {(row.kind, row.name): row.plugin for row in plugins.listing()}
    of_plugin = offered if is_path(given) else [one for one in offered if owners[what, one.name] == given]
    wanted = named or given
    exact = [one for one in (of_plugin if named else offered) if one.name == wanted]
    found = exact or ([] if named else of_plugin)
    if len(found) == 1:
        return found[0]
    if found:
        raise WrongUsage(f"{given} has several {what}s: {_names(found)}. Say which with --{what} NAME.")
    if is_path(given):
        has = f"its {what}s: {_names(offered)}" if offered else f"it has none: its hook alertbus_{what}s returns nothing, or is not there"
        raise WrongUsage(f"no {what} '{named}' at {given}; {has}." if named else f"no {what} at {given}; {has}.")
    if words := _set_aside(plugins, wanted):
        raise PluginFault(f"no {what} '{wanted}' can be used: {words}.")
    raise NotFound(
        f"no {what} '{wanted}'{_hint(wanted, offered)}; installed: {_names(offered)}. A path (such as ./{wanted}) is tried as it is."
    )


def _set_aside(plugins: "Plugins", wanted: str) -> str:
    """Why a plugin of that name, or with an adapter or source of it, cannot be used; empty where it is not set aside."""
    offering = [one for one in plugins.set_aside if wanted in {one.plugin, *one.offered.adapters, *one.offered.sources}]
    return offering[0].words if offering else ""


def _names(offered: Iterable[AdapterOrSource]) -> str:
    return ", ".join(sorted(one.name for one in offered)) or "none"


def _hint(wanted: str, offered: Iterable[AdapterOrSource]) -> str:
    near = difflib.get_close_matches(wanted, [one.name for one in offered], n=1)
    return f"; did you mean '{near[0]}'" if near else ""
