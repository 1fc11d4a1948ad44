"""`alertbus audit reconcile`: comparing who must have been told with what was done."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Annotated

import typer

from alertbus.cli.output import NO, as_json, pairs, say
from alertbus.reconcile.full import Reconciliation, reconcile
from alertbus.reconcile.incremental import follow
from alertbus.reconcile.judge import Sort
from alertbus.reconcile.results import GRACE_S, Outcome, outcome
from alertbus.run.bootstrap import now, wired

PATIENCE_S = 60.0
"""How long to wait for another run to end (chosen: a run takes seconds, and a person waits no longer than a minute)."""


def reconcile_(
    full: Annotated[bool, typer.Option("--full", help="Read everything again and trust no memory; the bus must be quiet.")] = False,
    exercise: Annotated[str | None, typer.Option(help="Look at one exercise instead of reality.")] = None,
    grace: Annotated[float, typer.Option(min=0, help="Seconds that what is under way may take; not for --full.")] = GRACE_S,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Compare who must have been told, worked out from scratch, with notices, ledger, receipts and chronicle.

    Reads what is new since the last run. Exit 1 when anything has differed for the grace or longer, 3 when broker or
    database cannot be reached or another run does not end.
    """
    found, took = asyncio.run(_reconcile(full, exercise, grace))
    if json_:
        as_json(json.loads(found.model_dump_json()) | {"took": took})
    else:
        _tell(found, took)
    if found.difference:
        raise typer.Exit(NO)


async def _reconcile(full: bool, exercise: str | None, grace_s: float) -> tuple[Reconciliation, dict[str, float]]:
    async with wired() as wiring:
        if full:
            began = time.perf_counter()
            found = await reconcile(wiring.bootstrap, wiring.engine, wiring.policy, exercise=exercise)
            return found, {"s": round(time.perf_counter() - began, 3)}
        ran = await follow(wiring.bootstrap, wiring.engine, wiring.policy, grace_s=grace_s, clock=now, patience_s=PATIENCE_S)
        took = {"s": round(ran.took_s, 3), "records": ran.records, "judged": ran.judged}
        return await outcome(wiring.engine, now(), grace_s, exercise), took


def _tell(found: Reconciliation, took: Mapping[str, float]) -> None:
    under_way = found.under_way if isinstance(found, Outcome) else ()
    pairs(
        {
            "difference": found.difference,
            "under way": len(under_way),
            "undelivered": len(found.undelivered),
            "owed": found.owed,
            "took": f"{took['s']:.1f} s",
        }
    )
    for sort in Sort:
        if sort is not Sort.UNDELIVERED:
            for one in getattr(found, sort.value):
                say(f"{sort.value:<13} {one}")
