"""`GET /v1/inbox?worker=`: what one person answers for now, by the teams; a part of the inbox in its order, and nobody's name in an address."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.model.item import ItemStep, StepKind
from alertbus.model.notice import Deed, Notice
from alertbus.model.team import worker_ref
from tests.contract.test_http import fresh, notice, owe

pytestmark = pytest.mark.kafka

AGENCY = "health_visiting"
ADA, JO, LEE = "Kanarienvogel Obi", "Jo Goldammer", "Lee Chan"
AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def owed(named: str | None, n: int = 0, **changed: Any) -> Notice:
    since = (AT + timedelta(minutes=n)).isoformat()
    return notice(since=since, **changed).model_copy(update={"recipient": named})


async def team(gateway: Any, **said: Any) -> None:
    people = [{"name": ADA, "roles": ["health_visitor"]}, {"name": JO}, {"name": LEE, "roles": ["team_manager"]}]
    whole = {"name": "North team", "members": people} | said
    assert (await gateway.http.put(f"/v1/teams/{AGENCY}.{fresh('t')}", json=whole)).status_code == 201


async def inbox(gateway: Any, name: str, **more: Any) -> list[str]:
    answer = await gateway.http.get("/v1/inbox", params={"agency": AGENCY, "worker": worker_ref(AGENCY, name), **more})
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_tur_06_a_cover_sees_what_the_absent_would_have_seen_and_no_more(gateway: Any) -> None:
    hers, his, nobodys = owed(ADA, 1), owed("JO  goldammer", 2), owed(None, 3)
    await owe(gateway, hers, his, nobodys)
    assert [await inbox(gateway, name) for name in (ADA, JO)] == [[hers.obligation.id], [his.obligation.id]], "without teams, by name alone"

    await team(gateway, absences=[{"who": ADA, "from": "2026-11-01", "cover": JO}])

    assert await inbox(gateway, JO) == [one.obligation.id for one in (hers, his, nobodys)], (
        "the only health visitor is away: hers are his too"
    )
    assert await inbox(gateway, ADA) == []
    shown = (await gateway.http.get("/v1/inbox", params={"agency": AGENCY})).json()["items"]
    assert {item["notice"]["recipient"] for item in shown} == {JO}, "an inbox says who answers now"
    assert "is absent, until when is not said; covered by" in shown[0]["notice"]["answering"]["trail"][0]


async def test_an_escalated_obligation_is_in_the_inbox_of_whoever_was_asked_first_and_of_who_is_asked_now(gateway: Any) -> None:
    first = owed(ADA)
    step = ItemStep(kind=StepKind.NEXT, role="team_manager", at=AT)
    asked = first.obligation.model_copy(update={"role": "team_manager"})
    more = {"id": fresh("n"), "deed": Deed.ESCALATE, "obligation": asked, "recipient": None, "step": step}
    await owe(gateway, first, first.model_copy(update=more))
    await team(gateway)

    assert [await inbox(gateway, name) for name in (ADA, LEE, JO)] == [[first.obligation.id], [first.obligation.id], []]


async def test_what_was_passed_on_to_somebody_is_in_their_inbox_too(gateway: Any) -> None:
    hers = owed(ADA)
    await owe(gateway, hers)
    said = {"by": ADA, "role": "health_visitor", "intent": "passing_on", "to": JO}
    answer = await gateway.http.post(f"/v1/obligations/{hers.obligation.id}/acknowledgements", json=said)
    assert answer.status_code == 201, answer.text
    await gateway.projected(topics.RECEIPTS)

    assert await inbox(gateway, JO, state="all") == [hers.obligation.id]


async def test_a_persons_pages_follow_each_other_in_the_order_of_the_inbox(gateway: Any) -> None:
    every = [owed(ADA if n % 3 else JO, n) for n in range(20)]
    await owe(gateway, *every)
    hers = [one.obligation.id for one in every if one.recipient == ADA]

    found, after = [], None
    for _ in range(len(hers)):
        more = {"after": after} if after else {}
        answer = await gateway.http.get("/v1/inbox", params={"agency": AGENCY, "worker": worker_ref(AGENCY, ADA), "limit": 4, **more})
        found += [item["id"] for item in answer.json()["items"]]
        after = answer.json()["next"]
        if after is None:
            break

    assert found == hers


async def test_tur_05_on_return_it_is_told_what_was_answered_meanwhile_and_by_whom(gateway: Any) -> None:
    hers, open_, his, before = owed(ADA, 1), owed(ADA, 2), owed(JO, 3), owed(ADA, 4)
    await owe(gateway, hers, open_, his, before)
    for one, name in ((before, ADA), (hers, JO), (his, JO)):
        if one is hers:
            gateway.inside.now.at = datetime(2026, 11, 25, 9, tzinfo=UTC)
        said = {"by": name, "role": "health_visitor", "intent": "acting"}
        answer = await gateway.http.post(f"/v1/obligations/{one.obligation.id}/acknowledgements", json=said)
        assert answer.status_code == 201, answer.text
    await gateway.projected(topics.RECEIPTS)
    await team(gateway, absences=[{"who": ADA, "from": "2026-11-24", "to": "2026-11-26", "cover": JO}])
    gateway.inside.now.at = datetime(2026, 11, 27, 9, tzinfo=UTC)

    asked = {"agency": AGENCY, "worker": worker_ref(AGENCY, ADA)}
    found = (await gateway.http.get("/v1/inbox/returned", params=asked)).json()

    assert [(item["id"], item["acknowledged_by"]) for item in found["items"]] == [(hers.obligation.id, JO)]
    assert (found["away"]["from"][:10], found["away"]["to"][:10], found["away"]["over"]) == ("2026-11-24", "2026-11-26", True)
    assert await inbox(gateway, ADA, state="open") == [open_.obligation.id]
    never = await gateway.http.get("/v1/inbox/returned", params=asked | {"worker": worker_ref(AGENCY, JO)})
    assert (never.status_code, never.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/v1/inbox", "/v1/inbox/returned", "/v1/items"])
async def test_a_name_in_an_address_is_refused_and_repeated_nowhere(gateway: Any, log_text: io.StringIO, path: str) -> None:
    answer = await gateway.http.get(path, params={"agency": AGENCY, "worker": ADA})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert "Kanarienvogel" not in answer.text + log_text.getvalue()
