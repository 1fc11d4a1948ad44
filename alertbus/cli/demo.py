"""`alertbus demo` and `alertbus replay`: a scenario through the real thing, told event by event."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer

from alertbus import logs
from alertbus.cli.output import NO, as_json, progress, say
from alertbus.rehearsal.replay import replay
from alertbus.rehearsal.report import is_clean, narrate
from alertbus.rehearsal.scenario import load_scenario
from alertbus.run.bootstrap import wired
from alertbus.run.client import Client
from alertbus.run.foreground import stop_signals
from alertbus.run.supervisor import Supervisor
from alertbus.run.temporary import temporary_settings
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


def demo(exit_: Annotated[bool, typer.Option("--exit", help="Stop when the story is told.")] = False) -> None:
    """A whole bus on a temporary folder, and the review's timeline through it: who is told what, and why."""
    clean = asyncio.run(_demo(stay=not exit_))
    if not clean:
        raise typer.Exit(NO)


async def _demo(*, stay: bool) -> bool:
    settings, folder = temporary_settings()
    logs.configure("console", "warning", "demo")
    stopping = stop_signals()
    with folder:
        async with _bus(settings, say) as supervisor:
            playing = asyncio.create_task(_play(settings, CHILD_BI, None))
            stopped = asyncio.create_task(stopping.wait())
            await asyncio.wait({playing, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not playing.done():
                playing.cancel()
                return False
            result = playing.result()
            for line in narrate(result):
                say(line)
            if stay:
                say("")
                say("The bus stays up. Look, from another terminal:")
                say(f"  ALERTBUS_DATA_DIR={settings.data_dir} alertbus status CB-019")
                say(f"  curl '{supervisor.url}/v1/inbox?agency=health_visiting&state=all'")
                say(f"  {supervisor.url}/docs")
                say("Ctrl-C stops everything and removes the folder.")
                await stopped
    return is_clean(result)


async def _replay(folder: Path, speed: float | None, *, quiet: bool) -> dict[str, Any]:
    settings = load_settings()
    logs.configure("console", "warning", "replay")
    async with Client.of(settings) as client:
        running = await client.answers()
    if running:
        return await _play(settings, folder, speed)
    temporary, keep = temporary_settings()
    with keep:
        async with _bus(temporary, (lambda _: None) if quiet else say):
            return await _play(temporary, folder, speed)


async def _play(settings: Settings, folder: Path, speed: float | None) -> dict[str, Any]:
    events = len(load_scenario(folder, "check").events)
    async with wired(settings) as wiring:
        with progress("events", events) as tick:
            return await replay(folder, wiring, speed=speed, tick=tick)


@contextlib.asynccontextmanager
async def _bus(settings: Settings, tell: Callable[[str], None]) -> AsyncIterator[Supervisor]:
    """A supervised bus for as long as the block runs, its parts watched all the while."""
    supervisor = Supervisor(settings, tell)
    done = asyncio.Event()
    watching: asyncio.Task[None] | None = None
    try:
        await supervisor.start()
        watching = asyncio.create_task(supervisor.watch(done))
        yield supervisor
    finally:
        done.set()
        if watching is not None:
            await watching
        await supervisor.stop()
