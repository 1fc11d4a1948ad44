"""Who is told of an alert, or would be, and who is not: the rule or link that decided, agency by agency; and what stands of it.

It shows who is on which case, so it is for who holds cases.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alertbus.chronicle.alert_sight import AlertSight
from alertbus.chronicle.answers import ObligationStatus
from alertbus.chronicle.queries import alert_status, statements
from alertbus.chronicle.tables import ObligationState
from alertbus.directory.case_register import CaseRegister
from alertbus.directory.directory import Directory
from alertbus.model.alert import AcceptedAlert, Action, Alert
from alertbus.model.case import Case
from alertbus.policy.policy import Policy
from alertbus.reach.join import Decision, decide
from alertbus.reach.owed import Owed, owed
from alertbus.reach.standing import StandingAlert
from alertbus.sql.database import Database


@dataclass(frozen=True, slots=True)
class Explanation:
    """What stands of an alert, in words, and a line for each agency on each case."""

    stands: str
    lines: list[dict[str, Any]]


class Explainer:
    """Explains alerts from the directory and the chronicle as they are now. Writes nothing. Raises `DatabaseUnavailable`."""

    def __init__(self, engine: Database, policy: Policy, now: Callable[[], datetime]) -> None:
        self._engine, self._policy, self._now = engine, policy, now

    async def of_sent(self, alert_id: str, sight: AlertSight) -> tuple[str, Explanation]:
        """Explain an alert that was accepted, found as `alert_status` finds it; gives the bus's id of it too. Raises `NotFound`."""
        status = await alert_status(self._engine, alert_id, now=self._now(), sight=sight)
        said = await statements(self._engine, status.alert_id)
        return status.alert_id, await self._explained(said, status.obligations)

    async def of_unsent(self, alert: Alert) -> Explanation:
        """Explain who would be told now. Nothing is accepted and nobody is told."""
        return await self._explained([AcceptedAlert.of(alert, self._now())], ())

    async def _explained(self, said: Sequence[AcceptedAlert], recorded: Sequence[ObligationStatus]) -> Explanation:
        directory = Directory(self._engine, self._policy.identity)
        found: list[AcceptedAlert] = []
        for one in said:
            matches = await directory.look_up([entry.person for entry in one.everybody], one.alert.exercise)
            found.append(one.with_people(tuple(match.person_ids for match in matches)))
        people = {person_id for one in found for person_ids in one.people for person_id in person_ids}
        concerned = await CaseRegister(self._engine).of_people(people, said[0].alert.exercise)
        return explained(found, concerned, recorded, self._policy)


def explained(said: Iterable[AcceptedAlert], cases: Iterable[Case], recorded: Iterable[ObligationStatus], policy: Policy) -> Explanation:
    """Explain an alert from all its statements, with the persons found for them, on the cases as they are now.

    `recorded` is what the chronicle holds of it: what an agency was told, though its case is another by now, is told.
    """
    alert = StandingAlert.with_statements(None, said, "")
    lines = [line for case in cases for line in _on_case(alert, case, policy)]
    told = _by_agency(recorded)
    for line in lines:
        if (states := told.pop((line["case"], line["agency"]), None)) is not None:
            line.update(_as_recorded(states, line["ended"]))
    for (case_id, agency), states in sorted(told.items()):
        lines.append({**_line(case_id, agency, alert.standing, policy), "ruling": "case_changed", **_as_recorded(states, None)})
    return Explanation(_stands(alert), lines)


def _stands(alert: StandingAlert) -> str:
    last = alert.standing.alert
    recorded = f"recorded {last.recorded_at.isoformat(timespec='minutes')}"
    late = len(alert.statements) - len(alert.chain)
    aside = f"; {late} that came late and had been recorded earlier changed nothing" if late else ""
    if last.action is Action.WITHDRAWN:
        return f"nothing: the alert was withdrawn, {recorded}{aside}"
    return f"{last.kind}, {last.action}, {recorded}: the last of {len(alert.statements)} statement(s) by when they were recorded{aside}"


def _on_case(alert: StandingAlert, case: Case, policy: Policy) -> list[dict[str, Any]]:
    """Everybody who is told on the case, as it is now, in the order of the agencies' names; then whoever is not."""
    told: dict[str, Owed] = {entry.obligation.agency: entry for entry in sorted(owed(alert, case, policy), key=lambda e: (e.at, e.place))}
    last = alert.standing
    found = []
    for agency, entry in sorted(told.items()):
        line = _line(case.id, agency, entry.statement, policy, entry.decision)
        ended = entry.at.date().isoformat() if entry.deed.ends else None
        found.append(line | {"told": "yes", "ended": ended, "fallback": policy.fallback_of(agency)})
    for decision in decide(last, case, policy):
        if decision.agency not in told:
            line = _line(case.id, decision.agency, last, policy, decision)
            found.append(line | {"ruling": "withdrawn", "since": None} if decision.told else line)
    return found


def _line(case_id: str, agency: str, statement: AcceptedAlert, policy: Policy, decision: Decision | None = None) -> dict[str, Any]:
    kind = statement.alert.kind
    rule = policy.kind_rule(kind)
    return {
        "case": case_id,
        "agency": agency,
        "told": "no",
        "ended": None,
        "ruling": decision.ruling.value if decision else None,
        "rule": f"{kind if kind in policy.kinds else 'unknown_kind'} @ {policy.version}: {', '.join(rule.cite)}",
        "through": decision.exposure.link.relation if decision and decision.exposure else None,
        "since": decision.since.date().isoformat() if decision and decision.since else None,
        "fallback": None,
    }


def _by_agency(recorded: Iterable[ObligationStatus]) -> dict[tuple[str, str], list[ObligationStatus]]:
    found: dict[tuple[str, str], list[ObligationStatus]] = {}
    for one in recorded:
        found.setdefault((one.case_id, one.agency), []).append(one)
    return found


def _as_recorded(states: Sequence[ObligationStatus], ended: str | None) -> Mapping[str, Any]:
    """What the chronicle says goes before what is worked out now: an agency is told when a notice stands, and told that it ended when it is
    withdrawn. The chronicle does not keep the day of the end; it is shown where it is worked out.
    """
    over = all(one.state is ObligationState.WITHDRAWN for one in states)
    return {"told": "yes", "since": min(one.since for one in states).date().isoformat(), "ended": (ended or "yes") if over else None}
