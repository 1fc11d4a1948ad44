"""Where a plugin's own sample messages are found when nobody hands them over.

They are the raw messages that a source reads, or the receipts that an adapter reads. First `samples/<the object's name>/` beside
pyproject.toml, beside a single file, or inside the package (so an installed one can be checked); where no such folder is, the classes in
`tests/test_*.py` that inherit the kit's.
"""

import sys
from collections.abc import Iterator, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from alertbus.plugin.kit.calling import load
from alertbus.plugin.kit.named_samples import NamedSample

_PROJECT = "pyproject.toml"
_MOST = 200
_LARGEST = 1_000_000


def project_of(module: Path) -> Path | None:
    """Give the folder with the project's pyproject.toml, of a module that stands in it or in `src` there."""
    for folder in (module.parent, module.parent.parent, module.parent.parent.parent):
        if (folder / _PROJECT).is_file():
            return folder
    return None


def samples_for(name: str, module: Path, attribute: str, *, folders: bool = True) -> Sequence[bytes]:
    """Give the samples of the object of that name in a plugin whose module is at `module`; without `folders`, those of its test class.
    Those in files have their file's name.

    `attribute` is where a test class has them: `samples` of a source, `receipts` of an adapter.
    """
    project = project_of(module)
    for root in (project, module.parent) if folders else ():
        folder = root / "samples" / name if root else None
        if folder is not None and folder.is_dir():
            files = [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.name.startswith(".")]
            small = [file for file in files[:_MOST] if file.stat().st_size <= _LARGEST]
            return [NamedSample(file.read_bytes(), file.relative_to(folder).as_posix()) for file in small]
    if project is None:
        return ()
    subject = "source" if attribute == "samples" else "adapter"
    for test in _test_modules(project):
        for one in vars(test).values():
            if isinstance(one, type) and getattr(getattr(one, subject, None), "name", None) == name and getattr(one, attribute, ()):
                return tuple(getattr(one, attribute))
    return ()


def golden_for(name: str, module: Path) -> Path | None:
    """Give the folder of an adapter's golden messages: `golden/<its name>/` beside pyproject.toml, or the one that its test class names."""
    project = project_of(module)
    if project is None:
        return None
    if (project / "golden" / name).is_dir():
        return project / "golden" / name
    classes = [one for test in _test_modules(project) for one in vars(test).values() if isinstance(one, type)]
    named = [one for one in classes if getattr(getattr(one, "adapter", None), "name", None) == name]
    return next((folder for one in named if isinstance(folder := getattr(one, "golden", None), Path)), None)


def _test_modules(project: Path) -> Iterator[ModuleType]:
    """The plugin's own tests, imported as pytest would. One that cannot be is passed over: it is not what is checked."""
    roots = [str(folder) for folder in (project, project / "src", project / "tests", project.parent.parent) if folder.is_dir()]
    sys.path[:] = [*sys.path, *(root for root in roots if root not in sys.path)]
    for number, file in enumerate(sorted((project / "tests").glob("test_*.py"))):
        if "Conformance" not in file.read_text("utf-8", "replace"):
            continue
        spec = spec_from_file_location(f"alertbus_checked_tests_{number}", file)
        if spec is None or spec.loader is None:
            continue
        module = module_from_spec(spec)
        sys.modules[spec.name] = module
        try:
            load(spec.loader.exec_module, module)
        except Exception:  # noqa: BLE001, S112  a test of the plugin's own that needs what is not here
            continue
        yield module
