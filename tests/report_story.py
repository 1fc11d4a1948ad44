"""A spring of Public Protection Notices, meetings and conferences of two teams, invented: what the reports for auditors count."""

from datetime import UTC, datetime, timedelta
from typing import Any

from alertbus.chronicle import projector
from alertbus.model.item import ItemState
from alertbus.model.receipt import Stage
from tests.story import Log, a_case, a_notice, a_receipt, accepted, an_item

WORKER = "Kanarienvogel Obi"
NORTH, SOUTH = 12, 3
"""Cases of the two teams: one with enough families for numbers to be shown beyond the agency, one with few."""
PEOPLE: dict[str, Any] = {"subjects": [{"person": {"label": "a man"}}], "children": [{"person": {"label": "a child"}}]}
SPRING = datetime(2026, 4, 14, 10, tzinfo=UTC)


async def a_spring(gateway: Any) -> None:
    """Put it into the chronicle of this gateway, past the broker, which others share."""
    log = Log()
    for number in range(NORTH + SOUTH):
        _a_case(log, number, "North" if number < NORTH else "South")
    async with gateway.inside.engine.begin() as connection:
        starts = {(one.topic, one.partition) for one in log.records}
        await projector.apply(connection, projector.read(log.records), starts=starts)


def _a_case(log: Log, number: int, team: str) -> None:
    case_id, began = f"spring-{number}", SPRING + timedelta(days=number)
    log.case(
        a_case(
            case_id,
            involvements=[
                *({"agency": name, "from": "2026-01-01"} for name in ("childrens_social_care", "health_visiting")),
                {"agency": "childrens_social_care", "level": "worker", "worker": WORKER, "team": team, "from": "2026-01-01"},
            ],
        )
    )
    ppn = accepted(f"PPN-{number}", began, kind="ppn", source="police.northants", **PEOPLE)
    held = accepted(
        f"ICPC-{number}",
        began + timedelta(days=9),
        kind="conference_outcome",
        source="childrens_social_care",
        **PEOPLE,
        details={
            "conference": {
                "type": "initial",
                "outcome": "child_in_need" if number % 3 else "child_protection",
                "unanimous": number % 2 == 0,
            }
        },
    )
    visit = accepted(
        f"VISIT-{number}",
        began + timedelta(hours=20 + number),
        kind="other",
        source="childrens_social_care",
        **PEOPLE,
        details={"contact": {"mode": "visit"}},
    )
    for one in (ppn, held, *([visit] if number % 4 else [])):
        log.alert(one)
        log.reached(one, case_id)
    for agency, role in (("childrens_social_care", "social_worker"), ("health_visiting", "health_visitor")):
        told = a_notice(
            f"n-{agency}-{number}",
            alert_id=ppn.alert_id,
            case_id=case_id,
            agency=agency,
            since=began + timedelta(hours=1),
            due=began + timedelta(hours=5),
            recipient=WORKER,
            children=(),
            people=(),
        )
        log.notice(told.model_copy(update={"obligation": told.obligation.model_copy(update={"role": role, "kind": "ppn"})}))
        log.receipt(a_receipt(told, Stage.ACCEPTED, began + timedelta(hours=1, minutes=2)))
        if agency == "childrens_social_care" or number % 3 == 0:
            log.receipt(a_receipt(told, Stage.ACKNOWLEDGED, began + timedelta(hours=2 + number % 5), by=WORKER))
    common = {"case_id": case_id, "opened_at": began, "due": began + timedelta(days=1), "source_id": f"PPN-{number}"}
    state = ItemState.MISSED if number % 5 == 0 else ItemState.MET
    closed = {"closed_at": began + timedelta(days=1 + number % 7)}
    log.item(an_item(f"meet-{number}", state, began, **common, **closed, **({"reason": "workload"} if state is ItemState.MISSED else {})))


async def a_rehearsed_notice(gateway: Any) -> str:
    """One statement of an exercise, of which the name is given."""
    name, log = "winter-rehearsal", Log()
    log.alert(accepted("REHEARSED-1", SPRING, kind="ppn", source="police.northants", exercise=name, **PEOPLE))
    async with gateway.inside.engine.begin() as connection:
        starts = {(one.topic, one.partition) for one in log.records}
        await projector.apply(connection, projector.read(log.records), starts=starts)
    return name
