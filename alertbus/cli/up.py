"""`alertbus up`: the whole bus on this machine."""

import asyncio
from typing import Annotated

import typer

from alertbus import logs
from alertbus.cli.output import NO, complain, say
from alertbus.run.bus_file import read_bus_file
from alertbus.run.foreground import keep_up
from alertbus.run.supervisor import Supervisor
from alertbus.settings import load_settings


def up(
    exit_when_ready: Annotated[bool, typer.Option("--exit-when-ready", help="Start everything, say so, stop.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="How many stream workers.")] = None,
) -> None:
    """Start a whole bus on this machine: local broker if none is set, topics, and every part as a process of its own."""
    settings = load_settings()
    if workers is not None:
        settings = settings.model_copy(update={"workers": workers})
    if (running := read_bus_file(settings)) is not None:
        complain(f"a bus runs already on {running.data_dir} (pid {running.pid}, {running.url}). Stop it, or set another ALERTBUS_DATA_DIR.")
        raise typer.Exit(NO)
    logs.configure("console" if settings.log_format == "auto" else settings.log_format, "warning", "supervisor")
    asyncio.run(keep_up(Supervisor(settings, say), exit_when_ready=exit_when_ready))
