"""`alertbus up` and `alertbus run`: the whole bus on this machine, or one part of it as a process."""

import asyncio
import signal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from alertbus import logs
from alertbus.cli.output import NO, complain, say
from alertbus.cli.plugins_dir import PluginsDir, try_from
from alertbus.model.errors import SettingsFault
from alertbus.run.bus_file import on_this_bus, read_bus_file
from alertbus.settings import Settings, load_settings

if TYPE_CHECKING:
    from alertbus.run.supervisor import Supervisor


class PartName(StrEnum):
    GATEWAY = "gateway"
    STREAM = "stream"
    DELIVERY = "delivery"
    CHRONICLE = "chronicle"
    DESK = "desk"


def up(
    exit_when_ready: Annotated[bool, typer.Option("--exit-when-ready", help="Start everything, say so, stop.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="How many stream workers.")] = None,
    plugins_dir: PluginsDir = None,
) -> None:
    """Start a whole bus on this machine: local broker if none is set, topics, and every part as a process of its own."""
    try_from(plugins_dir)
    settings = load_settings()
    if workers is not None:
        settings = settings.model_copy(update={"workers": workers})
    if (running := read_bus_file(settings)) is not None:
        complain(f"a bus runs already on {running.data_dir} (pid {running.pid}, {running.url}). Stop it, or set another ALERTBUS_DATA_DIR.")
        raise typer.Exit(NO)
    logs.configure("console" if settings.log_format == "auto" else settings.log_format, "warning", "supervisor")
    asyncio.run(keep_up(settings, exit_when_ready=exit_when_ready))


async def keep_up(settings: Settings, *, exit_when_ready: bool = False) -> None:
    """Run a whole bus until Ctrl-C or SIGTERM."""
    from alertbus.run.supervisor import Supervisor

    await _keep(Supervisor(settings, say, parts=parts_here()), exit_when_ready=exit_when_ready)


def parts_here() -> tuple[str, ...]:
    """Every part; without the desk, and with a word about it, where what its pages are dressed in was not made: a bus delivers without."""
    from alertbus.desk.dress import lacking
    from alertbus.run.bootstrap import DESK, PARTS

    if (missing := lacking()) is None:
        return (*PARTS, DESK)
    say(f"desk       not started: {missing}")
    return PARTS


async def _keep(supervisor: "Supervisor", *, exit_when_ready: bool = False) -> None:
    stopping = stop_signals()
    try:
        await supervisor.start()
        if exit_when_ready:
            say("ready; stopping again as asked")
        else:
            say("ready. Ctrl-C stops everything.")
            await supervisor.watch(stopping)
            say("stopping ...")
    finally:
        await supervisor.stop()
    say("stopped; nothing is left running")


def stop_signals() -> asyncio.Event:
    """An event that Ctrl-C or SIGTERM sets; a second Ctrl-C is not needed and does no harm."""
    stopping = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stopping.set)
    return stopping


def run(
    part: Annotated[PartName, typer.Argument(help="Which part.")],
    workers: Annotated[int, typer.Option(min=1, help="For `stream`: how many workers to run.")] = 1,
    number: Annotated[int, typer.Option(min=0, help="Which of several workers this is: each keeps its own state folder.")] = 0,
    plugins_dir: PluginsDir = None,
) -> None:
    """Run one part as this process, as a cluster does, until SIGTERM. Needs ALERTBUS_BOOTSTRAP_SERVERS, or a bus on this machine."""
    try_from(plugins_dir)
    if part is not PartName.STREAM and workers > 1:
        raise SettingsFault(f"--workers is for `stream`; run `alertbus run {part}` as often as you like instead")
    if workers > 1:
        from alertbus.run.supervisor import Supervisor

        settings = on_this_bus(load_settings().model_copy(update={"workers": workers}))
        asyncio.run(_keep(Supervisor(settings, say, parts=(part.value,))))
    else:
        from alertbus.run import event_loop
        from alertbus.run.bootstrap import run_part

        event_loop.run(run_part(part.value, number))
