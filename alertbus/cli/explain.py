"""`alertbus explain`: who would be told of an alert, or was, and why not the others."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from alertbus.chronicle.queries import statement
from alertbus.cli.output import as_json, rows, say
from alertbus.directory.case_register import CaseRegister
from alertbus.directory.directory import Directory
from alertbus.gateway.bodies import read
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.policy.policy import Policy
from alertbus.reach.join import Decision, decide
from alertbus.run.bootstrap import now, wired


def explain(
    alert_id: Annotated[str | None, typer.Argument(help="An alert's id, the bus's or the sender's.")] = None,
    file: Annotated[Path | None, typer.Option("--file", help="An alert that was not sent: who would be told now?")] = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """For each agency on each case: told or not told, and the rule or link that decided."""
    if (alert_id is None) == (file is None):
        raise typer.BadParameter("give an alert's id, or --file")
    decisions = asyncio.run(_explain(alert_id, file))
    if json_:
        as_json(decisions)
        return
    for rule in dict.fromkeys(d["rule"] for d in decisions):
        say(f"rule     {rule}")
    columns = ("case", "agency", "told", "ruling", "through", "since", "fallback")
    rows(
        "Who is told, and who is not",
        columns,
        [[d[column] for column in columns] for d in decisions],
        empty="Nobody of this alert is linked to a case, so nobody is told yet. It waits for a case that names them.",
    )


async def _explain(alert_id: str | None, file: Path | None) -> list[dict[str, Any]]:
    async with wired() as wiring:
        directory, cases = Directory(wiring.engine, wiring.policy.identity), CaseRegister(wiring.engine)
        if file is not None:
            accepted = AcceptedAlert.of(_read(file), now())
        else:
            assert alert_id is not None
            accepted = await statement(wiring.engine, alert_id)
        matches = await directory.look_up([entry.person for entry in accepted.everybody], accepted.alert.exercise)
        accepted = accepted.with_people(tuple(match.person_ids for match in matches))
        people = {person_id for match in matches for person_id in match.person_ids}
        concerned = await cases.of_people(people, accepted.alert.exercise)
        return [_line(d, case, accepted, wiring.policy) for case in concerned for d in decide(accepted, case, wiring.policy)]


def _read(file: Path) -> Alert:
    return read(Alert, file.read_bytes())


def _line(decision: Decision, case: Case, accepted: AcceptedAlert, policy: Policy) -> dict[str, Any]:
    rule = policy.kind_rule(accepted.alert.kind)
    return {
        "case": case.id,
        "agency": decision.agency,
        "told": "yes" if decision.told else "no",
        "ruling": decision.ruling.value,
        "rule": f"{_rule_name(accepted, policy)} @ {policy.version}: {', '.join(rule.cite)}",
        "through": decision.exposure.link.relation if decision.exposure else None,
        "since": decision.since.date().isoformat() if decision.since else None,
        "fallback": policy.fallback_of(decision.agency) if decision.told else None,
    }


def _rule_name(accepted: AcceptedAlert, policy: Policy) -> str:
    return accepted.alert.kind if accepted.alert.kind in policy.kinds else "unknown_kind"
