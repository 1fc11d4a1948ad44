"""From "there is nothing here for you" to one alert for an hour: with a reason, by name, told to the lead (DESIGN section 17, AUD-08)."""

from datetime import timedelta
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.desk.visitor import Role
from alertbus.model.notice import Excerpt
from tests.contract.test_desk_inbox import stated, told
from tests.contract.test_http import fresh, owe
from tests.desk_served import DeskServed, desk_over, visitor

pytestmark = pytest.mark.kafka

REASON = "Her teacher is with her and she will not go home"
HOLDER = "childrens_social_care"
WAY = 'action="/break-glass/form"'


async def theirs(gateway: Any, **changed: Any) -> str:
    """An alert of the case holder's and of another agency's; gives its id."""
    alert_id = await stated(gateway)
    common = {"alert_id": alert_id, "title": "Kanarienvogel title", "narrative": (Excerpt.of("Kanarienvogel words"),), **changed}
    await owe(gateway, told(HOLDER, **common, withheld=("address",)), told(fresh("gp_"), **common | {"title": "Of the GP"}))
    return alert_id


async def broken(desk: DeskServed, alert_id: str) -> Any:
    return await desk.post("/break-glass/ask", kind="alert", subject=alert_id, reason=REASON)


async def test_aud_08_what_is_not_yours_opens_for_an_hour_with_a_reason_and_says_so_on_top(gateway: Any) -> None:
    alert_id, who = await theirs(gateway), visitor("Kanarienvogel Obi", fresh("school_"))

    async with desk_over(gateway, who) as desk:
        refused = await desk.get(f"/alerts/{alert_id}")
        assert (refused.status_code, WAY in refused.text) == (404, True)
        form = await desk.post("/break-glass/form", kind="alert", subject=alert_id)
        assert "Why must you see this now?" in form.text
        assert "Kanarienvogel title" not in refused.text + form.text, "nothing of it before there is a reason"

        asked = await broken(desk, alert_id)
        assert (asked.status_code, asked.headers["location"]) == (303, f"/alerts/{alert_id}")
        page = (await desk.get(f"/alerts/{alert_id}")).text
        assert "Kanarienvogel title" in page
        assert "Of the GP" not in page, "what the holder of the case was told, and nobody else's"
        assert "you see it by break-glass until" in page
        assert REASON in page
        assert "I am acting on this" not in page, "who sees it so answers nothing for them"
        assert "Who has it" not in page
        words = await desk.post(f"/alerts/{alert_id}/words")
        assert "Kanarienvogel words" in words.text

        gateway.inside.now.at += timedelta(minutes=61)
        assert (await desk.get(f"/alerts/{alert_id}")).status_code == 404, "the hour is over"


async def test_aud_08_each_opening_is_audited_by_name_and_the_lead_of_who_holds_cases_is_told(gateway: Any) -> None:
    alert_id, who = await theirs(gateway), visitor("Kanarienvogel Obi", fresh("school_"))
    lead = visitor("Ann Lee", HOLDER, Role.SAFEGUARDING_LEAD)

    async with desk_over(gateway, who) as desk:
        deeds: list[tuple[str, str | None, str]] = []
        note = desk.desk.intake.audited.note

        async def noted(deed: Any, caller: Any, *, about: Any, reason: str, by: str | None = None) -> None:
            deeds.append((str(deed), by, reason))
            await note(deed, caller, about=about, reason=reason, by=by)

        desk.desk.intake.audited.note = noted  # type: ignore[method-assign]
        await broken(desk, alert_id)
        await desk.get(f"/alerts/{alert_id}")
        seen = [one for one in await desk.desk.glass.told(lead) if one.subject == alert_id]

    assert [(by, reason) for _, by, reason in deeds] == [
        ("Kanarienvogel Obi", REASON),
        ("Kanarienvogel Obi", "opened the alert by break-glass"),
    ]
    assert [(one.name, one.reason) for one in seen] == [("Kanarienvogel Obi", REASON)]


async def test_without_a_reason_the_form_comes_back_with_what_was_typed_and_nothing_opens(gateway: Any) -> None:
    alert_id = await theirs(gateway)

    async with desk_over(gateway, visitor(agency=fresh("school_"))) as desk:
        answer = await desk.post("/break-glass/ask", kind="alert", subject=alert_id, reason="urgent please")
        shut = await desk.get(f"/alerts/{alert_id}")

    assert (answer.status_code, shut.status_code) == (422, 404)
    assert "urgent please" in answer.text
    assert 'href="#reason"' in answer.text
    assert "Kanarienvogel title" not in answer.text


