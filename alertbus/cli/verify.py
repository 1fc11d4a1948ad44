"""`alertbus audit verify`: whether the audit chain holds, and where it first does not."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from alertbus.audit import trail
from alertbus.audit.chain import Break, Chains
from alertbus.cli.output import NO, as_json, say
from alertbus.run.bootstrap import wired


def verify(json_: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Follow every audit chain from its first record to its last. Exit 1 at a break, saying where the chain first does not hold."""
    chains, breaks = asyncio.run(_verify())
    if json_:
        heads = {chain: asdict(head) for chain, head in sorted(chains.heads.items())}
        as_json({"records": chains.count, "chains": heads, "breaks": [asdict(one) for one in breaks]})
    else:
        for one in breaks:
            numbered = f", record {one.number}" if one.number else ""
            say(f"chain {one.chain}: {one.fault.value.replace('_', ' ')} at {one.place}{numbered}")
        if not breaks:
            say(f"{chains.count} audit records in {len(chains.heads)} chains, unbroken")
    if breaks:
        raise typer.Exit(NO)


async def _verify() -> tuple[Chains, list[Break]]:
    async with wired() as wiring:
        return await trail.verify(wiring.bootstrap, wiring.engine)
