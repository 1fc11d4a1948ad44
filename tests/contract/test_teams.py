"""`/v1/teams` on a real broker: an agency's own, by version, audited, and nobody's name where a log could have it."""

import hashlib
import io
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from alertbus.audit.chain import AuditedDeed
from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.caller_settings import CallerSettings
from alertbus.model.team import Team, worker_ref
from alertbus.staff.team_register import TeamRegister
from alertbus.wire.words import TABLE
from tests.contract.conftest import Open

pytestmark = pytest.mark.kafka

CALLERS: dict[str, dict[str, Any]] = {
    "csc": {"agency": "childrens_social_care"},
    "police": {"agency": "police"},
    "reader": {"agency": "police", "rights": ["receive"]},
    "ops": {"agency": "bus", "operations": True},
    "surgery": {"agency": "gp.y12345"},
    "surgeries": {"agency": "gp"},
}
ADA, JO = "Kanarienvogel Obi", "Jo Goldammer"
AWAY = {"who": ADA, "from": "2026-11-20", "to": "2026-12-14", "cover": JO}


@pytest.fixture
async def served(kafka: str, open_gateway: Open) -> AsyncIterator[Any]:
    callers = [CallerSettings(name=name, token_sha256=hashlib.sha256(name.encode()).hexdigest(), **said) for name, said in CALLERS.items()]
    async with open_gateway(kafka, callers=callers) as opened:
        yield opened


def by(name: str, **headers: str) -> dict[str, str]:
    return {"authorization": f"Bearer {name}"} | headers


def a_team(agency: str = "police", **said: Any) -> dict[str, Any]:
    return {"id": f"{agency}.t{uuid.uuid4().hex[:8]}", "name": "Invented team", "members": [{"name": ADA}, {"name": JO}]} | said


async def put(served: Any, said: dict[str, Any], caller: str = "police", **headers: str) -> Any:
    return await served.http.put(f"/v1/teams/{said['id']}", json=said, headers=by(caller, **headers))


async def on_topic(served: Any, team_id: str) -> list[Team]:
    records = [record async for record in read_all(served.bootstrap, [topics.TEAMS])]
    return [TABLE[Team.type].read(record.value or b"") for record in records if record.key == team_id.encode()]


async def test_a_team_is_recorded_read_and_stands_on_its_topic_by_version(served: Any) -> None:
    said = a_team()
    first, again = await put(served, said), await put(served, said)
    changed = await put(served, said | {"absences": [AWAY]}, **{"if-match": '"1"'})
    read = await served.http.get(f"/v1/teams/{said['id']}", headers=by("police"))

    assert [(answer.status_code, answer.headers["etag"]) for answer in (first, again, changed, read)] == [
        (201, '"1"'), (201, '"1"'), (200, '"2"'), (200, '"2"'),
    ]  # fmt: skip
    assert read.json()["absences"] == [AWAY]
    assert [one.version for one in await on_topic(served, said["id"])] == [1, 2]
    back = await put(served, read.json())
    assert (back.status_code, back.headers["etag"]) == (200, '"2"'), "what was read and sent back is no change"


async def test_two_who_change_a_team_at_once_do_not_overwrite_each_other(served: Any) -> None:
    said = a_team()
    await put(served, said)
    await put(served, said | {"deputy": JO}, **{"if-match": '"1"'})
    late = await put(served, said | {"deputy": ADA}, **{"if-match": '"1"'})

    assert (late.status_code, late.json()["code"]) == (412, "version_conflict")
    assert 'If-Match: "2"' in late.json()["detail"]
    assert (await put(served, said, **{"if-none-match": "*"})).status_code == 412


