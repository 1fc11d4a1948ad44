"""`alertbus audit rebuild`: everything again from Kafka, with one command."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from alertbus import logs
from alertbus.cli.output import NO, as_json, counting, say
from alertbus.rebuild.plan import Rebuilt, check, exercises, rebuild
from alertbus.reconcile.full import reconcile
from alertbus.run.bootstrap import wired
from alertbus.run.bus_file import read_bus_file
from alertbus.run.supervisor import Supervisor
from alertbus.settings import Settings, load_settings


class Only(StrEnum):
    CHRONICLE = "chronicle"


def rebuild_command(
    only: Annotated[Only | None, typer.Option(help="Rebuild this room alone, and keep the others as they are.")] = None,
    force: Annotated[bool, typer.Option(help="Although parts seem to be at work, or the oldest records are gone.")] = False,
    compare: Annotated[bool, typer.Option("--reconcile/--no-reconcile", help="Compare with what must be at the end.")] = True,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Write the whole database again from Kafka, then reconcile. Stop the bus first. Exit 1 on any difference.

    It may be cut short at any moment: run it again, it begins anew, and no part starts meanwhile.
    """
    settings = load_settings()
    logs.configure("console", "warning", "rebuild")
    done, difference = asyncio.run(_rebuild(settings, only_chronicle=only is Only.CHRONICLE, force=force, compare=compare))
    if json_:
        as_json(asdict(done) | {"difference": difference})
    else:
        compared = "not compared" if difference is None else f"difference {difference}"
        say(f"{done.records} records read; {done.in_inbox} messages in the inbox again; {compared}")
        if done.owed_again:
            say(f"{done.owed_again} messages cannot be rendered any more and are owed again: see `alertbus plugin list`")
        if done.set_aside:
            say(f"{done.set_aside} records could not be taken and are set aside: `alertbus status` counts them, the log above names each")
        if difference:
            say("What was under way when the database was lost counts too: start the bus and, once quiet, `alertbus audit reconcile`.")
    if difference:
        raise typer.Exit(NO)


async def _rebuild(settings: Settings, *, only_chronicle: bool, force: bool, compare: bool) -> tuple[Rebuilt, int | None]:
    async with _broker(settings) as reachable, wired(reachable) as wiring:
        await check(wiring, only_chronicle=only_chronicle, force=force)
        with counting("records") as progress:
            done = await rebuild(wiring, progress, only_chronicle=only_chronicle)
        if not compare:
            return done, None
        difference = 0
        for one in (None, *await exercises(wiring.engine)):
            difference += (await reconcile(wiring.bootstrap, wiring.engine, wiring.policy, exercise=one)).difference
        return done, difference


@contextlib.asynccontextmanager
async def _broker(settings: Settings) -> AsyncIterator[Settings]:
    """The broker that is set; else this machine's own, started for the purpose without any part of the bus."""
    if settings.bootstrap_servers or read_bus_file(settings) is not None:
        yield settings
        return
    supervisor = Supervisor(settings, lambda _: None, parts=())
    try:
        await supervisor.start()
        yield supervisor.at_broker or settings
    finally:
        await supervisor.stop()
