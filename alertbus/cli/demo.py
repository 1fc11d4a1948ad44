"""`alertbus demo` and `alertbus replay`: a scenario through the real thing, told event by event."""

import asyncio
import json
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer

from alertbus import logs
from alertbus.cli.demo_desk import parts_with_desk, show_desk
from alertbus.cli.output import NO, as_json, progress, say
from alertbus.cli.plugins_dir import PluginsDir, try_from
from alertbus.cli.up import stop_signals
from alertbus.rehearsal.replay import replay
from alertbus.rehearsal.report import is_clean, narrate
from alertbus.rehearsal.scenario import load_scenario
from alertbus.run.bootstrap import wired
from alertbus.run.client import Client
from alertbus.run.meanwhile import bus_while
from alertbus.run.temporary import any_port, temporary_settings
from alertbus.settings import Settings, load_settings

CHILD_BI = Path(str(files("alertbus") / "scenarios" / "child-bi"))


def replay_command(
    folder: Annotated[Path, typer.Argument(help="A folder with people.json and events.jsonl; `child-bi` is the bundled one.")],
    report: Annotated[Path | None, typer.Option(help="Write the report here, as JSON.")] = None,
    speed: Annotated[str, typer.Option(help="`max`, or events per second.")] = "max",
    json_: Annotated[bool, typer.Option("--json", help="Print the report instead of the story.")] = False,
) -> None:
    """Play a scenario through gateway, Kafka, stages and plugins. Exit 1 if anybody was missed, told in error, or lost.

    Uses the bus that runs here; where none does, one is started for the purpose and stopped afterwards.
    """
    rate = None if speed == "max" else float(speed)
    where = CHILD_BI if str(folder) == "child-bi" and not folder.exists() else folder
    load_scenario(where, "check")
    result = asyncio.run(_replay(where, rate, quiet=json_))
    if report is not None:
        report.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if json_:
        as_json(result)
    else:
        for line in narrate(result):
            say(line)
    if not is_clean(result):
        raise typer.Exit(NO)


def demo(
    exit_: Annotated[bool, typer.Option("--exit", help="Stop when the story is told.")] = False,
    desk_only: Annotated[bool, typer.Option("--desk-only", help="Not the story: the desk at once.")] = False,
    desk_port: Annotated[int | None, typer.Option(min=0, max=65535, help="The desk's port; 0 for any that is free.")] = None,
    plugins_dir: PluginsDir = None,
) -> None:
    """A whole bus on a temporary folder, and the review's timeline through it: who is told what, and why; then a desk to look at."""
    try_from(plugins_dir)
    clean = asyncio.run(_demo(stay=not exit_, story=not desk_only, desk_port=desk_port))
    if not clean:
        raise typer.Exit(NO)


async def _demo(*, stay: bool, story: bool, desk_port: int | None) -> bool:
    logs.configure("console", "warning", "demo")
    stopping = stop_signals()
    clean = await _told(stopping) if story else True
    if not stay or stopping.is_set():
        return clean
    settings, folder = _of_the_desk(desk_port)
    with folder:
        async with bus_while(settings, say, parts_with_desk()) as supervisor:
            await show_desk(supervisor, settings, CHILD_BI, stopping)
    return clean


async def _told(stopping: asyncio.Event) -> bool:
    """Tell the story on a bus of its own. False where somebody was missed or told in error, or where it was cut short."""
    settings, folder = temporary_settings()
    with folder:
        async with bus_while(settings, say):
            playing = asyncio.create_task(_play(settings, CHILD_BI, None))
            stopped = asyncio.create_task(stopping.wait())
            await asyncio.wait({playing, stopped}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if not playing.done():
                playing.cancel()
                return False
            result = playing.result()
            for line in narrate(result):
                say(line)
    return is_clean(result)


def _of_the_desk(desk_port: int | None) -> tuple[Settings, "tempfile.TemporaryDirectory[str]"]:
    """Settings of a bus with a desk whose passwords stand on the screen: it is reached from this machine alone, and by them alone."""
    settings, folder = temporary_settings()
    port = settings.desk_port if desk_port is None else desk_port or any_port("127.0.0.1")
    alone = {"http_host": "127.0.0.1", "desk_port": port, "desk_url": None, "desk_oidc": None}
    return settings.model_copy(update=alone), folder


async def _replay(folder: Path, speed: float | None, *, quiet: bool) -> dict[str, Any]:
    settings = load_settings()
    logs.configure("console", "warning", "replay")
    async with Client.of(settings) as client:
        running = await client.answers()
    if running:
        return await _play(settings, folder, speed)
    temporary, keep = temporary_settings()
    with keep:
        async with bus_while(temporary, (lambda _: None) if quiet else say):
            return await _play(temporary, folder, speed)


async def _play(settings: Settings, folder: Path, speed: float | None) -> dict[str, Any]:
    events = len(load_scenario(folder, "check").events)
    async with wired(settings) as wiring:
        with progress("events", events) as tick:
            return await replay(folder, wiring, speed=speed, tick=tick)
