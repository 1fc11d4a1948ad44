"""A named person of any agency that sees an item escalates it by one call: the case hears who it was, and what they had seen (CLK-12)."""

import json
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.chronicle import projector
from alertbus.model.events import ItemEscalated
from alertbus.model.item import ANSWER, Item, ItemState, ItemStep, StepKind
from tests.contract.test_http import fresh
from tests.contract.test_item_decisions import CANARY, by, guarded, shown
from tests.contract.test_who_did_it import audited
from tests.story import T0, Log, a_case, an_item, hours

pytestmark = pytest.mark.kafka

__all__ = ["guarded"]
REMINDED = ItemStep(kind=StepKind.REMINDER, role="social_worker", at=hours(1))
TOLD = ItemStep(kind=StepKind.NEXT, role="team_manager", at=hours(2))
LAST_TOLD = ItemStep(kind=StepKind.ESCALATED, role="duty_lead", at=hours(3), by="Sam Teacher", by_agency="school")
REMINDER_AHEAD = ItemStep(kind=StepKind.REMINDER, role="team_manager", at=hours(20))


async def on_a_case(gateway: Any, *items: Item) -> None:
    """Put items into the chronicle, of a case on which midwifery works with the children."""
    case = a_case(items[0].case_id, involvements=[{"agency": "midwifery"}, {"agency": "childrens_social_care"}])
    log = Log()
    log.case(case)
    for item in items:
        log.item(item)
    async with gateway.inside.engine.begin() as connection:
        await projector.apply(connection, projector.read(log.records), starts={(one.topic, one.partition) for one in log.records})


async def escalate(gateway: Any, item: Item, caller: str = "midwifery", **said: Any) -> Any:
    return await gateway.http.post(f"/v1/items/{item.id}/escalations", json={"by": "Hazel Visitor"} | said, headers=by(caller))


async def heard(gateway: Any, item: Item) -> list[ItemEscalated]:
    stood = await gateway.records(topics.CASE_EVENTS, item.case_id)
    return [ItemEscalated.model_validate_json(one.data) for one in stood if one.type == ItemEscalated.type]


async def test_clk_12_another_agency_that_sees_that_it_is_late_escalates_it_and_the_case_hears_by_whom(guarded: Any) -> None:
    lapse = {"steps": (REMINDED, TOLD), "obligation_id": fresh("own-")}
    item = an_item(fresh("item-"), ItemState.MISSED, case_id=fresh("case-"), agency="childrens_social_care", **lapse)
    await on_a_case(guarded, item)
    answer = await escalate(guarded, item)

    assert answer.status_code == 201, answer.text
    (escalated,) = await heard(guarded, item)
    assert (escalated.item_id, escalated.by, escalated.agency) == (item.id, "Hazel Visitor", "midwifery")
    assert (escalated.seen, escalated.at > hours(2)) == (hours(2), True)
    assert [(one.by, one.reason) for one in await audited(guarded, item.id)] == [("Hazel Visitor", "escalated for midwifery")]
    assert "seen" not in answer.json(), "who had been told at the other agency is not theirs to see"


async def test_an_item_of_others_is_the_same_404_as_none(guarded: Any) -> None:
    item = an_item(fresh("item-"), ItemState.MISSED, case_id=fresh("case-"), steps=(TOLD,))
    await on_a_case(guarded, item)
    others, none = await escalate(guarded, item, "court"), await escalate(guarded, an_item("nobody-s"))

    assert others.status_code == none.status_code == 404
    assert others.json() == none.json()


@pytest.mark.parametrize(
    ("state", "more", "code"),
    [
        (ItemState.OPEN, {"rule": "initial_conference"}, "not_late"),
        (ItemState.OPEN, {"rule": "open_question", "due": None}, "not_late"),
        (ItemState.OPEN, {"rule": ANSWER}, "not_late"),
        (ItemState.SUSPENDED, {"suspended_at": T0, "steps": (REMINDED,)}, "is_suspended"),
        (ItemState.MET, {"closed_at": hours(2), "steps": (REMINDED,)}, "is_over"),
        (ItemState.VOID, {}, "is_over"),
        (ItemState.MISSED, {"rule": ANSWER, "unowned": True, "agency": "midwifery", "steps": (TOLD,)}, "nobody_left"),
        (ItemState.OPEN, {"rule": ANSWER, "agency": "midwifery", "steps": (TOLD, LAST_TOLD), "next": REMINDER_AHEAD}, "nobody_left"),
    ],
)
async def test_nobody_is_told_where_nobody_is_to_be(guarded: Any, state: ItemState, more: dict[str, Any], code: str) -> None:
    name = fresh("item-")
    own = {"obligation_id": name} if more.get("rule") == ANSWER else {}
    item = an_item(name, state, case_id=fresh("case-"), **more, **own)
    await on_a_case(guarded, item)
    answer = await escalate(guarded, item, "holder")

    assert (answer.status_code, [fault["code"] for fault in answer.json()["faults"]]) == (422, [code])
    assert await heard(guarded, item) == []
    assert not await guarded.inside.intake.item_escalations.open_to_it([name]), "the desk offers no button that would be refused"


async def test_clk_12_what_nobody_would_be_reminded_of_is_escalated_before_it_is_late(guarded: Any) -> None:
    step = ItemStep(kind=StepKind.NEXT, role="team_manager", at=hours(24))
    item = an_item(fresh("item-"), case_id=fresh("case-"), rule="action", next=step)
    await on_a_case(guarded, item)

    assert await guarded.inside.intake.item_escalations.open_to_it([item.id, "nobody-s"]) == {item.id}
    assert (await escalate(guarded, item)).status_code == 201
    (escalated,) = await heard(guarded, item)
    assert escalated.seen == item.opened_at


async def test_of_an_item_that_has_lapsed_it_counts_who_was_told_because_of_that(guarded: Any) -> None:
    asked = fresh("own-")
    item = an_item(fresh("item-"), ItemState.MISSED, case_id=fresh("case-"), steps=(TOLD,), obligation_id=asked)
    manager = ItemStep(kind=StepKind.NEXT, role="duty_manager", at=hours(9))
    answer = an_item(asked, ItemState.MISSED, case_id=item.case_id, rule=ANSWER, obligation_id=asked, steps=(TOLD, manager))
    await on_a_case(guarded, item, answer)

    assert (await escalate(guarded, item)).status_code == 201
    assert [one.seen for one in await heard(guarded, item)] == [hours(9)]


@pytest.mark.parametrize(("said", "path"), [({"by": f"{CANARY}\n{CANARY}"}, "by"), ({"by": "root"}, "by"), ({"agency": CANARY}, "agency")])
async def test_a_wrong_escalation_is_refused_with_its_path_and_repeats_nothing(guarded: Any, said: dict[str, str], path: str) -> None:
    item = an_item(fresh("item-"), ItemState.MISSED, case_id=fresh("case-"), steps=(TOLD,))
    await shown(guarded, item)
    answer = await escalate(guarded, item, "holder", **said)

    assert (answer.status_code, [fault["path"] for fault in answer.json()["faults"]]) == (422, [path])
    assert CANARY.lower() not in json.dumps(answer.json()).lower()
