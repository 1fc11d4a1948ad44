"""`alertbus audit verify`: whether the audit chain holds, and where it first does not."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer

from alertbus.audit import trail
from alertbus.audit.anchor import anchor_places, anchored
from alertbus.audit.chain import Break, Chains
from alertbus.audit.keys import load_keys
from alertbus.cli.output import NO, as_json, say
from alertbus.run.bootstrap import wired


def verify(json_: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Follow every audit chain from its first record to its last, and hold it against the keys, the anchor and the database. Exit 1 at a
    break, saying where the chain first does not hold.
    """
    chains, breaks = asyncio.run(_verify())
    if json_:
        heads = {chain: asdict(head) for chain, head in sorted(chains.heads.items())}
        as_json({"records": chains.count, "chains": heads, "breaks": [asdict(one) for one in breaks], "anchored": len(chains.anchored)})
    else:
        for one in breaks:
            numbered = f", record {one.number}" if one.number else ""
            say(f"chain {one.chain}: {one.fault.value.replace('_', ' ')} at {one.place}{numbered}")
        if not breaks:
            say(f"{chains.count} audit records in {len(chains.heads)} chains, {len(chains.keyed)} of them keyed, unbroken")
            say(f"{len(chains.anchored)} heads as they were anchored" if chains.anchored else "no head was anchored")
    if breaks:
        raise typer.Exit(NO)


async def _verify() -> tuple[Chains, list[Break]]:
    async with wired() as wiring:
        settings = wiring.settings
        file, _ = anchor_places(settings.audit_anchor, settings.data_dir)
        keys = load_keys(settings.audit_key_file, settings.data_dir)
        return await trail.verify(wiring.bootstrap, wiring.engine, keys, anchored(file))
