"""The plugins that are installed in this environment: found by their entry points, imported, and the first that cannot be is named."""

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

from alertbus.model.errors import PluginFault

GROUP = "alertbus"
"""Entry point group, and pluggy's project name."""


def installed() -> Iterable[EntryPoint]:
    """One entry per name; the same one seen twice (an editable install beside a wheel) counts once."""
    found: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        other = found.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise PluginFault(
                f"agency plugin '{entry.name}': two packages offer an entry point of that name "
                f"({other.value}, {entry.value}). Uninstall one of them."
            )
    return found.values()


def imported(entry: EntryPoint) -> object:
    """Import what the entry point names. Raises `PluginFault`, which says the class of what went wrong and nothing of its words."""
    raised = ""
    try:
        return entry.load()
    except Exception as error:  # noqa: BLE001  importing a plugin runs its code
        raised = type(error).__name__
    raise PluginFault(
        f"agency plugin '{entry.name}': importing {entry.value} raised {raised}. Reinstall it, or uninstall it to start without it."
    )
