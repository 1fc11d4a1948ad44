"""A family that a midwife joins, invented: what stands on it, as the case stage works it out, and as the chronicle then holds it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from alertbus.chronicle import projector
from alertbus.model.alert import Alert
from alertbus.model.case import Case
from alertbus.model.events import CaseChanged
from alertbus.model.notice import Notice
from tests.contract.test_http import fresh
from tests.on_a_case import OnACase, known_by_key, said
from tests.story import Log

BEGAN = datetime(2026, 11, 2, 9, tzinfo=UTC)
JOINED = datetime(2026, 11, 23, 8, tzinfo=UTC)
MIDWIFE = "Mara Okafor"
AGENCY = "midwifery"

_PEOPLE: list[dict[str, Any]] = [
    {"key": "mother", "label": "Mother", "name": {"given": "Ines", "family": "Ashdown"}},
    {"key": "man", "label": "Ex-partner", "name": {"given": "Carl", "family": "Voss"}},
    {"key": "mia", "label": "Child", "born": "2019-04-12", "name": {"given": "Mia", "family": "Ashdown"}},
    {"key": "tom", "label": "Child", "born": "2022-09-03", "name": {"given": "Tom", "family": "Ashdown"}},
]
_BEFORE: tuple[dict[str, Any], ...] = (
    {"agency": "childrens_social_care"},
    {"agency": "childrens_social_care", "level": "worker", "worker": "Sasha Lind", "role": "social_worker", "from": "2026-11-02"},
    {"agency": "health_visiting"},
    {"agency": "health_visiting", "level": "worker", "worker": "Kit Obi", "role": "health_visitor", "from": "2026-11-02"},
    {"agency": "police"},
)
_JOINS: tuple[dict[str, Any], ...] = (
    {"agency": AGENCY, "from": "2026-11-23"},
    {"agency": AGENCY, "level": "worker", "worker": MIDWIFE, "role": "midwife", "from": "2026-11-23"},
)


def _case(case_id: str, version: int, at: datetime, before: Case | None, involvements: tuple[dict[str, Any], ...]) -> Case:
    body: dict[str, Any] = {
        "id": case_id,
        "version": version,
        "status": "child_in_need",
        "contact": "Duty team, 01632 960123",
        "people": _PEOPLE,
        "children": ["mia", "tom"],
        "links": [{"person": "mother", "relation": "mother"}, {"person": "man", "relation": "ex_partner", "certainty": "putative"}],
        "involvements": list(involvements),
        "episodes": [{"type": "child_in_need_plan", "children": ["mia", "tom"], "from": "2026-11-04"}],
    }
    return known_by_key(Case.model_validate(body).learned(before, at))


def _stated(name: str, kind: str, at: datetime, **more: Any) -> Any:
    body = {
        "id": name,
        "source": "police.test",
        "kind": kind,
        "occurred_at": at,
        "recorded_at": at,
        "subjects": [{"person": {"key": "man"}}],
    }
    return said(Alert.model_validate(body | more))


async def a_newcomer(gateway: Any, *more: Notice) -> tuple[str, Notice]:
    """Midwifery and a midwife of it join a case on which a flag, a notice of the police and news of drugs stand. Gives the case and her
    briefing. `more`: what else stands in the same log, of which the chronicle reads each offset once.
    """
    case_id, log, played = fresh("north-"), Log(BEGAN), OnACase()
    first = _case(case_id, 1, BEGAN, None, _BEFORE)
    second = _case(case_id, 2, JOINED, first, (*_BEFORE, *_JOINS))
    told = [
        _stated(fresh("D-"), "drug_intelligence", BEGAN + timedelta(days=1)),
        _stated(fresh("F-"), "violent_person_flag", BEGAN + timedelta(days=2), severity="critical"),
        _stated(fresh("P-"), "ppn", BEGAN + timedelta(days=9), severity="high"),
    ]
    log.case(first)
    played.do(CaseChanged(case=first))
    for one in told:
        log.alert(one)
        log.identified(one)
        log.reached(one, case_id)
        played.reach(one)
    log.case(second)
    played.do(CaseChanged(case=second))
    for notice in (*played.told, *played.own, *more):
        log.notice(notice)
    async with gateway.inside.engine.begin() as connection:
        await projector.apply(connection, projector.read(log.records), starts={(one.topic, one.partition) for one in log.records})
    gateway.inside.now.at = JOINED + timedelta(hours=1)
    hers = [one for one in played.own if one.obligation.agency == AGENCY and one.recipient == MIDWIFE]
    return case_id, hers[-1]
