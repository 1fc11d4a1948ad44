"""The plugins that are installed in this environment: found by their entry points, imported, and the first that cannot be is named."""

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from pathlib import PurePath
from traceback import walk_tb

from alertbus.model.errors import PluginFault, told_class
from alertbus.plugin.registration import clash
from alertbus.unheard import called

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
    reason = ""
    try:
        with called(entry.name):
            return entry.load()
    except (Exception, SystemExit) as error:  # noqa: BLE001  importing a plugin runs its code, and that may try to end the process
        reason = reason_of(error)
    raise NotImported(
        f"agency plugin '{entry.name}': importing {entry.value} raised {reason}. Reinstall it, or uninstall it to start without it.", reason
    )


class NotImported(PluginFault):
    """A plugin cannot be imported; `reason` is the class of what went wrong, and where."""

    def __init__(self, words: str, reason: str) -> None:
        self.reason = reason
        super().__init__(words)


def reason_of(error: BaseException) -> str:
    """Say the class of an error and the last place of the plugin's code in it, and nothing of its words."""
    places = [f"{'/'.join(PurePath(f.f_code.co_filename).parts[-2:])}:{line}" for f, line in walk_tb(error.__traceback__)]
    told = [
        place for place in places if not place.startswith(("<frozen", "importlib/", "metadata/", "plugin/discovery", "plugin/unpackaged"))
    ]
    return f"{told_class(type(error))}{f' at {told[-1]}' if told else ''}"
