"""An alert's page: what its source has changed, old beside new, and why each agency was told or not, for who may know it."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from alertbus.desk.visitor import Role
from alertbus.model.notice import Deed, Excerpt, Notice
from tests.contract.test_desk_inbox import stated, told
from tests.contract.test_http import fresh, owe
from tests.desk_served import desk_over, visitor

pytestmark = pytest.mark.kafka

LATER = datetime(2026, 11, 24, 9, tzinfo=UTC)
FORMER, PRESENT = "He was at the door at nine.", "He was at the door at ten."


def amended(first: Notice, **changed: Any) -> Notice:
    """The notice that follows when its source amends it."""
    given = {"id": str(uuid.uuid4()), "deed": Deed.AMEND, "recorded_at": LATER, "narrative": (Excerpt.of(PRESENT),)} | changed
    return first.model_copy(update=given)


async def page_of(gateway: Any, *notices: Notice, words: bool = False) -> str:
    await owe(gateway, *notices)
    async with desk_over(gateway, visitor(agency=notices[0].obligation.agency)) as desk:
        path = f"/alerts/{notices[0].obligation.alert_id}"
        return (await desk.post(f"{path}/words") if words else await desk.get(path)).text


async def first_told(gateway: Any, **changed: Any) -> Notice:
    common = {"title": "Threat to staff", "severity": "medium", "narrative": (Excerpt.of(FORMER),)}
    return told(fresh("school_"), alert_id=await stated(gateway), **common | changed)


async def test_what_its_source_has_changed_stands_old_beside_new_and_is_marked(gateway: Any) -> None:
    first = await first_told(gateway)

    page = await page_of(gateway, first, amended(first, title="Threat to all staff"))

    assert "Changed by its source on Tue 24 Nov" in page
    assert "<del>nine.</del>" in page
    assert "<ins>ten.</ins>" in page
    assert "<ins>all </ins>" in page
    assert "He was at the door at " in page


async def test_voi_11_hard_words_stay_closed_in_what_was_changed_too_until_they_are_opened(gateway: Any) -> None:
    first = await first_told(gateway, severity="critical")

    shut, opened = await page_of(gateway, first, amended(first)), await page_of(gateway, first, amended(first), words=True)

    assert (FORMER[:20] in shut, "They have changed" in shut) == (False, True)
    assert "<del>nine.</del>" in opened


@pytest.mark.parametrize(
    "changed",
    [{"withheld": ("observation",), "narrative": ()}, {"do_not_reveal_source": True}, {"deed": Deed.CORRECT}, {"deed": Deed.WITHDRAW}],
    ids=["withheld by now", "its source is to stay unknown by now", "never about this case", "taken back"],
)
async def test_nothing_is_shown_of_before_that_may_not_be_seen_now(gateway: Any, changed: dict[str, Any]) -> None:
    first = await first_told(gateway, narrative=(Excerpt.of("Kanarienvogel words"),))

    page = await page_of(gateway, first, amended(first, **changed))

    assert "Kanarienvogel words" not in page
    assert "Changed by its source" not in page


async def test_a_reminder_is_no_change(gateway: Any) -> None:
    first = await first_told(gateway)
    reminder = first.model_copy(update={"id": str(uuid.uuid4()), "deed": Deed.ESCALATE})

    assert "Changed by its source" not in await page_of(gateway, first, reminder)


async def test_who_holds_cases_is_shown_why_each_agency_was_told_or_not_and_nobody_else_is(gateway: Any) -> None:
    case_id = fresh("north-")
    child = {"key": "c1", "label": "Sibling 1"}
    posts = [{"agency": one, "from": "2020-01-01"} for one in ("childrens_social_care", "health_visiting", "school")]
    case = {"id": case_id, "people": [child], "children": ["c1"], "involvements": posts}
    answer = await gateway.http.put(f"/v1/cases/{case_id}", json=case)
    assert answer.status_code in {200, 201}, answer.text
    alert_id = await stated(gateway)
    await owe(gateway, told("childrens_social_care", alert_id=alert_id, case_id=case_id))

    async with desk_over(gateway, visitor("Ada Obi", "childrens_social_care", Role.CASE_HOLDER)) as desk:
        link = (await desk.get(f"/alerts/{alert_id}")).text
        page = await desk.get(f"/alerts/{alert_id}/explanation")
        desk.door.who = visitor("Ada Obi", "childrens_social_care", Role.MANAGER)
        plain, refused = await desk.get(f"/alerts/{alert_id}"), await desk.get(f"/alerts/{alert_id}/explanation")
        desk.door.who = visitor("Ada Obi", "school", Role.CASE_HOLDER)
        elsewhere = await desk.get(f"/alerts/{alert_id}/explanation")

    way = f"/alerts/{alert_id}/explanation"
    assert (way in link, page.status_code) == (True, 200)
    assert case_id in page.text
    assert "Told since" in page.text
    assert (way in plain.text, refused.status_code, elsewhere.status_code) == (False, 403, 403)
