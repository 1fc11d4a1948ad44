"""`alertbus replay`: a scenario through the real gateway, Kafka, stages and plugins, as an exercise in its own time.

An exercise has its own id, so that the same scenario can be played again on the same bus, and beside real work, without touching it.
Every call is repeated until it is answered: the replay goes on through the death of any part.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from alertbus.broker.faults import BrokerFault
from alertbus.delivery.ledger.tables import ledger
from alertbus.model.errors import BrokerUnavailable, Unavailable
from alertbus.model.notice import Cause
from alertbus.operations.progress import pending
from alertbus.reconcile.full import reconcile
from alertbus.rehearsal.report import ArrivedMessage, build_report
from alertbus.rehearsal.scenario import Scenario, load_scenario
from alertbus.run.bootstrap import Wiring
from alertbus.run.client import PATIENCE_S, Client
from alertbus.sql.engine import reading
from alertbus.waiting import eventually

SETTLE_S = 300.0
"""How long the replay waits for the last message to arrive: long enough for a part to die and come back more than once."""


async def replay(
    folder: Path,
    wiring: Wiring,
    *,
    speed: float | None = None,
    tick: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Play the scenario and report. `speed`: events per second; None is as fast as the bus answers."""
    scenario = load_scenario(folder, f"x{uuid4().hex[:8]}")
    async with Client.of(wiring.settings, patience_s=PATIENCE_S) as client:
        for case in scenario.cases:
            await client.call("PUT", f"/v1/cases/{case.id}", json=json.loads(case.model_dump_json(by_alias=True, exclude_defaults=True)))
        accepted = await _play(scenario, client, speed, tick)
        await _settled(wiring, scenario)
        reconciliation = await reconcile(wiring.bootstrap, wiring.engine, wiring.policy, exercise=scenario.exercise)
        received = await _received(scenario, client)
    return build_report(scenario, received, accepted, reconciliation.difference)


async def _play(scenario: Scenario, client: Client, speed: float | None, tick: Callable[[], None]) -> Mapping[str, datetime]:
    """Clock, then alert, event by event. Answers when each was accepted."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    accepted: dict[str, datetime] = {}
    for number, event in enumerate(scenario.events):
        if speed:
            await asyncio.sleep(max(0.0, began + number / speed - loop.time()))
        at = event.alert.recorded_at.isoformat()
        await client.call("POST", f"/v1/exercises/{scenario.exercise}/clock", json={"at": at})
        await client.call("POST", "/v1/alerts", content=event.alert.model_dump_json(by_alias=True, exclude_defaults=True), headers=_JSON)
        accepted[event.id] = datetime.now(UTC)
        tick()
    return accepted


_JSON = {"content-type": "application/json"}


async def _settled(wiring: Wiring, scenario: Scenario) -> None:
    """Wait until everything accepted has been worked through: no stage behind, nothing undelivered, nothing unwritten.

    Looked at in the order in which records flow and twice over, so that what was handed on between two looks is seen by one of them.
    """

    async def quiet_twice() -> bool:
        if not await _quiet(wiring, scenario):
            return False
        await asyncio.sleep(0.1)
        return await _quiet(wiring, scenario)

    if not await eventually(quiet_twice, SETTLE_S, 0.1):
        raise Unavailable(f"the bus did not finish within {SETTLE_S:g} s. `alertbus status` says what is behind; see that part's log.")


async def _quiet(wiring: Wiring, scenario: Scenario) -> bool:
    try:
        if any(group.pending for group in (await pending(wiring.bootstrap)).values()):
            return False
        async with reading(wiring.engine) as connection:
            ours = ledger.c.case_id.in_([case.id for case in scenario.cases])
            unfinished = ledger.c.done_at.is_(None) | ledger.c.receipt_pending
            if (await connection.execute(select(ledger.c.seq).where(ours, unfinished).limit(1))).first():
                return False
        return not any(group.pending for group in (await pending(wiring.bootstrap)).values())
    except (BrokerUnavailable, BrokerFault):
        return False


async def _received(scenario: Scenario, client: Client) -> list[ArrivedMessage]:
    """What every agency's system holds of this exercise."""
    events = {event.alert.alert_id: event.alert.amends or event.alert.id for event in scenario.events}
    agencies = {i.agency for case in scenario.cases for i in case.involvements} | {"mash"}
    found: list[ArrivedMessage] = []
    for agency in sorted(agencies):
        after: str | None = None
        while True:
            query = {"agency": agency, "exercise": scenario.exercise, "limit": "500"}
            page = await client.call("GET", "/v1/inbox", params=query | ({"after": after} if after else {}))
            found += [message for item in page["items"] if (message := _message(item, events)) is not None]
            after = page.get("next")
            if not after:
                break
    return found


def _message(item: Mapping[str, Any], events: Mapping[str, str]) -> ArrivedMessage | None:
    """The message, if the agency's system has taken it. `events` are those of the scenario by the bus's ids of their alerts."""
    arrivals = [datetime.fromisoformat(r["at"]) for r in item["receipts"] if r["stage"] == "accepted"]
    if not arrivals:
        return None
    obligation = item["obligation"]
    return ArrivedMessage(
        agency=obligation["agency"],
        role=obligation["role"],
        event=events.get(obligation["alert_id"], obligation["source_id"]),
        cause=Cause(obligation.get("cause", Cause.ALERT)),
        since=datetime.fromisoformat(obligation["since"]),
        because=item["notice"]["because"],
        received_at=min(arrivals),
        own_agency=item["notice"].get("own_agency", False),
    )
