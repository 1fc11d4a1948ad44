"""`alertbus plugin run`: a throw-away bus with one plugin, not installed; an alert through it, and what its system receives."""

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from alertbus.cli.files import bytes_of
from alertbus.cli.output import NO, WrongUsage, complain, say

if TYPE_CHECKING:
    from alertbus.model.alert import Alert
    from alertbus.rehearsal.trial import Trial

SHOWN = 4_000
"""Characters of a message on the screen; all of it stands in the file."""


def run(
    path: Annotated[Path, typer.Argument(help="The plugin's path, no name: a project's folder, a package's, or a Python file.")],
    alert: Annotated[
        Path | None, typer.Option("--alert", help="An alert's JSON file, sent in place of an invented threat to staff.")
    ] = None,
    message: Annotated[Path | None, typer.Option("--message", help="A message for its source, in place of those in samples/.")] = None,
    into: Annotated[
        Path | None, typer.Option("--into", help="A folder for what the system receives; it stays. Else a temporary one.")
    ] = None,
    exit_: Annotated[bool, typer.Option("--exit", help="Stop after the first delivery; exit 1 if there is none.")] = False,
) -> None:
    """A throw-away bus with this plugin, not installed: its agency works with an invented family, an alert is sent, what arrives is shown.

    Until Ctrl-C. On a real Kafka where Java is. Nothing of your own settings is used and nothing is left behind, but what --into names.
    """
    from alertbus.model.errors import PluginFault
    from alertbus.rehearsal.trial import put_on_trial
    from alertbus.run.preview import alert_of

    for option, file in (("--alert", alert), ("--message", message)):
        if file is not None and not file.is_file():
            raise WrongUsage(f"{option}: {file} is no file. Correct its path.")
    if into is not None and (into.is_file() or (into.is_dir() and any(into.iterdir()))):
        raise WrongUsage(f"--into: {into} is there and not empty. Give a folder that is empty or not there yet.")
    own = alert_of(bytes_of(alert)) if alert else None
    with TemporaryDirectory(prefix="alertbus-trial-") as folder:
        try:
            trial = put_on_trial(path, Path(folder), into and into.absolute(), say)
        except PluginFault as fault:
            words = str(fault)
        else:
            words = ""
            well = asyncio.run(_run(trial, own, message, exit_=exit_))
    if words:
        raise WrongUsage(words)
    if not well:
        raise typer.Exit(NO)


async def _run(trial: "Trial", own: "Alert | None", message: Path | None, *, exit_: bool) -> bool:
    from alertbus import logs
    from alertbus.cli.up import stop_signals
    from alertbus.rehearsal.trial import alone, send_messages
    from alertbus.run.meanwhile import bus_while
    from alertbus.run.temporary import temporary_settings

    alone(trial.environment)
    logs.configure("console", "warning", "plugin run")
    stopping = stop_signals()
    seen: set[Path] = set()
    settings, spare = temporary_settings()
    with spare:
        async with bus_while(settings.model_copy(update={"data_dir": trial.folder}), say) as supervisor:
            here = supervisor.settings
            well = await send_messages(trial, here, message, say) if trial.sources else True
            if trial.agencies:
                well = await _deliveries(trial, own, seen, stopping, exit_=exit_) and well
            if not exit_:
                say("The bus stays up: Ctrl-C stops everything. From another terminal:")
                say(f"  ALERTBUS_DATA_DIR={here.data_dir} alertbus status")
                await _more(trial, seen, stopping)
            say("stopping ...")
    return well


async def _deliveries(trial: "Trial", own: "Alert | None", seen: set[Path], stopping: asyncio.Event, *, exit_: bool) -> bool:
    """Send the alert and show the first that arrives; say why, where nothing does."""
    from alertbus.rehearsal.trial import RECEIVE_S, begin, received, why_not
    from alertbus.settings import load_settings

    settings = load_settings()
    alert = await begin(trial, settings, own)
    say(f"sent       {alert.kind} {alert.id}, to {', '.join(trial.agencies)}; what arrives stands in {trial.received}")
    first = await received(trial, seen, stopping, RECEIVE_S)
    for file in first:
        _show(file)
    if first or stopping.is_set():
        return bool(first) or not exit_
    complain(f"nothing arrived in {RECEIVE_S:g} s.")
    for line in await why_not(settings, alert, trial):
        complain(f"  {line}")
    complain(f"  delivery's log: {trial.folder / 'logs' / 'delivery-0.log'}")
    return False


async def _more(trial: "Trial", seen: set[Path], stopping: asyncio.Event) -> None:
    from alertbus.rehearsal.trial import received

    while found := await received(trial, seen, stopping):
        for file in found:
            _show(file)


def _show(file: Path) -> None:
    """A message as its system would find it; one that is no text by its size alone."""
    about = json.loads(file.with_suffix(".meta.json").read_text(encoding="utf-8"))
    body = file.read_bytes()
    say(f"received   {file.parent.name}: {file.name}, {about['media_type']}, {len(body)} bytes")
    for name, value in sorted(about["headers"].items()):
        say(f"  {name}: {value}")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return
    say(text[:SHOWN] + ("\n..." if len(text) > SHOWN else ""))
