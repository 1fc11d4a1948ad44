"""`alertbus policy`: read a policy file with its author, and show it as it will be applied."""

from pathlib import Path
from typing import Annotated

import typer

from alertbus.cli.output import as_json, pairs, rows, say
from alertbus.model.errors import PolicyFault
from alertbus.policy.load import load_policy
from alertbus.policy.policy import Policy
from alertbus.policy.within import Within
from alertbus.settings import load_settings

app = typer.Typer(help="The policy: who is told what, how much, how fast.", no_args_is_help=True)

File = Annotated[Path | None, typer.Argument(help="A policy file; without one, the policy that is shipped.")]


@app.command()
def check(file: File = None) -> None:
    """Exit 0 if the policy can be applied; else every fault and its place in the file."""
    policy = load_policy(file)
    if unknown := policy.unknown_fallbacks(load_settings().fallback_names):
        raise PolicyFault("; ".join(unknown) + ". There is `inbox`, and what ALERTBUS_FALLBACKS names.")
    say(f"policy {policy.version}: {len(policy.kinds)} kinds, {len(policy.agencies)} agencies, {len(policy.sharing)} sectors; no faults")


@app.command()
def show(file: File = None, json_: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Each kind: who is told, how fast, how long it stands, and where the rule comes from; then who may see how much."""
    policy = load_policy(file)
    if json_:
        as_json(policy.model_dump(mode="json"))
        return
    pairs({"version": policy.version, "front door": policy.front_door, "case holder": policy.case_holder})
    rows(
        "Agencies",
        ("agency", "sector", "role", "fallback"),
        [(name, agency.sector, agency.role, policy.fallback_of(name)) for name, agency in policy.agencies.items()],
        empty="None.",
    )
    rows(
        "Kinds",
        ("kind", "told", "within", "then", "stands", "cites"),
        [
            (
                name,
                ", ".join(sorted(rule.audience)),
                _within(policy, name),
                ", ".join(rule.chain) or "-",
                _stands(policy, name),
                ", ".join(rule.cite),
            )
            for name, rule in policy.kinds.items()
        ],
        empty="None.",
    )
    classes = sorted({c for row in policy.sharing.values() for c in row})
    shares = [(sector, *(row.get(c, "") for c in classes)) for sector, row in policy.sharing.items()]
    rows("Who sees how much", ("sector", *classes), shares, empty="None.")


def _within(policy: Policy, kind: str) -> str:
    rule = policy.kinds[kind]
    low = f" (low: {_in_words(rule.low)})" if rule.low else ""
    return f"{_in_words(rule.respond_within)}{low}"


def _in_words(within: Within) -> str:
    (unit, number) = next((name, value) for name, value in within if value is not None)
    return f"{number} {unit.replace('_', ' ')}"


def _stands(policy: Policy, kind: str) -> str:
    days = policy.kinds[kind].stands.days
    return "until withdrawn" if days is None else ("-" if days == 0 else f"{days} days")
