"""The sample receipts of an adapter as files, and what to say where they are missing, stand elsewhere, or are read by nobody."""

import difflib
import inspect
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from alertbus.plugin.kit.named_samples import NamedSample
from alertbus.plugin.kit.sample_files import project_of, samples_for

READS = "parse_receipt"

_NEAR = 0.7
"""How like two names are of which one is meant for the other. Chosen: `parse_reciept`, `parseReceipt` and `read_receipt` are."""

_MOST = 200
_LARGEST = 1_000_000
"""Files of a folder that are read, and bytes of each: a receipt is short."""


@dataclass(frozen=True, slots=True)
class SampleReceipts:
    """What was found, and where it was looked for, in words for who finds that there is none."""

    files: Sequence[bytes]
    wanted: str


def receipts_in(folder: Path) -> tuple[NamedSample, ...]:
    """Give the files of a folder as sample receipts: what the kit says of one names its file. For `receipts` of a test class."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and not file.name.startswith(".")]
    small = [file for file in files[:_MOST] if file.stat().st_size <= _LARGEST]
    return tuple(NamedSample(file.read_bytes(), file.relative_to(folder).as_posix()) for file in small)


def receipts_for(name: str, module: Path, sources: Collection[str], others: Collection[str] = ()) -> SampleReceipts:
    """Give the sample receipts of the adapter of that name in a plugin whose module is at `module`. `sources` are the plugin's, whose
    samples are no receipts; `others` its other adapters.
    """
    if name in sources:
        wanted = f"set `receipts` in the test class of the adapter: samples/{name}/ is read by the source of the same name"
        return SampleReceipts(samples_for(name, module, "receipts", folders=False), wanted)
    folders = _folders(module)
    if name in folders:
        files = [NamedSample(raw, f"samples/{name}/{raw.name}") for raw in receipts_in(folders[name])]
        return SampleReceipts(files, f"put some into samples/{name}/")
    strange = [found for found in folders if found not in {*sources, *others} and any(folders[found].iterdir())]
    elsewhere = "".join(f"; samples/{one}/ has {_files(folders[one])} that nobody reads: rename it" for one in sorted(strange))
    return SampleReceipts(samples_for(name, module, "receipts", folders=False), f"put some into samples/{name}/{elsewhere}")


def nearest(subject: object, wanted: str = READS) -> str:
    """Give the name of a method that is likely to be meant for the one wanted; empty where there is none, or the right one is there."""
    if hasattr(subject, wanted):
        return ""
    known = {"render", "parse"} - {wanted}
    methods = [one for one in dir(type(subject)) if not one.startswith("_") and one not in known]
    routines = {one.casefold().replace("_", ""): one for one in methods if inspect.isroutine(getattr(type(subject), one, None))}
    near = difflib.get_close_matches(wanted.replace("_", ""), routines, n=1, cutoff=_NEAR)
    return routines[near[0]] if near else ""


def _folders(module: Path) -> dict[str, Path]:
    """The folders of samples by name, beside pyproject.toml, beside a single file, or inside the package; the nearest first."""
    found: dict[str, Path] = {}
    for root in (project_of(module), module.parent):
        if root is not None and (root / "samples").is_dir():
            for one in sorted((root / "samples").iterdir()):
                if one.is_dir() and not one.name.startswith("."):
                    found.setdefault(one.name, one)
    return found


def _files(folder: Path) -> str:
    count = sum(one.is_file() for one in folder.rglob("*"))
    return f"{count} file{'' if count == 1 else 's'}"
