"""What is a plugin's fault is never told a sender as theirs: they are asked to come again, and the message is kept with the plugin named. And
no word of a plugin repeats to a sender, or to the log, what stood in a message.
"""

import asyncio
import io
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from alertbus.broker import topics
from alertbus.intake.tables import raw as raw_table
from alertbus.model import ids
from alertbus.plugin.set_aside import PluginOffer, SetAside
from alertbus.policy.plugin_rules import PluginRules
from alertbus.sql.engine import reading
from tests.misdeeds import HELD

SOURCE = "/v1/sources/plain-source"
FAMILY = "Wrenna Quillfeather 9988462441"


async def kept(gateway: Any, message: bytes) -> list[Any]:
    async with reading(gateway.inside.engine) as connection:
        rows = (await connection.execute(select(raw_table))).all()
    return [row for row in rows if row.body == message]


@pytest.mark.parametrize(
    "message",
    [
        b"break",
        b"empty list",
        b"wrong type",
        b"wrong type in a list",
        b"no reason",
        b"a reason without end",
        b"a class for a name:Quillfeather",
    ],
)
async def test_a_source_that_breaks_its_contract_is_503_and_the_message_is_kept_with_the_plugin_named(
    gateway: Any, log_text: io.StringIO, message: bytes
) -> None:
    answer = await gateway.http.post(SOURCE, content=message, headers={"content-type": "text/x"})

    problem = answer.json()
    assert (answer.status_code, problem["code"], answer.headers["retry-after"]) == (503, "source_away", "60")
    assert "plain-source" in problem["detail"]
    assert "faults" not in problem
    [row] = await kept(gateway, message)
    assert (row.source, row.reason) == ("plain-source", "plugin_fault")
    assert row.ref in problem["detail"]
    [review] = await gateway.reviews(row.ref)
    assert (review["reason"], review["raw_ref"], review["source"], review["detail"]) == (
        "not_understood",
        row.ref,
        "plain-source",
        "plugin_fault",
    )
    assert "a source plugin broke" in log_text.getvalue()
    assert "quillfeather" not in (log_text.getvalue() + answer.text).casefold()
    metrics = (await gateway.http.get("/metrics")).text
    assert 'alertbus_raw_messages_total{outcome="plugin_fault",plugin="plain-source"}' in metrics


async def test_a_message_that_its_plugin_broke_on_is_accepted_when_it_comes_again_to_a_mended_one(gateway: Any) -> None:
    source = gateway.inside.plugins.sources["plain-source"]
    said = {"id": uuid.uuid4().hex, "source": "police.test", "kind": "threat_to_staff", "occurred_at": "2026-11-18T14:05:00Z"}
    said |= {"recorded_at": "2026-11-20T15:00:00Z", "subjects": [{"person": {"label": "a man"}}]}
    message = json.dumps([said])
    works = source.parse
    source.parse = lambda raw, headers: 1 / 0

    broken = await gateway.http.post(SOURCE, content=message)
    source.parse = works
    mended = await gateway.http.post(SOURCE, content=message)

    assert (broken.status_code, mended.status_code) == (503, 202)
    alert_id = ids.alert_id(None, said["source"], said["id"])
    assert (mended.json()["ids"], len(await gateway.records(topics.ALERTS, alert_id))) == ([alert_id], 1)


async def test_a_source_that_hangs_holds_up_no_other_call_and_is_not_called_again_while_it_does(gateway: Any) -> None:
    gateway.inside.intake.messages._calls._limit_s = 0.3
    HELD.clear()
    try:
        stuck = [asyncio.create_task(gateway.http.post(SOURCE, content=b"hangs")) for _ in range(12)]
        await asyncio.sleep(0)  # so that they are first
        receipt = await gateway.http.post("/v1/receipts/systems", content=b"not one")
        answers = await asyncio.gather(*stuck)
        after = await gateway.http.post(SOURCE, content=b"ignore")
    finally:
        HELD.set()

    assert receipt.status_code == 422
    assert {(answer.status_code, answer.json()["code"]) for answer in (*answers, after)} == {(503, "source_away")}
    assert len(await kept(gateway, b"hangs")) == 1
    async with asyncio.timeout(30):
        while (await gateway.http.post(SOURCE, content=b"ignore")).status_code != 200:  # noqa: ASYNC110  nobody says that it came back
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("deed", "status"),
    [
        ("names whom it ignores", 200),
        ("not yet known to it", 200),
        ("names whom it cannot read", 422),
        ("names whom in a path", 422),
        ("names whom in a code", 422),
    ],
)
async def test_words_of_a_plugin_that_repeat_the_message_are_not_sent_on_nor_logged(
    gateway: Any, log_text: io.StringIO, deed: str, status: int
) -> None:
    answer = await gateway.http.post(SOURCE, content=f"{deed}:{FAMILY}")

    assert answer.status_code == status
    assert not [word for word in FAMILY.split() if word in answer.text + log_text.getvalue()]
    if "code" not in deed:  # a code that is none is replaced without a look at the message
        assert "withheld, because they repeat the message" in answer.text
    assert ("not yet known:" in answer.text) == (deed == "not yet known to it")