async def test_a_team_is_its_own_agencys_to_state_and_to_see(served: Any) -> None:
    ours = a_team()
    await put(served, ours)
    answers = {name: await served.http.get(f"/v1/teams/{ours['id']}", headers=by(name)) for name in CALLERS}
    nowhere = await served.http.get("/v1/teams/police.nowhere", headers=by("csc"))

    assert {name for name, answer in answers.items() if answer.status_code == 200} == {"police", "reader"}
    assert {answer.status_code for answer in answers.values()} == {200, 404}
    assert answers["csc"].json() == nowhere.json()
    for said in (ours, a_team()):  # one that is there, and one that is not, are refused alike
        refused = [await put(served, said, caller) for caller in ("csc", "reader", "ops")]
        assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "not_allowed")] * 3
    assert (await put(served, a_team() | {"agency": "childrens_social_care"})).status_code == 422
    assert (await served.http.get("/v1/teams", params={"agency": "police"}, headers=by("csc"))).status_code == 404
    asked = {"agency": "police", "worker": ADA}
    told = [(await served.http.post("/v1/teams/answering", json=asked, headers=by(name))).status_code for name in CALLERS]
    assert [name for name, status in zip(CALLERS, told, strict=True) if status == 200] == ["police", "reader"]


async def test_a_setting_is_told_who_answers_for_it_and_sees_no_team_but_its_own(served: Any) -> None:
    said = a_team("gp", members=[{"name": ADA, "roles": ["safeguarding_lead"]}])
    await put(served, said, "surgeries")

    asked = {"agency": "gp.y12345", "role": "safeguarding_lead"}
    assert (await served.http.post("/v1/teams/answering", json=asked, headers=by("surgery"))).json()["who"] == ADA
    assert (await served.http.get("/v1/teams", headers=by("surgery"))).json() == {"teams": [], "people": [], "gaps": [], "unanswered": []}
    assert (await served.http.get(f"/v1/teams/{said['id']}", headers=by("surgery"))).status_code == 404
    assert (await put(served, said, "surgery")).status_code == 403


async def test_who_answers_now_is_told_with_its_trail_and_the_refs_of_people(served: Any) -> None:
    said = a_team("childrens_social_care", absences=[AWAY])
    await put(served, said, "csc")
    asked = {"agency": "childrens_social_care", "worker": ADA}

    found = (await served.http.post("/v1/teams/answering", json=asked, headers=by("csc"))).json()
    later = (await served.http.post("/v1/teams/answering", json=asked | {"at": "2026-12-15T09:00:00Z"}, headers=by("csc"))).json()
    shown = (await served.http.get("/v1/teams", headers=by("csc"))).json()

    assert (found["who"], later["who"]) == (JO, ADA)
    assert found["trail"][0] == f"{ADA} (named on the case) is absent until 14 December 2026; covered by {JO}"
    assert {"ref": worker_ref("childrens_social_care", JO.upper()), "name": JO} in shown["people"]
    assert said["id"] in [one["id"] for one in shown["teams"]]
    assert shown["gaps"], "nobody takes what comes in for nobody in particular"


async def test_a_change_is_audited_before_it_is_recorded(served: Any) -> None:
    said = a_team()
    await put(served, said)
    records = [json.loads(record.value or b"{}") async for record in read_all(served.bootstrap, [topics.AUDIT])]

    [noted] = [one for one in records if one["about"] == [said["id"]]]
    assert (noted["deed"], noted["chain"], noted["caller"]) == (AuditedDeed.TEAM_RECORDED, "police", "police")


