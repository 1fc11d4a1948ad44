"""`alertbus replay`: a scenario through the real gateway, Kafka, stages and plugins, as an exercise in its own time.

An exercise has its own id, so that the same scenario can be played again on the same bus, and beside real work, without touching it.
Every call is repeated until it is answered: the replay goes on through the death of any part.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from alertbus.broker.faults import BrokerFault
from alertbus.broker.groups import STREAM
from alertbus.chronicle.exercise_record import TakenNotice, exercise_items, taken_notices
from alertbus.delivery.ledger.tables import ledger
from alertbus.model.errors import BrokerUnavailable, Unavailable
from alertbus.model.notice import Deed
from alertbus.operations.progress import pending
from alertbus.reconcile.full import reconcile
from alertbus.rehearsal.chased import Chased
from alertbus.rehearsal.report import ArrivedMessage, build_report
from alertbus.rehearsal.scenario import Scenario, load_scenario
from alertbus.run.bootstrap import Wiring
from alertbus.run.client import PATIENCE_S, Client
from alertbus.sql.engine import reading
from alertbus.waiting import eventually

NOT_REACHED = "not_reached"
"""The rule of a notice that says that another agency was not reached."""

SETTLE_S = 300.0
"""How long the replay waits for the last message to arrive: long enough for a part to die and come back more than once."""

NOT_FINISHED = f"the bus did not finish within {SETTLE_S:g} s. `alertbus status` says what is behind; see that part's log."


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
        accepted = await _play(scenario, client, wiring, speed, tick)
        await settled(wiring, scenario)
        reconciliation = await reconcile(wiring.bootstrap, wiring.engine, wiring.policy, exercise=scenario.exercise)
    taken = await taken_notices(wiring.engine, scenario.exercise)
    chased = Chased(await exercise_items(wiring.engine, scenario.exercise), [one.notice for one in taken])
    return build_report(scenario, messages(taken, scenario.event_ids), accepted, reconciliation.difference, chased)


async def _play(
    scenario: Scenario, client: Client, wiring: Wiring, speed: float | None, tick: Callable[[], None]
) -> Mapping[str, datetime]:
    """Clock, then alert, event by event, and the time that the clock runs on. Answers when each was accepted.

    The clock moves on when what was stated before has come to its cases: what somebody is told of a day depends on what was known by then.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    accepted: dict[str, datetime] = {}
    now: datetime | None = None
    for number, event in enumerate(scenario.events):
        if speed:
            await asyncio.sleep(max(0.0, began + number / speed - loop.time()))
        if now is None or event.alert.recorded_at > now:
            now = event.alert.recorded_at
            await move_clock(scenario, client, wiring, now)
        await client.call("POST", "/v1/alerts", content=event.alert.model_dump_json(by_alias=True, exclude_defaults=True), headers=_JSON)
        accepted[event.id] = datetime.now(UTC)
        tick()
    if now is not None:
        await move_clock(scenario, client, wiring, now + scenario.runs_on)
    return accepted


async def move_clock(scenario: Scenario, client: Client, wiring: Wiring, to: datetime) -> None:
    """Move the clock of the exercise, once what was stated before has come to its cases. Raises `Unavailable` where it does not."""
    if not await eventually(lambda: _came_to_cases(wiring), SETTLE_S, 0.02):
        raise Unavailable(NOT_FINISHED)
    await client.call("POST", f"/v1/exercises/{scenario.exercise}/clock", json={"at": to.isoformat()})


async def _came_to_cases(wiring: Wiring) -> bool:
    try:
        return not (await pending(wiring.bootstrap))[STREAM].pending
    except (BrokerUnavailable, BrokerFault):
        return False


_JSON = {"content-type": "application/json"}


async def settled(wiring: Wiring, scenario: Scenario) -> None:
    """Wait until everything accepted has been worked through: no stage behind, nothing undelivered, nothing unwritten.

    Looked at in the order in which records flow and twice over, so that what was handed on between two looks is seen by one of them.
    """

    async def quiet_twice() -> bool:
        if not await _quiet(wiring, scenario):
            return False
        await asyncio.sleep(0.1)
        return await _quiet(wiring, scenario)

    if not await eventually(quiet_twice, SETTLE_S, 0.1):
        raise Unavailable(NOT_FINISHED)


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


def messages(taken: Iterable[TakenNotice], events: Mapping[str, str]) -> Iterator[ArrivedMessage]:
    """What the agencies' systems took about the events of the scenario, once for each obligation: as it was first told, and when the first
    notice of it was taken. What the bus itself has to say is about none of them.
    """
    first: dict[str, ArrivedMessage] = {}
    for one in taken:
        notice, owed = one.notice, one.notice.obligation
        if owed.alert_id not in events or notice.rule == NOT_REACHED or notice.deed is Deed.ESCALATE:
            continue
        known = first.get(owed.id)
        if known is not None:
            if one.taken_at < (known.received_at or one.taken_at):
                first[owed.id] = replace(known, received_at=one.taken_at)
            continue
        first[owed.id] = ArrivedMessage(
            agency=owed.agency,
            role=owed.role,
            event=events[owed.alert_id],
            cause=owed.cause,
            since=owed.since,
            because=notice.because,
            received_at=one.taken_at,
            own_agency=notice.own_agency,
        )
    yield from first.values()
