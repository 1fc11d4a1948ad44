"""`alertbus run`: one part of the bus as this process."""

import asyncio
from enum import StrEnum
from typing import Annotated

import typer

from alertbus.cli.output import say
from alertbus.model.errors import SettingsFault
from alertbus.run.bootstrap import bootstrap_servers, run_part
from alertbus.run.foreground import keep_up
from alertbus.run.supervisor import Supervisor
from alertbus.settings import load_settings


class PartName(StrEnum):
    GATEWAY = "gateway"
    STREAM = "stream"
    DELIVERY = "delivery"
    CHRONICLE = "chronicle"
    DESK = "desk"


def run(
    part: Annotated[PartName, typer.Argument(help="Which part.")],
    workers: Annotated[int, typer.Option(min=1, help="For `stream`: how many workers to run.")] = 1,
    number: Annotated[int, typer.Option(min=0, help="Which of several workers this is: each keeps its own state folder.")] = 0,
) -> None:
    """Run one part as this process, as a cluster does, until SIGTERM. Needs ALERTBUS_BOOTSTRAP_SERVERS, or a bus on this machine."""
    if part is PartName.DESK:
        raise SettingsFault("the desk (web pages) is not built yet. Look with `alertbus status`, the inbox call, or the API's page /docs.")
    if part is not PartName.STREAM and workers > 1:
        raise SettingsFault(f"--workers is for `stream`; run `alertbus run {part}` as often as you like instead")
    if workers > 1:
        settings = load_settings().model_copy(update={"workers": workers})
        settings = settings.model_copy(update={"bootstrap_servers": bootstrap_servers(settings)})
        asyncio.run(keep_up(Supervisor(settings, say, parts=(part.value,))))
    else:
        asyncio.run(run_part(part.value, number))