@pytest.mark.parametrize(
    ("changed", "path", "code"),
    [
        ({"absences": [{"who": "Kanarienvogel Unknown"}]}, "absences[0].who", "inconsistent"),
        ({"members": [{"name": ADA, "from": "1066-10-14"}]}, "members[0].from", "moment_too_early"),
        ({"hours": [{"opens": "9 o'clock", "closes": "17:00"}]}, "hours[0].opens", "time_parsing"),
        ({"id": "police.kanarienvogel"}, "id", "id_tells"),
        ({"nickname": "Kanarienvogel"}, "nickname", "extra_forbidden"),
    ],
)
async def test_wrong_input_is_refused_by_its_path_and_its_names_are_repeated_nowhere(
    served: Any, log_text: io.StringIO, changed: dict[str, Any], path: str, code: str
) -> None:
    answer = await put(served, a_team() | changed)

    assert answer.status_code == 422, answer.text
    assert path in [fault["path"] for fault in answer.json()["faults"]], answer.json()
    assert code in [fault["code"] for fault in answer.json()["faults"]], answer.json()
    assert "Kanarienvogel" not in answer.text + log_text.getvalue() or changed.get("nickname")
    assert "Kanarienvogel Obi" not in answer.text + log_text.getvalue()


async def test_no_name_of_anybody_stands_in_a_key_a_header_a_log_or_a_metric(served: Any, log_text: io.StringIO) -> None:
    said = a_team(absences=[AWAY], deputy=JO, duty=[{"who": JO, "from": "2026-11-01"}])
    answers = [await put(served, said)]
    answers.append(await served.http.post("/v1/teams/answering", json={"agency": "police", "worker": ADA}, headers=by("police")))
    answers.append(await served.http.get("/v1/teams", headers=by("police")))
    answers.append(await served.http.get("/metrics"))
    records = [record async for record in read_all(served.bootstrap, [spec.name for spec in topics.TOPICS])]

    outside = [*(record.key or b"" for record in records), *(value for record in records for _, value in record.headers)]
    outside += [record.value or b"" for record in records if record.topic == topics.AUDIT and said["id"].encode() in (record.value or b"")]
    told = [text.encode() for answer in answers for pair in answer.headers.multi_items() for text in pair]
    addresses = [str(answer.request.url).encode() for answer in answers]
    for name in (b"Kanarienvogel", b"Goldammer"):
        assert not [one for one in (*outside, *told, *addresses, log_text.getvalue().encode(), answers[-1].content) if name in one]
    assert any(record.topic == topics.TEAMS and b"Kanarienvogel" in (record.value or b"") for record in records)


async def test_a_version_recorded_by_a_gateway_that_died_is_published_by_the_next(served: Any) -> None:
    said = a_team()
    register = TeamRegister(served.inside.engine)
    await register.record(Team.model_validate(said | {"agency": "police"}), datetime(2026, 11, 23, tzinfo=UTC), None)

    await served.inside.intake.teams.republish()  # what finishes begun work may have done so meanwhile, which is harmless

    assert {one.version for one in await on_topic(served, said["id"])} == {1}
    assert await register.unpublished() == []


async def test_not_24_no_call_orders_counts_or_ranks_people(served: Any) -> None:
    """What is told of somebody who works there is a name, a reference and what they say of themselves: no number, and no place in a row."""
    described = (await served.http.get("/openapi.json")).json()
    parameters = {p["name"] for path in described["paths"].values() for call in path.values() for p in call.get("parameters", ())}
    assert "worker" in parameters
    assert parameters & {"sort", "sort_by", "order", "order_by", "group", "group_by", "by", "rank", "top"} == set()
    numbers = {"integer", "number"}
    of_people = {name: described["components"]["schemas"][name] for name in ("PersonInTeam", "Answering", "Member", "Absence", "DutyTurn")}
    assert {name: [p for p, said in word["properties"].items() if said.get("type") in numbers] for name, word in of_people.items()} == {
        name: [] for name in of_people
    }

    names = ["Aaron Aa", "Mia Mm", "Zoe Zz", "Bea Bb", "Yan Yy", "Cy Cc"]
    await put(served, a_team(members=[{"name": name} for name in names]))
    people = (await served.http.get("/v1/teams", headers=by("police"))).json()["people"]
    assert [one["ref"] for one in people] == sorted(one["ref"] for one in people)
    shown = [one["name"] for one in people if one["name"] in names]
    assert shown not in (sorted(shown), sorted(shown, reverse=True)), "in the order of a reference that says nothing"
