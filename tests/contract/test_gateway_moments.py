"""What the gateway says of moments that cannot be, and of old news: the sender is told, and nothing is lost."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from alertbus.broker import topics
from alertbus.intake.tables import raw
from alertbus.model import ids
from alertbus.sql.engine import reading

pytestmark = pytest.mark.kafka

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


class SetClock:
    """A clock that stands where it was set."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


def said(ago: timedelta, **changed: Any) -> dict[str, Any]:
    """An alert of so long ago that nobody else's test has sent."""
    at = (NOW - ago).isoformat()
    person = {"identifiers": [{"system": "crn", "value": "X123456"}]}
    alert = {"id": uuid.uuid4().hex, "source": "police.northants", "kind": "threat_to_staff", "subjects": [{"person": person}]}
    return alert | {"occurred_at": at, "recorded_at": at} | changed


def id_of(alert: dict[str, Any]) -> str:
    return ids.alert_id(None, alert["source"], alert["id"])


async def accepted(gateway: Any, alert: dict[str, Any]) -> list[bool]:
    """Whether it was accepted as history, for each record of it on the topic."""
    records = await gateway.records(topics.ALERTS, id_of(alert))
    return [json.loads(record.data)["alert"].get("history", False) for record in records]


async def test_an_alert_recorded_in_the_future_is_422_at_its_path(kafka: str, open_gateway: Any) -> None:
    alert = said(timedelta(days=1), recorded_at="2031-01-01T00:00:00Z")

    async with open_gateway(kafka, now=SetClock()) as gateway:
        answer = await gateway.http.post("/v1/alerts", json=alert)

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
        assert [(f["path"], f["code"]) for f in answer.json()["faults"]] == [("recorded_at", "moment_in_future")]
        assert "2031" not in answer.text
        assert await accepted(gateway, alert) == []


async def test_a_message_from_the_future_is_422_and_kept_for_review(kafka: str, open_gateway: Any) -> None:
    message = json.dumps([said(timedelta(days=-400))])

    async with open_gateway(kafka, now=SetClock()) as gateway:
        answer = await gateway.http.post("/v1/sources/plain-source", content=message)

        assert answer.status_code == 422
        assert {(f["path"], f["code"]) for f in answer.json()["faults"]} == {
            ("alerts[0].occurred_at", "moment_in_future"),
            ("alerts[0].recorded_at", "moment_in_future"),
        }
        async with reading(gateway.inside.engine) as connection:
            [row] = (await connection.execute(select(raw))).all()
        assert (row.ref, row.body) == (answer.json()["ref"], message.encode())
        assert [review["reason"] for review in await gateway.reviews(row.ref)] == ["not_understood"]


async def test_old_news_of_a_source_is_history_and_its_answer_says_so(kafka: str, open_gateway: Any) -> None:
    old, new = said(timedelta(days=90)), said(timedelta(days=1))

    async with open_gateway(kafka, now=SetClock()) as gateway:
        answer = await gateway.http.post("/v1/sources/plain-source", content=json.dumps([old, new]))

        assert (answer.status_code, answer.json()["ids"], answer.json()["history"]) == (202, [id_of(old), id_of(new)], [id_of(old)])
        assert "nobody is told" in answer.json()["reason"]
        assert [await accepted(gateway, one) for one in (old, new)] == [[True], [False]]


@pytest.mark.parametrize("action", ["raised", "amended"])
async def test_a_message_accepted_as_news_and_sent_again_when_it_is_old_is_the_same_statement(
    kafka: str, open_gateway: Any, action: str
) -> None:
    clock, alert = SetClock(), said(timedelta(days=27), action=action)

    async with open_gateway(kafka, now=clock) as gateway:
        first = await gateway.http.post("/v1/sources/plain-source", content=json.dumps([alert]))
        clock.at += timedelta(days=30)
        again = await gateway.http.post("/v1/sources/plain-source", content=json.dumps([alert]))

        assert first.json() == again.json() == {"outcome": "accepted", "ids": [id_of(alert)]}
        assert await accepted(gateway, alert) == [False]
        assert await gateway.reviews(id_of(alert)) == []


async def test_old_news_sent_again_is_the_same_statement(kafka: str, open_gateway: Any) -> None:
    alert = said(timedelta(days=90))

    async with open_gateway(kafka, now=SetClock()) as gateway:
        answers = [await gateway.http.post("/v1/sources/plain-source", content=json.dumps([alert])) for _ in range(2)]

        assert answers[0].json() == answers[1].json()
        assert await accepted(gateway, alert) == [True]
        assert await gateway.reviews(id_of(alert)) == []


async def test_an_alert_stated_directly_says_itself_whether_it_is_history(kafka: str, open_gateway: Any) -> None:
    alert = said(timedelta(days=900))

    async with open_gateway(kafka, now=SetClock()) as gateway:
        answer = await gateway.http.post("/v1/alerts", json=alert)

        assert answer.status_code == 202
        assert await accepted(gateway, alert) == [False]


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"])
async def test_a_moment_beyond_a_human_life_is_422_at_its_path_at_every_door(kafka: str, open_gateway: Any, moment: str) -> None:
    alert = said(timedelta(days=1), history=True, occurred_at=moment)
    case = {"people": [{"key": "child"}], "children": ["child"], "involvements": [{"agency": "gp", "from": moment}]}

    async with open_gateway(kafka, now=SetClock()) as gateway:
        told = await gateway.http.post("/v1/alerts", json=alert)
        put = await gateway.http.put(f"/v1/cases/{uuid.uuid4().hex}", json=case)
        clock = await gateway.http.post("/v1/exercises/x1/clock", json={"at": moment})
        message = await gateway.http.post("/v1/sources/plain-source", content=json.dumps([alert]))

        assert [answer.status_code for answer in (told, put, clock, message)] == [422] * 4
        paths = [[fault["path"] for fault in answer.json()["faults"]] for answer in (told, put, clock)]
        assert paths == [["occurred_at"], ["involvements[0].from"], ["at"]]
        assert await accepted(gateway, alert) == []