@pytest.mark.parametrize("subject", ["no-such-alert", "", "../inbox", "a" * 300, "<script>"])
async def test_what_does_not_exist_is_told_to_nobody_and_answers_as_ever(gateway: Any, subject: str) -> None:
    async with desk_over(gateway, visitor("Nobody There", fresh("school_"))) as desk:
        answer = await desk.post("/break-glass/ask", kind="alert", subject=subject, reason=REASON)
        lead = visitor("Ann Lee", HOLDER, Role.SAFEGUARDING_LEAD)
        told_of = [one for one in await desk.desk.glass.told(lead) if one.name == "Nobody There"]

    assert (answer.status_code, told_of) == (404, [])


@pytest.mark.parametrize("role", [Role.OPERATIONS, Role.INTEGRATION, Role.AUDITOR])
async def test_who_works_with_no_family_is_not_offered_it_nor_let_through(gateway: Any, role: Role) -> None:
    alert_id = await theirs(gateway)

    async with desk_over(gateway, visitor("Kanarienvogel Obi", fresh("school_"), role)) as desk:
        page, asked = await desk.get(f"/alerts/{alert_id}"), await broken(desk, alert_id)

    assert (WAY in page.text, asked.status_code) == (False, 403)


async def test_not_01_who_the_source_is_stays_unknown_through_the_glass_as_well(gateway: Any) -> None:
    alert_id = await stated(gateway)
    hidden = told(HOLDER, alert_id=alert_id, title="Kanarienvogel title", do_not_reveal_source=True)
    obligation = hidden.obligation.model_copy(update={"source": "alertbus", "source_id": "x-1"})
    await owe(gateway, hidden.model_copy(update={"obligation": obligation}))

    async with desk_over(gateway, visitor(agency=fresh("school_"))) as desk:
        await broken(desk, alert_id)
        page = (await desk.get(f"/alerts/{alert_id}")).text

    assert "Kanarienvogel title" in page
    assert "Police" not in page, "who stated it, as the chronicle has it"
    assert "their reference x-1" in page


async def test_aud_08_a_family_that_is_not_yours_opens_too_and_shows_who_is_on_it_and_nothing_that_anybody_was_told(gateway: Any) -> None:
    case_id = fresh("north-")
    child = {"key": "c1", "label": "Kanarienvogel child"}
    posts = [{"agency": one, "from": "2020-01-01"} for one in (HOLDER, "health_visiting")]
    case = {"id": case_id, "people": [child], "children": ["c1"], "involvements": posts}
    answer = await gateway.http.put(f"/v1/cases/{case_id}", json=case)
    assert answer.status_code in {200, 201}, answer.text
    await gateway.projected(topics.CASES)
    await owe(gateway, told("health_visiting", case_id=case_id, title="Kanarienvogel title"))
    path = f"/families/{case_id}"

    async with desk_over(gateway, visitor("Kanarienvogel Obi", fresh("school_"))) as desk:
        refused = await desk.get(path)
        asked = await desk.post("/break-glass/ask", kind="case", subject=case_id, reason=REASON)
        page = await desk.get(path)
        other = await desk.post("/break-glass/ask", kind="case", subject=fresh("none-"), reason=REASON)
        gateway.inside.now.at += timedelta(minutes=61)
        late = await desk.get(path)

    assert (refused.status_code, WAY in refused.text, "Kanarienvogel child" in refused.text) == (404, True, False)
    assert (asked.status_code, asked.headers["location"], page.status_code) == (303, path, 200)
    assert "Kanarienvogel child" in page.text
    assert "you see how it stands by break-glass" in page.text
    assert "Kanarienvogel title" not in page.text
    assert (other.status_code, late.status_code) == (404, 404)


async def test_an_alert_of_another_agency_answers_no_later_than_one_that_does_not_exist(gateway: Any) -> None:
    alert_id = await theirs(gateway)
    await gateway.projected(topics.ALERTS)
    looks = 0
    async with desk_over(gateway, visitor(agency=fresh("school_"))) as desk:
        knows = desk.desk.intake.alerts.knows

        async def counted(asked: str) -> bool:
            nonlocal looks
            looks += 1
            return await knows(asked)

        desk.desk.intake.alerts.knows = counted  # type: ignore[method-assign]
        assert (await desk.get(f"/alerts/{alert_id}")).status_code == 404

    assert looks == 0, "it is not waited for: the chronicle shows it, to others"