async def test_a_plugin_s_own_word_that_stands_in_the_message_as_well_is_sent_on(gateway: Any) -> None:
    answer = await gateway.http.post(SOURCE, content="says an enquiry: enquiry, nothing")

    assert answer.json() == {"outcome": "ignored", "reason": "an enquiry raises nothing"}


@pytest.mark.parametrize("message", [b"no path", b"no faults"])
async def test_a_fault_without_a_place_is_the_whole_message_s(gateway: Any, message: bytes) -> None:
    source = await gateway.http.post(SOURCE, content=message)
    receipt = await gateway.http.post("/v1/receipts/systems", content=message)

    assert [fault["path"] for answer in (source, receipt) for fault in answer.json()["faults"]] == ["$", "$"]
    assert all(fault["expected"] for answer in (source, receipt) for fault in answer.json()["faults"])


async def test_an_acknowledgement_that_nobody_sent_for_names_no_family(gateway: Any, log_text: io.StringIO) -> None:
    answer = await gateway.http.post("/v1/receipts/systems", content=f"break {FAMILY}")

    assert (answer.status_code, answer.json()["code"]) == (503, "source_away")
    assert not [word for word in FAMILY.split() if word in answer.text + log_text.getvalue()]


async def test_a_message_that_states_more_than_the_policy_s_number_is_refused_whole_with_the_reason(gateway: Any) -> None:
    gateway.inside.plugins.rules = PluginRules(most_alerts=3)
    at = datetime(2026, 11, 20, tzinfo=UTC).isoformat()
    said = [
        {
            "id": uuid.uuid4().hex,
            "source": "police.test",
            "kind": "other",
            "occurred_at": at,
            "recorded_at": at,
            "subjects": [{"person": {"label": "a"}}],
        }
        for _ in range(4)
    ]

    refused = await gateway.http.post(SOURCE, content=json.dumps(said))
    taken = await gateway.http.post(SOURCE, content=json.dumps(said[:3]))

    assert (refused.status_code, taken.status_code, len(taken.json()["ids"])) == (422, 202, 3)
    assert refused.json()["faults"] == [
        {
            "path": "$",
            "expected": "at most 3 statements in one message (the policy's plugins.most_alerts); this one makes 4. Send it in parts",
            "code": "too_many_statements",
        }
    ]
    assert await gateway.records(topics.ALERTS, ids.alert_id(None, "police.test", said[3]["id"])) == []
    assert len(await kept(gateway, json.dumps(said).encode())) == 1


@pytest.mark.parametrize(("remembered", "name"), [(True, "fire-calls"), (False, "any-name-at-all")])
async def test_the_source_of_a_plugin_that_is_set_aside_is_503_with_the_reason_and_never_404(
    gateway: Any, remembered: bool, name: str
) -> None:
    known = {"fire": PluginOffer(("fire_service",), ("fire-desk",), ("fire-calls",))} if remembered else {}
    gateway.inside.plugins.set_aside = (SetAside.of("fire", "1.0", "ImportError at fire.py:3", known),)

    message = await gateway.http.post(f"/v1/sources/{name}", content=FAMILY)
    receipt = await gateway.http.post(f"/v1/receipts/{'fire-desk' if remembered else name}", content=FAMILY)
    nobody = await gateway.http.post("/v1/sources/nobody-s", content=FAMILY)

    for answer in (message, receipt):
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "source_away", "60")
        assert "ImportError at fire.py:3" in answer.json()["detail"]
    assert nobody.status_code == (404 if remembered else 503)
    progress = (await gateway.http.get("/-/progress")).json()
    assert progress["coverage"]["set_aside"] == [{"plugin": "fire", "reason": "ImportError at fire.py:3", "agencies": []}]
