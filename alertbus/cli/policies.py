"""`alertbus policy`: read a policy file with its author, and show it as it will be applied."""

from pathlib import Path
from typing import Annotated

import typer

from alertbus.cli.output import as_json, pairs, rows, say
from alertbus.model.errors import PolicyFault
from alertbus.plugin.manager import Plugins
from alertbus.policy.item_rules import ItemOpening, ItemRule
from alertbus.policy.load import load_policy
from alertbus.policy.policy import Policy
from alertbus.policy.within import Within
from alertbus.settings import load_settings

app = typer.Typer(help="The policy: who is told what, how much, how fast.", no_args_is_help=True)

File = Annotated[Path | None, typer.Argument(help="A policy file; without one, the policy that is shipped.")]


@app.command()
def check(file: File = None) -> None:
    """Exit 0 if the policy can be applied; else every fault and its place in the file."""
    policy = load_policy(file, Plugins.load(load_settings().plugins_dir).additions)
    if unknown := policy.unknown_fallbacks(load_settings().fallback_names):
        raise PolicyFault("; ".join(unknown) + ". There is `inbox`, and what ALERTBUS_FALLBACKS names.")
    counted = f"{len(policy.kinds)} kinds, {len(policy.items)} items, {len(policy.agencies)} agencies, {len(policy.sharing)} sectors"
    say(f"policy {policy.version}: {counted}; no faults")


@app.command()
def show(file: File = None, json_: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Each kind: who is told, how fast, how long it stands, and where the rule comes from; the same of what is owed by a time (items); then
    who may see how much.
    """
    policy = load_policy(file, Plugins.load(load_settings().plugins_dir).additions)
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
    rows(
        "Items",
        ("item", "opened by", "owed by", "within", "then", "cites"),
        [
            (name, _opened_by(rule), _owed_by(rule, policy), _limit(rule), ", ".join(rule.tells) or "-", ", ".join(rule.cite))
            for name, rule in policy.items.items()
        ],
        empty="None.",
    )
    classes = sorted({c for row in policy.sharing.values() for c in row})
    shares = [(sector, *(row.get(c, "") for c in classes)) for sector, row in policy.sharing.items()]
    rows("Who sees how much", ("sector", *classes), shares, empty="None.")


def _within(policy: Policy, kind: str) -> str:
    rule = policy.kinds[kind]
    low = f" (low: {_in_words(rule.low)})" if rule.low else ""
    school = f" ({', '.join(sorted(rule.before_school_day))}: before the next school day)" if rule.before_school_day else ""
    return f"{_in_words(rule.respond_within)}{low}{school}"


def _in_words(within: Within) -> str:
    (unit, number) = next((name, value) for name, value in within if value is not None)
    return f"{number} {unit.replace('_', ' ')}" if (unit, number) != ("days", 0) else "the same day"


def _opened_by(rule: ItemRule) -> str:
    """What opens it, in short: kinds, or what must be stated."""
    return "; ".join(dict.fromkeys(_in_short(one) for one in rule.opens))


def _in_short(one: ItemOpening) -> str:
    if one.case is not None:
        return one.case.replace("_", " ")
    said = [f"{path} {' or '.join(_value(v) for v in values)}" for path, values in one.where.items()]
    said += [f"{path} stated" for path in one.stated]
    named = [f"a kind named by {one.kinds_in}"] if one.kinds_in is not None else []
    after = [f"after {_in_short(ItemOpening.model_validate(dict(one.after)))}"] if one.after is not None else []
    times = [f"{one.times} times {_counted(one)}"] if one.times > 1 else []
    return ", ".join([*sorted(one.kinds), *said, *named, *after, *times])


def _counted(one: ItemOpening) -> str:
    span = "in a row" if one.within_days is None else f"within {one.within_days} days"
    return f"{span} about the same child" if one.same_child else span


def _value(value: str | bool | None) -> str:
    return "not stated" if value is None else str(value).lower() if isinstance(value, bool) else value


def _owed_by(rule: ItemRule, policy: Policy) -> str:
    agency = rule.agency or (f"{rule.agency_in}, else {policy.case_holder}" if rule.agency_in else None)
    if agency is None:
        agency = "who stated it" if rule.source_owes else policy.case_holder
    return f"{agency} ({rule.role})" if rule.role else agency


def _limit(rule: ItemRule) -> str:
    """By when: as the rule, its openings, or the statement says."""
    limits = [_in_words(one) for one in (rule.within, *(opening.within for opening in rule.opens)) if one is not None]
    stated = ["as stated"] if rule.due_in else []
    warned = f" (reminder: {_in_words(rule.warn)})" if rule.warn is not None else ""
    return (" or ".join(dict.fromkeys([*stated, *limits])) or "open") + warned


def _stands(policy: Policy, kind: str) -> str:
    days = policy.kinds[kind].stands.days
    return "until withdrawn" if days is None else ("-" if days == 0 else f"{days} days")
