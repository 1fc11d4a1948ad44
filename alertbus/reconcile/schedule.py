"""Step 6 of the incremental reconciliation: a run at the chronicle's start and every so many seconds. A failure here stops nothing else."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import structlog

from alertbus.model.errors import Unavailable
from alertbus.policy.policy import Policy
from alertbus.reconcile.incremental import reconcile_incrementally
from alertbus.reconcile.results import LatestRun, latest_run
from alertbus.sql.database import Database
from alertbus.waiting import ended

log = structlog.stdlib.get_logger(__name__)

FRESH = 0.9
"""A result younger than this part of the interval comes from another chronicle, and is enough. Chosen below 1, so that a clock
or a timer that is a little early skips no run of its own."""

SHARE = 0.25
"""How much of the time a run of a chronicle works. Chosen: at 100 alerts/s a run of a minute has some 12 s of work, which at once would
take one of two processors from what delivers."""


@contextlib.asynccontextmanager
async def reconciling(
    bootstrap: str,
    engine: Database,
    policy: Policy,
    every_s: float,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncIterator[None]:
    """Reconcile while the block runs; `every_s` 0 is never. Of several chronicles on one database one does it at a time."""
    if not every_s:
        yield
        return
    task = asyncio.create_task(_keep(bootstrap, engine, policy, every_s, clock))
    try:
        yield
    finally:
        await ended(task)


async def _keep(bootstrap: str, engine: Database, policy: Policy, every_s: float, clock: Callable[[], datetime]) -> None:
    first = True
    while True:
        try:
            before = None if first else await latest_run(engine)
            first = False
            if before is None or clock() - before.at >= FRESH * timedelta(seconds=every_s):
                await reconcile_incrementally(bootstrap, engine, policy, clock=clock, share=SHARE)
                _tell(await latest_run(engine))
        except Unavailable as fault:  # another is at it, or broker or database are away
            log.info("the reconciler waits", code=fault.code)
        except Exception as fault:  # noqa: BLE001  a defect here must not end the chronicle; age and log show it
            log.warning("the reconciler failed; it is tried again", reason=type(fault).__name__)
        await asyncio.sleep(every_s)


def _tell(found: LatestRun | None) -> None:
    if found is not None and found.difference:
        log.error("the bus did not do what it owed: see `alertbus audit reconcile`", count=found.difference)
