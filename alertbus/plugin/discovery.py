"""The plugins that are installed in this environment: found by their entry points, imported, and the first that cannot be is named."""

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path, PurePath
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
        reason = reason_of(error, _home_of(entry.module))
    raise NotImported(
        f"agency plugin '{entry.name}': importing {entry.value} raised {reason}. Reinstall it, or uninstall it to start without it.", reason
    )


class NotImported(PluginFault):
    """A plugin cannot be imported; `reason` is the class of what went wrong, and where."""

    def __init__(self, words: str, reason: str) -> None:
        self.reason = reason
        super().__init__(words)


def reason_of(error: BaseException, home: Path | None = None) -> str:
    """Say the class of an error and the last place of the plugin's code in it, and nothing of its words. `home`: the module's file or the
    package's folder; where nothing in it is seen, the last place that is neither Python's way of importing nor ours.
    """
    found = [(f.f_code.co_filename, line) for f, line in walk_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        found.append((error.filename, error.lineno or 1))  # the file that could not be read is no frame yet
    own = [(file, line) for file, line in found if home is not None and (Path(file) == home or home in Path(file).parents)]
    places = [f"{'/'.join(PurePath(file).parts[-2:])}:{line}" for file, line in own or found]
    told = [
        place for place in places if not place.startswith(("<frozen", "importlib/", "metadata/", "plugin/discovery", "plugin/unpackaged"))
    ]
    return f"{told_class(type(error))}{f' at {told[-1]}' if told else ''}"


def _home_of(module: str) -> Path | None:
    """Find where the package of an entry point stands, without running it."""
    try:
        spec = find_spec(module.partition(".")[0])
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.origin:
        return None
    return Path(spec.origin).parent if spec.submodule_search_locations else Path(spec.origin)
