"""`alertbus plugin new`: a plugin to begin with, which passes its own tests as it is written."""

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alertbus.cli.output import WrongUsage, say
from alertbus.cli.plugins_dir import PluginsDir, try_from

if TYPE_CHECKING:
    from alertbus.plugin.manager import Plugins


def new(
    name: Annotated[str, typer.Argument(help="What to call it: lower-case letters, digits, - and _, such as northfield-fire.")],
    adapter: Annotated[bool, typer.Option("--adapter", help="It renders notices. Without --adapter and --source, both.")] = False,
    source: Annotated[bool, typer.Option("--source", help="It reads messages as alerts.")] = False,
    receipts: Annotated[
        bool, typer.Option("--receipts", help="The adapter reads its system's answers too, in the bus's own form, with samples of them.")
    ] = False,
    sector: Annotated[
        str | None, typer.Option("--sector", help="Whose notices the adapter renders; the name, with _ for -, unless said.")
    ] = None,
    into: Annotated[Path, typer.Option("--into", help="The folder in which the plugin's own folder is made.")] = Path(),
    plugins_dir: PluginsDir = None,
) -> None:
    """Begin a plugin: a package with tests, samples, a README for its reader, CI, and the rows that the policy needs."""
    from alertbus.plugin.manager import Plugins
    from alertbus.plugin.scaffolding import NewPlugin
    from alertbus.policy.load import load_policy
    from alertbus.settings import load_settings

    try_from(plugins_dir)
    settings = load_settings()
    both = adapter == source
    _refuse_name(name)
    if receipts and source and not both:
        raise WrongUsage("--receipts: an adapter reads receipts. Leave --source out, or give --adapter too.")
    policy = load_policy(settings.policy)
    plugin = NewPlugin(name, sector or name.replace("-", "_"), both or adapter, both or source, frozenset(policy.sharing), receipts)
    plugins = Plugins.load(settings.plugins_dir)
    _refuse_taken(plugins, plugin.name, plugin.source_name if plugin.source else None)
    if plugin.adapter:
        _refuse_sector(plugins, plugin.sector)
    folder = into / name
    if folder.exists():
        raise WrongUsage(f"{folder} is there already, and nothing in it was touched. Choose another name, or another folder with --into.")
    written = list(plugin.written())  # all of them, before the first is on the disk
    for place, text in written:
        target = folder / place
        _write(target, text)
        say(str(target))
    _what_next(folder, settings.policy)


def _write(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        words = f"{target} cannot be written ({error.strerror}). Choose a folder of your own with --into."
    else:
        return
    raise WrongUsage(words)


def _refuse_name(name: str) -> None:
    from alertbus.plugin.scaffolding import LONGEST_NAME, NAME

    if NAME.fullmatch(name) and len(name) <= LONGEST_NAME:
        return
    better = "-".join(part for part in "".join(c if c.isascii() and c.isalnum() else " " for c in name.lower()).split() if part)[
        :LONGEST_NAME
    ]
    hint = f" Such as {better}." if NAME.fullmatch(better) else ""
    raise WrongUsage(
        f"NAME: expected at most {LONGEST_NAME} lower-case letters and digits that begin with a letter, words joined by one - or _: it "
        f"becomes the name of a package, of a module and of a setting.{hint}"
    )


def _refuse_taken(plugins: "Plugins", name: str, source: str | None) -> None:
    rows = plugins.listing()
    if any(row.plugin == name or (row.kind == "adapter" and row.name == name) for row in rows) or name in {"alertbus", "unknown"}:
        raise WrongUsage(f"NAME: '{name}' is a plugin already (`alertbus plugin list`). Choose another, or uninstall that one first.")
    if source and any(row.kind == "source" and row.name == source for row in rows):
        raise WrongUsage(f"NAME: a source '{source}' is there already (`alertbus plugin list`). Choose another name.")


def _refuse_sector(plugins: "Plugins", sector: str) -> None:
    from alertbus.plugin.scaffolding import LONGEST_NAME, SECTOR

    if not SECTOR.fullmatch(sector) or len(sector) > LONGEST_NAME:
        raise WrongUsage("--sector: expected one lower-case word, its parts joined by _, such as fire_and_rescue.")
    taken = {row.sector: row.plugin for row in plugins.listing() if row.kind == "adapter"}
    if sector in taken:
        raise WrongUsage(
            f"--sector: plugin '{taken[sector]}' renders for the sector '{sector}', and a sector has one adapter. Give yours a sector "
            f"of its own (--sector {sector}_2, and its row in the policy), change that plugin, or uninstall it."
        )
    if near := difflib.get_close_matches(sector, taken, n=1, cutoff=0.85):
        say(f"note: '{sector}' is a new sector; there is one called '{near[0]}'.")


def _what_next(folder: Path, policy: Path | None) -> None:
    say()
    say("What next:")
    say(f"  pip install -e '{folder}[test]'       it is then among the bus's plugins")
    say(f"  python -m pytest {folder}")
    say(f"  alertbus plugin check {folder}")
    say(f"  alertbus plugin run {folder}          a throw-away bus with it, not installed")
    say(f"  the rows of {folder / 'policy.yaml'} into {policy or 'a copy of the policy (`alertbus policy show` prints the one shipped)'}")
