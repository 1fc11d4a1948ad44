"""The plugins that are installed in this environment: found by their entry points, imported, and the first that cannot be is named."""

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

from alertbus.model.errors import PluginFault
from alertbus.plugin.registration import clash

GROUP = "alertbus"
"""Entry point group, and pluggy's project name."""


def installed() -> Iterable[EntryPoint]:
    """One entry per name; the same one seen twice (an editable install beside a wheel) counts once."""
    found: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise clash(
                f"{other.value} (package {package_of(other)})",
                f"{entry.value} (package {package_of(entry)})",
                f"a plugin named '{entry.name}'",
            )
    return found.values()


def package_of(entry: EntryPoint) -> str:
    """Name the package that offers it, with its version; its module where it comes from none."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.module


def imported(entry: EntryPoint) -> object:
    """Import what the entry point names. Raises `PluginFault`, which says the class of what went wrong and nothing of its words."""
    raised = ""
    try:
        return entry.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001  importing a plugin runs its code, and that may try to end the process
        raised = type(error).__name__
    raise PluginFault(
        f"agency plugin '{entry.name}': importing {entry.value} raised {raised}. Reinstall it, or uninstall it to start without it."
    )
