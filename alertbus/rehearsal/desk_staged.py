"""The desk of the demo: the review's family with its last alert today, what was answered and what lapsed, and people who can sign in.

The timeline of the replay is over for years; here it is moved as a whole (`moved`) and stops in the middle of the enquiry after the birth,
when most agencies are on the case. What each agency was told until then its people have answered, but for what the desk is to show.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from alertbus.desk.sign_in.local_users import LocalUsers
from alertbus.model.errors import BusError
from alertbus.rehearsal.desk_people import CALLED, PEOPLE, add_people, teams
from alertbus.rehearsal.moved import MovedTo, moved
from alertbus.rehearsal.replay import move_clock, settled
from alertbus.rehearsal.scenario import Scenario, load_scenario
from alertbus.run.bootstrap import Wiring
from alertbus.run.client import PATIENCE_S, Client
from alertbus.waiting import pause

TOLD_FROM = "CB-038"
"""The first event of child-bi that tells anybody here: the release that is asked about and never confirmed."""

LAST = "CB-064"
"""The last: the social worker changes in the middle of the enquiry. The midwife has not discharged yet."""

ANSWERED_AFTER = timedelta(minutes=50)
"""How long after an alert its agencies have answered."""

LEFT = timedelta(days=4)
"""What came in these last days still waits."""

UNANSWERED = frozenset(
    {
        ("probation", "CB-041"),
        ("childrens_social_care", "CB-050"),
        ("health_visiting", "CB-058"),
        ("midwifery", "briefing"),
        ("school", "CB-057"),
    }
)
"""What nobody answered, by agency and event or kind, as the review has it of the e-mail of CB-050: it was asked of everybody in turn."""

CLOCK_S = 15.0
"""How often the exercise's clock is moved on to the time of day."""


@dataclass(frozen=True, slots=True)
class StagedDesk:
    """What was set up. `threat` is a file with one more alert, for whoever wants to see one arrive on an open page."""

    exercise: str
    family: str
    threat: Path


async def stage_desk(folder: Path, wiring: Wiring, password: str, now: datetime, tick: Callable[[], None] = lambda: None) -> StagedDesk:
    """Set it up on a running bus."""
    whole = load_scenario(folder, f"desk{uuid4().hex[:6]}")
    scenario = moved(whole, MovedTo(LAST, TOLD_FROM, now - timedelta(minutes=20)), CALLED)
    await add_people(LocalUsers(wiring.engine), password, now)
    async with Client.of(wiring.settings, patience_s=PATIENCE_S) as client:
        for team in teams(now, scenario.exercise):
            await client.call("PUT", f"/v1/teams/{team['id']}", json=team)
        for case in scenario.cases:
            await client.call("PUT", f"/v1/cases/{case.id}", json=json.loads(case.model_dump_json(by_alias=True, exclude_defaults=True)))
        await _play(scenario, client, wiring, now, tick)
        await move_clock(scenario, client, wiring, now)
        await settled(wiring, scenario)
    threat = wiring.settings.data_dir / "threat.json"
    threat.write_text(json.dumps(_threat(scenario, now), indent=1), encoding="utf-8")
    return StagedDesk(scenario.exercise, scenario.cases[0].id, threat)


async def keep_time(staged: StagedDesk, wiring: Wiring, until: asyncio.Event, now: Callable[[], datetime]) -> None:
    """Move the exercise's clock with the time of day, so that what is left unanswered lapses as it would in life."""
    async with Client.of(wiring.settings) as client:
        while not until.is_set():
            with contextlib.suppress(BusError):  # the next time will do
                await client.call("POST", f"/v1/exercises/{staged.exercise}/clock", json={"at": now().isoformat()})
            await pause(until, CLOCK_S)


async def _play(scenario: Scenario, client: Client, wiring: Wiring, now: datetime, tick: Callable[[], None]) -> None:
    events = scenario.event_ids
    for event in scenario.events:
        if not event.alert.history:
            await move_clock(scenario, client, wiring, event.alert.recorded_at)
        body = event.alert.model_dump_json(by_alias=True, exclude_defaults=True)
        await client.call("POST", "/v1/alerts", content=body, headers={"content-type": "application/json"})
        if not event.alert.history and event.alert.recorded_at < now - LEFT:
            await move_clock(scenario, client, wiring, event.alert.recorded_at + ANSWERED_AFTER)
            await settled(wiring, scenario)
            await _answer(scenario.exercise, client, events)
        tick()


async def _answer(exercise: str, client: Client, events: Mapping[str, str]) -> None:
    """Whoever is asked says that they act on it; in agencies of nobody here, whoever it names."""
    everybody = {person.agency: person.name for person in reversed(PEOPLE)}
    for agency in (*everybody, "police", "gp", "housing"):
        query = {"agency": agency, "exercise": exercise, "state": "open", "limit": "500"}
        found = await client.call("GET", "/v1/inbox", params=query)
        for item in found["items"]:
            owed = item["obligation"]
            if (agency, events.get(owed["alert_id"], owed["kind"])) in UNANSWERED:
                continue
            by = item["notice"].get("recipient") or everybody.get(agency) or "Duty Officer"
            said = {"by": by, "intent": "acting"}
            await client.call("POST", f"/v1/obligations/{owed['id']}/acknowledgements", json=said)


def _threat(scenario: Scenario, now: datetime) -> dict[str, Any]:
    """An invented threat to staff, about somebody on the case."""
    return {
        "id": f"DEMO-{now:%H%M%S}",
        "source": "police",
        "kind": "threat_to_staff",
        "severity": "critical",
        "occurred_at": now.isoformat(),
        "recorded_at": now.isoformat(),
        "subjects": [{"person": {"key": "ex_partner_2"}}],
        "children": [],
        "narrative": [
            {
                "text": "Invented for this demo: said on the telephone that the next worker at the door would regret it.",
                "said_by": "professional",
            }
        ],
        "exercise": scenario.exercise,
    }
