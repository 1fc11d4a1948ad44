"""`alertbus audit`: proving that nothing is missing."""

import asyncio
import json
from typing import Annotated

import typer

from alertbus.chronicle.rebuild import rebuild
from alertbus.chronicle.reconcile import Reconciliation, reconcile
from alertbus.cli import chain
from alertbus.cli.bootstrap import wired
from alertbus.cli.output import NO, as_json, say

app = typer.Typer(help="Proof that nothing is missing.", no_args_is_help=True)
app.command("verify")(chain.verify)


@app.command("reconcile")
def reconcile_(
    exercise: Annotated[str | None, typer.Option(help="Look at one exercise instead of reality.")] = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Recompute from scratch who must have been told, and compare with notices, ledger and chronicle. Exit 1 on any difference."""
    found = asyncio.run(_reconcile(exercise))
    if json_:
        as_json(json.loads(found.model_dump_json()))
    else:
        say(f"difference {found.difference}: missing {len(found.missing)}, extra {len(found.extra)}, undelivered {len(found.undelivered)}")
    if found.difference:
        raise typer.Exit(NO)


async def _reconcile(exercise: str | None) -> Reconciliation:
    async with wired() as wiring:
        return await reconcile(wiring.bootstrap, wiring.engine, wiring.policy, exercise=exercise)


@app.command("rebuild")
def rebuild_() -> None:
    """Drop the chronicle and build it again from Kafka, with the same content. Stop the chronicle part first."""
    asyncio.run(_rebuild())
    say("the chronicle is rebuilt")


async def _rebuild() -> None:
    async with wired() as wiring:
        await rebuild(wiring.bootstrap, wiring.engine, lambda *_: None)
