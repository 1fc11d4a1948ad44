"""Plugins that nobody has installed, tried as they are written: a Python file, a package's folder, a project with its pyproject.toml.

A bus takes them from the folder that ALERTBUS_PLUGINS_DIR names. Whoever may write there decides what this bus runs, so the folder and all
that is loaded from it belong to the user who runs the bus (or to root), and nobody else may write to them.
"""

import importlib
import os
import stat
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any

from alertbus.model.errors import PluginFault
from alertbus.plugin.discovery import GROUP, NotImported, reason_of
from alertbus.unheard import called

UNPACKAGED = "unpackaged"
"""What stands in place of, or behind, the version of a plugin that is not installed."""

_INIT = "__init__.py"
_PROJECT = "pyproject.toml"
_OURS_ALONE = "the user who runs the bus, or root, owns it and nobody else may write to it"


@dataclass(frozen=True, slots=True)
class Unpackaged:
    """One plugin that is not installed: its name, and where the package stands that its entry point names."""

    name: str
    version: str
    value: str
    """As an entry point has it: `alertbus_northfield`, or `alertbus_northfield.hooks:plugin`."""
    top: Path
    """The file of the module, or the folder of the package, that comes first in `value`."""
    place: Path
    """What was given or stands in the folder: `top` itself, or the project that it belongs to."""

    def imported(self) -> object:
        """Import it. Raises `PluginFault`, which says the class of what went wrong and nothing of its words."""
        module, _, attribute = self.value.partition(":")
        first = module.partition(".")[0]
        self._put_in_place(first)
        reason = ""
        try:
            with called(self.name):
                found: Any = importlib.import_module(module)
            for part in attribute.split(".") if attribute else ():
                found = getattr(found, part)
        except (Exception, SystemExit) as error:  # noqa: BLE001  importing a plugin runs its code
            reason = reason_of(error, self.top)
        else:
            return found
        for name in [one for one in sys.modules if one == first or one.startswith(f"{first}.")]:
            del sys.modules[name]
        raise NotImported(
            f"agency plugin '{self.name}' (unpackaged): importing {self.value} raised {reason}. "
            f"`python -c 'import {module}'`, run in {self.top.parent}, says more; mend it, or take it away to go on without it.",
            reason,
        )

    def _put_in_place(self, first: str) -> None:
        """Let `import` find the package here and nowhere else: nothing of it shadows a module of Python or of the bus."""
        if first in sys.stdlib_module_names or first == "alertbus":
            raise PluginFault(
                f"agency plugin '{self.name}' (unpackaged): '{first}' is the name of a module that is there already. Rename it."
            )
        loaded = sys.modules.get(first)
        if loaded is not None and Path(getattr(loaded, "__file__", None) or "").resolve() != self._file.resolve():
            raise PluginFault(
                f"agency plugin '{self.name}' (unpackaged): a module '{first}' from elsewhere is loaded already. Rename the package, or "
                "uninstall the other."
            )
        sys.meta_path[:] = [one for one in sys.meta_path if not (isinstance(one, _Here) and one.first == first)]
        sys.meta_path.insert(0, _Here(first, self._file))

    @property
    def _file(self) -> Path:
        return self.top / _INIT if self.top.is_dir() else self.top


class _Here:
    """Finds one package at one place, before any other."""

    def __init__(self, first: str, file: Path) -> None:
        self.first, self._file = first, file

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002  as Python asks it
        if name != self.first:
            return None
        within = [str(self._file.parent)] if self._file.name == _INIT else None
        return spec_from_file_location(name, self._file, submodule_search_locations=within)


