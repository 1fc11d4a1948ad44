"""All messages of one adapter, as files and a page that lists them: each kind, each deed, with a flag and without, an exercise, minimal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePath

from alertbus.model.alert import KINDS
from alertbus.model.errors import PluginFault
from alertbus.model.notice import Deed, Message, Notice
from alertbus.plugin.manager import Plugins
from alertbus.plugin.protocols import Adapter
from alertbus.policy.policy import Policy
from alertbus.run.preview import BRIEFING, ShownAs, bare, briefed, invented, previewed

_MARK = ".alertbus-gallery"
"""Stands in a folder that is a gallery: what is in such a one may be written over."""

OWN = "your notice"


@dataclass(frozen=True, slots=True)
class Shot:
    """One notice of the gallery: a row by its kind, a column by what is special about it."""

    kind: str
    variant: str
    notice: Notice
    policy: str

    def rendered(self, plugins: Plugins, adapter: Adapter) -> Message | str:
        """The message, or why there is none."""
        try:
            return plugins.render(self.notice, adapter)
        except PluginFault as fault:
            return str(fault)


@dataclass(frozen=True, slots=True)
class _Picture:
    file: str = ""
    size: int = 0
    fault: str = ""


def shots(sector: str, policy: Policy, own: Sequence[Notice] = ()) -> Iterator[Shot]:
    """What the gallery shows, in the order of its rows and columns."""
    for number, notice in enumerate(own, start=1):
        yield Shot(f"{OWN} {number}", notice.deed.value, notice, notice.policy_version)
    for kind in sorted({*KINDS, *policy.kinds} - {BRIEFING}):
        alert = invented(kind)
        for variant, wanted in _variants():
            yield Shot(kind, variant, previewed(alert, sector, policy, wanted), policy.version)
        yield Shot(kind, "minimal", bare(kind, sector, ShownAs()), policy.version)
    for deed in (Deed.DELIVER, Deed.AMEND):
        yield Shot(BRIEFING, deed.value, briefed(sector, ShownAs(deed)), policy.version)


def _variants() -> Iterator[tuple[str, ShownAs]]:
    for deed in Deed:
        yield deed.value, ShownAs(deed)
    yield "with flag", ShownAs(flag=True)
    yield "without flag", ShownAs(flag=False)
    yield "exercise", ShownAs(exercise=True)
    yield "exercise with flag", ShownAs(flag=True, exercise=True)


def is_gallery(folder: Path) -> bool:
    """Whether the folder may be written over: it is empty, or what is in it was written by us."""
    return folder.is_dir() and ((folder / _MARK).exists() or not any(folder.iterdir()))


def write(into: Path, adapter: Adapter, shown: Sequence[tuple[Shot, Message | str]]) -> list[str]:
    """Write the files and the page. Gives a line for each message that could not be rendered."""
    import jinja2  # only who makes a gallery needs it

    into.mkdir(parents=True, exist_ok=True)
    (into / _MARK).touch()
    cells: dict[tuple[str, str], _Picture] = {}
    for shot, message in shown:
        if isinstance(message, str):
            cells[shot.kind, shot.variant] = _Picture(fault=message)
            continue
        stem = f"{shot.kind}--{shot.variant}".replace(" ", "-")
        name = f"{stem}{PurePath(message.filename).suffix or '.bin'}"
        (into / name).write_bytes(message.body)
        cells[shot.kind, shot.variant] = _Picture(file=name, size=len(message.body))
    kinds, variants = (list(dict.fromkeys(column)) for column in ((shot.kind for shot, _ in shown), (shot.variant for shot, _ in shown)))
    failed = [f"{kind}, {variant}: {cell.fault}" for (kind, variant), cell in cells.items() if cell.fault]
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        (files("alertbus.run") / "gallery.html").read_text(encoding="utf-8")
    )
    html = page.render(
        adapter=adapter.name,
        sector=adapter.sector,
        version=shown[-1][0].policy,
        failed=len(failed),
        variants=variants,
        table=[(kind, [cells.get((kind, variant)) for variant in variants]) for kind in kinds],
    )
    (into / "index.html").write_text(html, encoding="utf-8")
    return failed
