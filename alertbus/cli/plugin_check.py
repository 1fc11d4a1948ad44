"""`alertbus plugin check`: the conformance kit over a plugin, in a process of its own."""

import textwrap
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alertbus.cli.output import NO, OK, USAGE, as_json, complain, say
from alertbus.cli.plugins_dir import PluginsDir, place_of, try_from

if TYPE_CHECKING:
    from alertbus.plugin.kit.check_process import Checked, JudgedObject
    from alertbus.plugin.kit.tier_report import RuleResult

MOST_NAMED = 8
"""Rules that are named beside those that are broken; `--json` names all."""
WIDTH = 100
"""Characters of a line of names."""

_TIERS = ("bronze", "silver", "gold", "platinum")


def check(
    path: Annotated[str, typer.Argument(help="A package's folder, a .py file, or the name of an installed plugin.")],
    at_least: Annotated[str, typer.Option("--at-least", metavar="TIER", help="bronze, silver, gold or platinum.")] = "gold",
    json_: Annotated[bool, typer.Option("--json")] = False,
    plugins_dir: PluginsDir = None,
) -> None:
    """Judge a plugin by the conformance kit: its tier, and each rule that fails with why it matters and how to mend it.

    It runs in a process of its own, with limits. Exit 0: it has the tier asked for; 1: it has not; 2: it cannot be loaded.
    """
    if at_least not in _TIERS:
        complain(f"--at-least: expected one of {', '.join(_TIERS)}.")
        raise typer.Exit(USAGE)
    from alertbus.plugin.kit.check_process import checked
    from alertbus.plugin.kit.tier_report import Tier

    try_from(plugins_dir)
    found = checked(place_of(path))
    if json_:
        as_json(_as_json(found))
    elif not found.cannot:
        for judgement in found.judgements:
            _show(judgement)
        say(f"Tier: {found.tier} (asked for: {at_least})")
    if found.cannot:
        complain(f"The plugin cannot be checked: {found.cannot}")
        raise typer.Exit(USAGE)
    raise typer.Exit(OK if found.tier.height >= Tier(at_least).height else NO)


def _show(judgement: "JudgedObject") -> None:
    report = judgement.report
    say(f"{judgement.name} ({judgement.kind}): {report.tier}")
    for result in report.failed:
        say(f"  broken   {result.rule} ({result.tier})")
        say(f"           {result.broken}")
        say(f"    why    {result.why}")
        say(f"    mend   {result.mend}")
        say(f"    page   {resources.files('alertbus.plugin') / 'rules' / f'{result.id}.md'}")
    for result in report.results:
        if result.exempt:
            say(f"  exempt   {result.rule} ({result.tier}): {result.exempt}")
        if result.unseen:
            say(f"  unseen   {result.rule} ({result.tier}): {result.unseen}")
    behind = [result for result in report.results if result.unjudged]
    if behind:
        say(f"  not yet judged: {len(behind)} {'rule' if len(behind) == 1 else 'rules'}, until what is broken above is mended:")
        more = [f"and {len(behind) - MOST_NAMED} more"] if len(behind) > MOST_NAMED else []
        for line in textwrap.wrap(", ".join([*(result.rule for result in behind[:MOST_NAMED]), *more]), WIDTH):
            say(f"           {line}")


def _as_json(found: "Checked") -> dict[str, Any]:
    value: dict[str, Any] = {"tier": found.tier.value, "objects": [_object(judgement) for judgement in found.judgements]}
    if found.cannot:
        value["cannot_be_loaded"] = found.cannot
    return value


def _object(judgement: "JudgedObject") -> dict[str, Any]:
    report = judgement.report
    return {
        "name": judgement.name,
        "kind": judgement.kind,
        "tier": report.tier.value,
        "failed": [_rule(result) | {"how": result.broken} for result in report.failed],
        "exempt": [_rule(result) | {"reason": result.exempt} for result in report.results if result.exempt],
        "unseen": [_rule(result) | {"reason": result.unseen} for result in report.results if result.unseen],
        "not_judged": [result.id for result in report.results if result.unjudged],
    }


def _rule(result: "RuleResult") -> dict[str, str]:
    return {
        "rule": result.id,
        "tier": result.tier.value,
        "why": result.why,
        "mend": result.mend,
        "page": f"alertbus/plugin/rules/{result.id}.md",
    }
