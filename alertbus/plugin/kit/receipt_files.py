"""The sample receipts of an adapter as files, and what to say where they are missing, stand elsewhere, or are read by nobody."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from alertbus.plugin.kit.named_samples import NamedSample
from alertbus.plugin.kit.sample_files import project_of, samples_for, samples_in

READS = "parse_receipt"


@dataclass(frozen=True, slots=True)
class SampleReceipts:
    """What was found, and where it was looked for, in words for who finds that there is none."""

    files: Sequence[bytes]
    wanted: str


def receipts_in(folder: Path) -> tuple[NamedSample, ...]:
    """Give the files of a folder as sample receipts: what the kit says of one names its file. For `receipts` of a test class."""
    return samples_in(folder)


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
