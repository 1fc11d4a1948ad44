"""`alertbus bench`: how fast the bus is on this machine, beside a bare copy loop and other frameworks (DESIGN section 13)."""

import logging
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from alertbus.bench.measurement import IDLE_S, LOADED_S, MILLION, OBLIGATIONS, RATES, SIZES, USUAL, Extent, Measurement
from alertbus.cli.output import as_json, complain, rows, say

ONLY = (
    "Measure this alone. Not measured unless named: `rebuild` (the database from Kafka), `reconcile` (a comparison, and each minute's), "
    "`delivery` (its cost and latency alone), `clock` (how late a case's tick is), "
    "`desk` (how long people wait for a page). `peers` needs a checkout, and a throughput run first."
)
_Obligations = Annotated[
    list[int] | None, typer.Option(min=1, help="For `reading`: instead of 10000, 100000, 1000000. The first is for `desk`.")
]
_Persons = Annotated[int, typer.Option(min=1, max=MILLION - 1, help="Persons in the tables of a worker that recovers, or keeps time.")]


def bench(
    alerts: Annotated[int, typer.Option(min=1, help="Alerts in a throughput run, behind a reconciliation, in delivery's burst.")] = 5_000,
    families: Annotated[int, typer.Option(min=1, help="Families they are spread over, each with seven agencies.")] = 5_000,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each side, in turn; medians count.")] = 5,
    seconds: Annotated[float, typer.Option(min=1, help="How long each load lasts.")] = LOADED_S,
    idle_seconds: Annotated[float, typer.Option(min=1, help="How long an idle bus is watched.")] = IDLE_S,
    persons: _Persons = 100_000,
    events: Annotated[int, typer.Option(min=1, help="Records on Kafka that a rebuild reads.")] = 100_000,
    million: Annotated[bool, typer.Option("--million", help="Recover a million persons too: some minutes more.")] = False,
    webhooks: Annotated[bool, typer.Option("--webhooks", help="For `delivery`: agencies have webhooks, not the inbox.")] = False,
    inboxes: Annotated[bool, typer.Option("--inboxes", help="For `latency`: one agency has a webhook, the others the inbox.")] = False,
    rates: Annotated[list[float] | None, typer.Option(min=1, help="For `latency`: alerts/s, instead of 25, 50, 100, 200.")] = None,
    search: Annotated[bool, typer.Option("--search/--no-search", help="For `latency`: look for the highest rate carried.")] = True,
    sizes: Annotated[list[int] | None, typer.Option(min=1, help="For `county`: families, instead of 1000, 10000, 100000.")] = None,
    obligations: _Obligations = None,
    people: Annotated[int, typer.Option(min=1, help="For `desk`: who is signed in, each with a page open.")] = 200,
    only: Annotated[Measurement | None, typer.Option(help=ONLY)] = None,
    database: Annotated[str | None, typer.Option(help="`sqlite`, or an empty PostgreSQL (it is filled), instead of both.")] = None,
    profile: Annotated[Path | None, typer.Option(help="Write a cProfile of the stream worker here. It slows the worker.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print DESIGN section 13's JSON.")] = False,
) -> None:
    """Measure the bus on a Kafka of its own, in a temporary folder: no running bus is touched. Leave the machine alone meanwhile."""
    from alertbus import logs
    from alertbus.bench.bench_report import contract
    from alertbus.bench.peers import missing
    from alertbus.bench.session import measure

    if only is Measurement.PEERS and (why := missing()) is not None:
        complain(f"The peers cannot be measured: {why}")
        raise typer.Exit(1)
    logs.configure("console", "ERROR", "bench")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: every process is stopped and the folder removed
    logging.getLogger("aiokafka.producer.sender").setLevel(logging.ERROR)  # a topic just made has no leader for a moment: it tries again
    extent = Extent(
        alerts=alerts,
        families=families,
        runs=runs,
        seconds=seconds,
        idle_s=idle_seconds,
        persons=persons,
        events=events,
        million=million,
        webhooks=webhooks,
        inboxes=inboxes,
        rates=tuple(rates or RATES),
        search=search,
        sizes=tuple(sizes or SIZES),
        obligations=tuple(obligations or OBLIGATIONS),
        people=people,
        sqlite_only=database == "sqlite",
        database=None if database == "sqlite" else database,
        profile=profile,
    )
    with tempfile.TemporaryDirectory(prefix="alertbus-bench-") as name:
        found = contract(measure(USUAL if only is None else {only}, extent, Path(name), complain))
    (as_json if json_ else _show)(found)
    if found["failed"]:
        raise typer.Exit(1)


def _show(found: Mapping[str, Any]) -> None:
    from alertbus.bench.bench_report import peers_table, table

    rows("measured", ("figure", "value", "target", ""), table(found), empty="nothing was measured")
    if found["peers"]:
        say("")
        rows("the same join elsewhere", ("", "alerts/s", "to floor", "acks", "lost at SIGKILL"), peers_table(found), empty="")
    say("")
    machine = found["machine"]
    versions = f"{machine['cores']} x {machine['processor']}, Python {machine['python']}"
    say(f"{versions}; load when begun {machine['load']}. Medians of {found['runs']} runs.")
