"""`GET /v1/items?worker=`: what one person owes by a time, and what falls to them while somebody is away; for who may read the inbox of one."""

from datetime import UTC, datetime
from typing import Any

import pytest

from alertbus.chronicle import projector
from alertbus.model.team import worker_ref
from tests.contract.test_http import fresh
from tests.contract.test_item_decisions import by, guarded
from tests.story import Log, a_case, a_notice, an_item

pytestmark = pytest.mark.kafka

__all__ = ["guarded"]
AGENCY = "midwifery"
ADA, JO = "Kanarienvogel Obi", "Jo Goldammer"


@pytest.fixture
async def owed(guarded: Any) -> tuple[str, str]:
    """On a case that names Ada: a clock, and an answer that is asked of her. Their ids."""
    case_id, clock, answer = fresh("case-"), fresh("clock-"), fresh("owed-")
    log = Log()
    named = {"agency": AGENCY, "level": "worker", "worker": ADA, "role": "named midwife", "from": "2026-01-01"}
    log.case(a_case(case_id, involvements=[{"agency": AGENCY}, named]))
    log.item(an_item(clock, case_id=case_id, agency=AGENCY, role="named_midwife", rule="request"))
    log.notice(a_notice(fresh("n-"), answer, agency=AGENCY, case_id=case_id, due=datetime(2027, 1, 1, tzinfo=UTC), recipient=ADA))
    async with guarded.inside.engine.begin() as connection:
        await projector.apply(connection, projector.read(log.records), starts={(one.topic, one.partition) for one in log.records})
    return clock, answer


async def asked(gateway: Any, name: str, caller: str = "midwifery", agency: str = AGENCY, **more: Any) -> Any:
    return await gateway.http.get("/v1/items", params={"worker": worker_ref(agency, name), **more}, headers=by(caller))


async def named(gateway: Any, name: str, **more: Any) -> list[str]:
    answer = await asked(gateway, name, **more)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


async def test_tur_06_tur_15_what_somebody_owes_is_their_covers_while_they_are_away_and_nobody_elses(
    guarded: Any, owed: tuple[str, str]
) -> None:
    assert (await named(guarded, ADA), await named(guarded, JO)) == ([*owed], [])
    team = {"name": "Midwives", "members": [{"name": ADA, "roles": ["named_midwife"]}, {"name": JO}]}
    away = {"absences": [{"who": ADA, "from": "2026-11-01", "cover": JO}]}
    where = f"/v1/teams/{AGENCY}.{fresh('t')}"
    assert (await guarded.http.put(where, json=team | away, headers=by("midwifery"))).status_code == 201

    assert (await named(guarded, ADA), await named(guarded, JO)) == ([], [*owed])
    first = (await asked(guarded, JO, limit=1)).json()
    assert ([one["id"] for one in first["items"]], await named(guarded, JO, after=first["next"])) == ([owed[0]], [owed[1]])


@pytest.mark.usefixtures("owed")
async def test_who_is_of_another_agency_finds_nothing_by_anybodys_ref(guarded: Any) -> None:
    for caller, agency in (("court", AGENCY), ("court", "court"), ("holder", AGENCY)):
        answer = await asked(guarded, ADA, caller, agency)
        assert (answer.status_code, answer.json()["items"]) == (200, [])
    refused = await guarded.http.get("/v1/items", params={"worker": worker_ref(AGENCY, ADA), "agency": AGENCY}, headers=by("court"))
    assert refused.status_code == 404


async def test_of_what_is_over_it_is_not_said_whose_it_was(guarded: Any) -> None:
    answer = await asked(guarded, ADA, state="all")

    assert (answer.status_code, [fault["path"] for fault in answer.json()["faults"]]) == (422, ["state"])