def found_at(path: Path) -> tuple[Unpackaged, ...]:
    """The plugins at a place: that of a file or a package, or those that a project's entry points name. Raises `PluginFault`."""
    path = path.expanduser().absolute()
    if (path / _PROJECT).is_file():
        return tuple(_of_project(path))
    if (path / _INIT).is_file() or (path.is_file() and path.suffix == ".py"):
        name = path.stem if path.is_file() else path.name
        if not name.isidentifier():
            raise PluginFault(f"{path}: Python cannot import a module of that name. Rename it, with letters, digits and _ alone.")
        return (Unpackaged(name.removeprefix("alertbus_"), UNPACKAGED, name, path, path),)
    if not path.exists():
        raise PluginFault(
            f"{path}: there is no such file or folder. Give the path of a plugin: a project's folder, a package's, or a Python file."
        )
    raise PluginFault(
        f"{path}: no plugin stands there. Give a Python file, a folder with {_INIT}, or a folder with {_PROJECT}; "
        "`alertbus plugin new NAME` writes one."
    )


def _of_project(folder: Path) -> Iterator[Unpackaged]:
    """What the project's entry points name. The package stands in its folder, or in `src` there."""
    try:
        project = tomllib.loads((folder / _PROJECT).read_text("utf-8")).get("project", {})
        entries = dict(project.get("entry-points", {}).get(GROUP, {}))
        version = str(project.get("version", "")) or "no version"
    except (OSError, ValueError, AttributeError, TypeError):
        raise PluginFault(f"{folder / _PROJECT}: cannot be read as TOML of a project. Mend it; `pip install -e` reads it, too.") from None
    if not entries:
        raise PluginFault(f"{folder / _PROJECT}: names no plugin. Add [project.entry-points.{GROUP}] with its name and its module.")
    for name, value in sorted(entries.items()):
        first = str(value).partition(":")[0].partition(".")[0].strip()
        places = [place for root in (folder, folder / "src") for place in (root / first, root / f"{first}.py")]
        top = next((one for one in places if (one / _INIT).is_file() or one.is_file()), None)
        if top is None:
            raise PluginFault(
                f"{folder / _PROJECT}: plugin '{name}' names {first}, which does not stand beside it or in src. Mend one of the two."
            )
        yield Unpackaged(name, f"{version} ({UNPACKAGED})", str(value).strip(), top, folder)


def dropped_in(folder: Path) -> tuple[Unpackaged, ...]:
    """The plugins of a folder of drop-ins, by name. Files that are no Python, and what begins with a dot or `_`, are passed over.

    Raises `PluginFault` for a folder or a file that others may write to, and for a folder in it that is no plugin.
    """
    folder = folder.expanduser().absolute()
    if not folder.is_dir():
        raise PluginFault(f"ALERTBUS_PLUGINS_DIR: {folder} is no folder. Make it, or leave the setting out.")
    _refuse_writable(folder)
    found: dict[str, Unpackaged] = {}
    for place in sorted(folder.iterdir()):
        if place.name.startswith((".", "_")) or (place.is_file() and place.suffix != ".py"):
            continue
        for one in _safe(place):
            if (other := found.setdefault(one.name, one)) is not one:
                raise PluginFault(f"agency plugin '{one.name}' (unpackaged): stands twice, at {other.top} and {one.top}. Take one away.")
    return tuple(found[name] for name in sorted(found))


def _safe(place: Path) -> tuple[Unpackaged, ...]:
    _refuse_writable(place)
    plugins = found_at(place)
    for one in plugins:
        for each in (place / _PROJECT, one.top.parent, one.top, *(one.top.rglob("*") if one.top.is_dir() else ())):
            if each.exists() or each.is_symlink():
                _refuse_writable(each)
    return plugins


def _refuse_writable(place: Path) -> None:
    """Raise `PluginFault` for what somebody else could change, or lead elsewhere."""
    found = place.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise PluginFault(f"ALERTBUS_PLUGINS_DIR: {place} is a link, and what it leads to may change. Put the file or folder itself there.")
    if found.st_uid not in {0, os.geteuid()}:
        raise PluginFault(
            f"ALERTBUS_PLUGINS_DIR: {place} is somebody else's; expected: {_OURS_ALONE}. Copy it as the user who runs the bus."
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PluginFault(f"ALERTBUS_PLUGINS_DIR: others may write to {place}; expected: {_OURS_ALONE}. Run: chmod -R go-w {place}")
