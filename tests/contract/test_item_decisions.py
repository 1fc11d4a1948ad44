"""A person stops an item's clock, lets it run again, or says why it lapsed: for whoever owes it or holds the case, by name, with a code."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from alertbus.audit.chain import AuditedDeed
from alertbus.broker import topics
from alertbus.caller_settings import CallerSettings
from alertbus.chronicle import projector
from alertbus.model.events import ItemDecided
from alertbus.model.item import ANSWER, Item, ItemState
from tests.contract.test_answering import TOKENS, _digest
from tests.contract.test_http import fresh
from tests.contract.test_who_did_it import audited
from tests.story import T0, Log, an_item, hours

pytestmark = pytest.mark.kafka

CANARY = "Zebulon-Quagmire-1987"


@pytest.fixture
async def guarded(kafka: str, open_gateway: Any) -> AsyncIterator[Any]:
    callers = [
        CallerSettings(name="csc", agency="childrens_social_care", token_sha256=_digest("holder")),
        CallerSettings(name="court", agency="court", token_sha256=_digest("court")),
        CallerSettings(name="midwives", agency="midwifery", token_sha256=_digest("midwifery")),
    ]
    async with open_gateway(kafka, callers=callers) as opened:
        yield opened


def by(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {TOKENS[name]}"}


async def owing(gateway: Any, state: ItemState = ItemState.OPEN, **stated: Any) -> Item:
    item = an_item(fresh("item-"), state, case_id=fresh("case-"), **stated)
    await shown(gateway, item)
    return item


async def shown(gateway: Any, *items: Item) -> None:
    """Put items into the chronicle, which reads each offset once: what one test shows of several comes from one log."""
    log = Log()
    for item in items:
        log.item(item)
    async with gateway.inside.engine.begin() as connection:
        await projector.apply(connection, projector.read(log.records), starts={(one.topic, one.partition) for one in log.records})


async def decide(gateway: Any, item: Item, decision: str, caller: str = "holder", **said: Any) -> Any:
    body = {"decision": decision, "reason": "worker_absent", "by": "Jo Okafor"} | said
    return await gateway.http.post(f"/v1/items/{item.id}/decisions", json=body, headers=by(caller))


@pytest.mark.parametrize("agency", ["midwifery", "childrens_social_care"])
async def test_clk_14_whoever_owes_it_and_who_holds_the_case_say_why_it_lapsed_and_the_case_hears_it(guarded: Any, agency: str) -> None:
    item = await owing(guarded, ItemState.MISSED, agency="midwifery")
    answer = await decide(guarded, item, "reason_given", "midwifery" if agency == "midwifery" else "holder")

    assert answer.status_code == 201, answer.text
    (stood,) = [one for one in await guarded.records(topics.CASE_EVENTS, item.case_id) if one.type == ItemDecided.type]
    decided = ItemDecided.model_validate_json(stood.data)
    assert decided.model_dump(mode="json") == answer.json()
    assert (decided.item_id, decided.decision, decided.reason, decided.by) == (item.id, "reason_given", "worker_absent", "Jo Okafor")
    assert [(one.deed, one.by) for one in await audited(guarded, item.id)] == [(AuditedDeed.ITEM_DECIDED, "Jo Okafor")]


async def test_an_item_of_others_is_the_same_404_as_none(guarded: Any) -> None:
    item = await owing(guarded)
    others, none = await decide(guarded, item, "suspended", "court"), await decide(guarded, an_item("nobody-s"), "suspended")

    assert others.status_code == none.status_code == 404
    assert others.json() == none.json()


@pytest.mark.parametrize(
    ("state", "more", "decision", "code"),
    [
        (ItemState.OPEN, {}, "reason_given", "not_lapsed"),
        (ItemState.OPEN, {}, "resumed", "not_suspended"),
        (ItemState.SUSPENDED, {"suspended_at": T0}, "suspended", "is_suspended"),
        (ItemState.MET, {"closed_at": hours(2)}, "suspended", "is_over"),
        (ItemState.VOID, {}, "resumed", "is_over"),
        (ItemState.MISSED, {"rule": ANSWER}, "reason_given", "is_an_answer"),
    ],
)
async def test_nothing_is_decided_for_which_the_item_leaves_no_room(
    guarded: Any, state: ItemState, more: dict[str, Any], decision: str, code: str
) -> None:
    item = await owing(guarded, state, **more)
    answer = await decide(guarded, item, decision)

    assert (answer.status_code, [fault["code"] for fault in answer.json()["faults"]]) == (422, [code])
    assert await guarded.records(topics.CASE_EVENTS, item.case_id) == []


async def test_a_clock_is_stopped_and_runs_on(guarded: Any) -> None:
    running = an_item(fresh("item-"), case_id=fresh("case-"))
    stopped = an_item(fresh("item-"), ItemState.SUSPENDED, case_id=fresh("case-"), suspended_at=T0)
    await shown(guarded, running, stopped)

    assert [(await decide(guarded, one, what)).status_code for one, what in ((running, "suspended"), (stopped, "resumed"))] == [201, 201]


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"reason": CANARY.lower()}, "reason"),
        ({"by": f"{CANARY}\n{CANARY}"}, "by"),
        ({"by": "root"}, "by"),
        ({"decision": CANARY}, "decision"),
    ],
)
async def test_a_wrong_decision_is_refused_with_its_path_and_repeats_nothing(guarded: Any, said: dict[str, str], path: str) -> None:
    item = await owing(guarded)
    body = {"decision": "suspended", "reason": "worker_absent", "by": "Jo Okafor"} | said
    answer = await guarded.http.post(f"/v1/items/{item.id}/decisions", json=body, headers=by("holder"))

    assert (answer.status_code, [fault["path"] for fault in answer.json()["faults"]]) == (422, [path])
    assert CANARY.lower() not in json.dumps(answer.json()).lower()
