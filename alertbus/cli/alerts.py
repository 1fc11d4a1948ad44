"""`alertbus send` and `alertbus explain`: putting an alert in, and asking who would be told, or was, and why not the others."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from alertbus.chronicle.queries import statement
from alertbus.cli.output import NO, as_json, complain, progress, rows, say
from alertbus.directory.cases import Cases
from alertbus.directory.directory import Directory
from alertbus.gateway.bodies import read
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.policy.policy import Policy
from alertbus.reach.join import Decision, decide
from alertbus.run.bootstrap import now, wired
from alertbus.run.client import Client, Refused
from alertbus.settings import load_settings

PATIENCE_S = 15.0


def send(
    file: Annotated[str, typer.Argument(help="A JSON file with one alert, JSON Lines of alerts, or - for standard input.")],
    json_: Annotated[bool, typer.Option("--json", help="One JSON object per alert.")] = False,
) -> None:
    """Send alerts. Prints each one's id; exit 1 if any is refused."""
    text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    refused = asyncio.run(_send(list(_statements(text)), json_=json_))
    if refused:
        raise typer.Exit(NO)


async def _send(statements: list[str], *, json_: bool) -> int:
    refused = 0
    async with Client.of(load_settings(), patience_s=PATIENCE_S) as client:
        with progress("alerts", len(statements)) as tick:
            for number, statement in enumerate(statements, start=1):
                try:
                    answer = await client.call("POST", "/v1/alerts", content=statement, headers={"content-type": "application/json"})
                    print(json.dumps(answer) if json_ else answer["id"])
                except Refused as no:
                    refused += 1
                    complain(f"alert {number}: {no}")
                tick()
    return refused


def _statements(text: str) -> Iterator[str]:
    """One JSON document, or one on each line."""
    try:
        whole = json.loads(text)
    except ValueError:
        yield from (line for line in text.splitlines() if line.strip())
        return
    for entry in whole if isinstance(whole, list) else [whole]:
        yield json.dumps(entry, ensure_ascii=False)


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
        directory, cases = Directory(wiring.engine), Cases(wiring.engine)
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
