"""The team at the desk: who is here and who covers, what a manager enters and by which version, and what waits for nobody."""

import html
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.desk.visitor import Role
from alertbus.model.events import ItemEscalated
from alertbus.model.team import worker_ref
from tests.contract.test_http import fresh, owe
from tests.contract.test_who_did_it import audited
from tests.desk_served import desk_over, visitor
from tests.desk_story import told
from tests.desk_team_story import ADA, AT, JO, KIT, LEE, a_team, put_team

pytestmark = pytest.mark.kafka


def words_of(page: str) -> str:
    """What somebody reads, without markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.partition("<main")[2])).split())


async def team_of(gateway: Any, team_id: str) -> dict[str, Any]:
    return dict((await gateway.http.get(f"/v1/teams/{team_id}")).json())


async def test_who_is_here_away_covering_and_on_duty_and_who_answers_now_stand_on_one_page(gateway: Any) -> None:
    absences = [{"who": ADA, "from": "2026-11-20", "to": "2026-12-04", "cover": JO}]
    story = await a_team(gateway, absences=absences, duty=[{"who": JO, "from": "2026-11-23"}], deputy=LEE)

    async with desk_over(gateway, story.who(JO)) as desk:
        page = (await desk.get("/team")).text
        seen = words_of(page)

    assert f"{ADA} health visitor Away until Fri 4 Dec; {JO} covers" in seen
    assert f"{JO} health visitor Here On duty now Answers for {ADA}" in seen
    assert f"{KIT} school nurse Begins Mon 7 Dec" in seen
    assert "Open until 17:00" in seen
    assert "At other times Emergency duty team, 01632 960001" in seen
    assert f"Takes what comes in now {JO}" in seen
    assert 'href="/team/new"' not in page, "a practitioner changes nothing"
    assert "/absence" not in page
    assert "Waiting for nobody" not in seen


async def test_tur_05_the_next_seven_days_say_when_nobody_covers(gateway: Any) -> None:
    story = await a_team(gateway, absences=[{"who": ADA, "from": "2026-11-25", "to": "2026-11-26"}], managers=[], out_of_hours=None)

    async with desk_over(gateway, story.who(JO)) as desk:
        seen = words_of((await desk.get("/team")).text)
    told_ = (await gateway.http.get("/v1/teams", params={"agency": story.agency})).json()["gaps"]

    assert "Wed 25 Nov to Fri 27 Nov: Kanarienvogel Obi is absent, and nobody covers who is there" in re.sub(r", \d\d:\d\d", "", seen)
    assert {one["what"] for one in told_} <= {one for one in (gap["what"] for gap in told_) if one in seen}


async def test_not_24_what_waits_is_counted_by_team_and_age_and_never_by_person(gateway: Any) -> None:
    story = await a_team(gateway)

    async with desk_over(gateway, story.manager) as desk:
        page = (await desk.get("/team")).text
    told_ = (await gateway.http.get("/v1/teams", params={"agency": story.agency})).json()["unanswered"]

    ages = {"hour": 0, "day": 1, "three_days": 1, "week": 0, "longer": 1, "overdue": 2}
    assert told_ == [{"team": story.team_id} | ages]
    table = page.partition('aria-labelledby="ages"')[2]
    assert re.findall(r"numeric\">(\d+)</td>", table) == ["0", "1", "1", "0", "1", "2"]
    assert not [name for name in (ADA, JO, LEE, KIT) if name in table.partition("</table>")[0]]


async def test_an_alert_of_which_two_people_of_one_team_are_asked_is_counted_once(gateway: Any) -> None:
    agency = fresh("health_visiting_")
    await put_team(gateway, agency)
    one = told(agency, "Threat to staff", recipient=ADA)
    await owe(gateway, one)
    said = {"by": ADA, "role": "health_visitor", "intent": "passing_on", "to": JO}
    assert (await gateway.http.post(f"/v1/obligations/{one.obligation.id}/acknowledgements", json=said)).status_code == 201
    await gateway.projected(topics.RECEIPTS)
    rehearsed = told(agency, "Rehearsed", recipient=ADA, exercise="x1")
    await owe(gateway, one, rehearsed)

    (counted,) = (await gateway.http.get("/v1/teams", params={"agency": agency})).json()["unanswered"]
    assert sum(counted[band] for band in ("hour", "day", "three_days", "week", "longer")) == 1, "and what is rehearsed is not counted"


async def test_a_manager_sees_what_waits_for_nobody_takes_it_and_it_is_answered_in_their_name(gateway: Any) -> None:
    story = await a_team(gateway)

    async with desk_over(gateway, story.manager) as desk:
        page = (await desk.get("/team")).text
        seen = words_of(page)
        taken = await desk.post(f"/obligations/{story.unowned.obligation.id}/answer", intent="acting", back="team")
        await gateway.projected(topics.RECEIPTS)
        after = words_of((await desk.get(taken.headers["location"])).text)
        desk.door.who = story.who(JO)
        colleague = words_of((await desk.get("/team")).text)

    assert seen.index("Waiting for nobody") < seen.index("Threat to staff") < seen.index("Overdue by") < seen.index("Missed appointment")
    assert page.count("Ask the next person now") == 1, "of what waits for nobody there is nobody left to ask"
    assert "Asked so far: health visitor, Sat 21 Nov, 08:00; team manager, Sun 22 Nov, 08:00" in seen
    assert taken.headers["location"].startswith("/team?done=")
    assert "You are acting on it" in after
    assert f"{LEE} is acting on it" in after, "the queue says so until the case has heard it"
    assert "Threat to staff" not in colleague


async def test_clk_12_a_manager_has_the_next_person_asked_and_the_case_hears_who_it_was(gateway: Any) -> None:
    story = await a_team(gateway)

    async with desk_over(gateway, story.manager) as desk:
        [path] = re.findall(r'action="(/team/items/[^"]+/ask-next)"', (await desk.get("/team")).text)
        asked = await desk.post(path)
        said = words_of((await desk.get(asked.headers["location"])).text)
        nobody = await desk.post(f"/team/items/{story.unowned.obligation.id}/ask-next")
        desk.door.who = visitor(LEE, fresh("gp_"), Role.MANAGER)
        others, none = await desk.post(path), await desk.post(f"/team/items/{fresh('no-')}/ask-next")

    assert (asked.status_code, asked.headers["location"]) == (303, "/team?changed=asked")
    assert "The next person is asked now" in said
    assert (nobody.status_code, "Everybody of its chain has been asked" in nobody.text) == (422, True)
    assert (others.status_code, none.status_code) == (404, 404)
    stood = await gateway.records(topics.CASE_EVENTS, story.late.obligation.case_id)
    [heard] = [ItemEscalated.model_validate_json(one.data) for one in stood if one.type == ItemEscalated.type]
    assert (heard.item_id, heard.by, heard.agency) == (story.late.obligation.id, LEE, story.agency)


async def test_tur_05_tur_06_an_absence_entered_on_the_page_brings_the_cover_what_waits_and_is_ended_with_the_list(gateway: Any) -> None:
    story = await a_team(gateway)
    gateway.inside.now.at = AT + timedelta(hours=3)

    async with desk_over(gateway, story.manager) as desk:
        form = (await desk.get(f"/team/{story.team_id}/absence")).text
        entered = await desk.post(
            f"/team/{story.team_id}/absence", version="1", who=ADA, cover=JO, to="4/12/2026", **{"from": "23/11/2026"}
        )
        desk.door.who = story.who(JO)
        mine = (await desk.get("/inbox?show=mine")).text
        await desk.post(f"/obligations/{story.waits.obligation.id}/answer", intent="acting", back="mine")
        await gateway.projected(topics.RECEIPTS)
        desk.door.who = story.manager
        [key] = re.findall(r'name="key" value="([^"]+)"', (await desk.get("/team")).text)
        gateway.inside.now.at += timedelta(hours=1)
        back = await desk.post(f"/team/{story.team_id}/back", key=key)
        desk.door.who = story.who(ADA)
        listed = words_of((await desk.get("/team/returned", follow_redirects=True)).text)
        inbox = words_of((await desk.get("/inbox")).text)
        hers = (await desk.get("/inbox?show=mine")).text

    assert 'value="23/11/2026"' in form
    assert (entered.status_code, entered.headers["location"]) == (303, "/team?changed=absence")
    assert all(one.title in mine for one in (story.unowned, story.late, story.waits)), "as the absent would have seen it (TUR-06)"
    assert back.headers["location"] == f"/team/returned/{worker_ref(story.agency, ADA)}"
    assert f"Birth : {JO} is acting on it" in listed
    assert "Missed appointment" not in listed, "nobody answered it, so it is in her inbox again"
    assert "Missed appointment" in hers
    assert "See what was answered while you were away" in inbox
    [absence] = (await team_of(gateway, story.team_id))["absences"]
    assert (absence["from"], absence["cover"], absence["to"][:10]) == ("2026-11-23", JO, "2026-11-23")
    assert {one.by for one in await audited(gateway, story.team_id) if one.caller == "desk"} == {LEE}, "who changed a team is on record"


@pytest.mark.parametrize(
    ("word", "fields", "told_"),
    [
        ("absence", {"who": ""}, "Choose who is away"),
        ("absence", {"who": ADA, "cover": ""}, "Choose who covers, or say that nobody does"),
        ("absence", {"who": ADA, "cover": "kanarienvogel  obi"}, "who is away cannot cover for themselves"),
        ("absence", {"who": ADA, "cover": JO, "from": "31/11/2026"}, "Enter a day that exists"),
        ("absence", {"who": ADA, "cover": JO, "from": "27/11/2026", "to": "26/11/2026"}, "must not lie before the first"),
        ("absence", {"who": "Somebody Unknown", "cover": JO, "from": "27/11/2026"}, "A team cannot be so"),
        ("duty", {"who": JO, "from": ""}, "Enter the first day"),
        ("duty", {"who": JO, "from": "27/11/2026", "from_time": "25:00"}, "Enter a time of the clock"),
        ("duty", {"who": JO, "from": "27/11/2026", "to": "26/11/2026"}, "must not end before it begins"),
        ("member", {"name": ""}, "Enter their whole name"),
        ("member", {"name": "jo goldammer"}, "They are in this team already"),
        ("manager", {"name": "New Person", "level": "7"}, "Choose a level"),
        ("leaves", {"who": JO, "on": ""}, "Enter their last day"),
        ("leaves", {"who": KIT, "on": "01/12/2026"}, "Enter a day on which they are in the team"),
        ("hours", {"open": "working", "opens": "09:00", "closes": ""}, "Enter when it closes"),
        ("hours", {"open": "days", "opens": "09:00", "closes": "17:00"}, "Tick the days"),
        ("hours", {"open": "always", "desk": "text", "text": ""}, "Enter the service, and its number"),
    ],
)
async def test_a_form_that_lacks_something_comes_back_with_what_was_typed_and_changes_nothing(
    gateway: Any, word: str, fields: dict[str, str], told_: str
) -> None:
    agency = fresh("health_visiting_")
    team_id = await put_team(gateway, agency)

    async with desk_over(gateway, visitor(LEE, agency, Role.MANAGER)) as desk:
        answer = await desk.post(f"/team/{team_id}/{word}", version="1", **fields)

    assert answer.status_code == 422
    assert told_ in html.unescape(answer.text)
    summary = answer.text.partition("govuk-error-summary")[2].partition("</ul>")[0]
    for target in re.findall(r'href="#([^"]+)"', summary):
        assert f'id="{target}"' in answer.text, "the summary leads to the field"
    for typed in fields.values():
        assert html.escape(typed, quote=True) in answer.text
    assert (await team_of(gateway, team_id))["version"] == 1


@pytest.mark.parametrize(
    ("word", "fields", "expected"),
    [
        ("duty", {"who": JO, "from": "27/11/2026", "from_time": "5pm", "to": "28/11/2026", "to_time": "0900"}, {"duty": [{"who": JO, "from": "2026-11-27T17:00:00Z", "to": "2026-11-28T09:00:00Z"}]}),
        ("leaves", {"who": JO, "on": "30.11.2026"}, {"members[1].to": "2026-11-30"}),
        ("manager", {"name": "Pat Rowe", "level": "2", "role": "team_manager"}, {"managers[1].level": 2}),
        ("member", {"name": "Pat Rowe", "role": "health_visitor", "from": "2026-12-01"}, {"members[3].from": "2026-12-01"}),
        ("deputy", {"deputy": JO}, {"deputy": JO}),
        ("hours", {"open": "always", "desk": ""}, {"hours": None, "out_of_hours": None}),
        ("hours", {"open": "days", "days": "saturday", "opens": "10", "closes": "14:30", "desk": "text", "text": "Duty, 01632 960009"}, {"hours": [{"opens": "10:00:00", "closes": "14:30:00", "days": ["saturday"]}], "out_of_hours": {"text": "Duty, 01632 960009"}}),
    ],
)  # fmt: skip
async def test_ooh_06_what_a_manager_enters_is_what_the_team_then_is(
    gateway: Any, word: str, fields: dict[str, str], expected: dict[str, Any]
) -> None:
    agency = fresh("health_visiting_")
    team_id = await put_team(gateway, agency)

    async with desk_over(gateway, visitor(LEE, agency, Role.MANAGER)) as desk:
        answer = await desk.post(f"/team/{team_id}/{word}", version="1", **fields)
        page = await desk.get(answer.headers["location"])

    assert (answer.status_code, page.status_code) == (303, 200)
    assert "On record" in page.text
    stands = await team_of(gateway, team_id)
    for path, value in expected.items():
        found: Any = stands
        for step in re.findall(r"[a-z_]+|\d+", path):
            found = found[int(step)] if step.isdigit() else found.get(step)
        if isinstance(found, list) and isinstance(value, list):
            found = [{name: one[name] for name in value[0]} for one in found]
        assert _same(found, value), (path, found)


def _same(found: Any, value: Any) -> bool:
    if isinstance(value, str) and value.endswith("Z"):
        return datetime.fromisoformat(found).astimezone(UTC) == datetime.fromisoformat(value)
    if isinstance(value, dict):
        return all(_same(found[name], one) for name, one in value.items())
    if isinstance(value, list):
        return len(found) == len(value) and all(map(_same, found, value))
    return bool(found == value)


async def test_two_managers_do_not_overwrite_each_other_and_what_the_second_typed_is_kept(gateway: Any) -> None:
    agency = fresh("health_visiting_")
    team_id = await put_team(gateway, agency)

    async with desk_over(gateway, visitor(LEE, agency, Role.MANAGER)) as desk:
        seen = (await desk.get(f"/team/{team_id}/duty")).text
        await desk.post(f"/team/{team_id}/deputy", version="1", deputy=JO)
        late = await desk.post(f"/team/{team_id}/duty", version="1", who=JO, to="30/11/2026", **{"from": "27/11/2026"})
        kept = dict(re.findall(r'name="(version|to)"[^>]*value="([^"]*)"', late.text))
        stood = await team_of(gateway, team_id)
        again = await desk.post(f"/team/{team_id}/duty", version=kept["version"], who=JO, to=kept["to"], **{"from": "27/11/2026"})

    assert 'name="version" value="1"' in seen
    assert late.status_code == 409
    assert "Somebody else has changed this team meanwhile" in late.text
    assert (stood["version"], stood.get("duty"), kept) == (2, None, {"version": "2", "to": "30/11/2026"})
    assert again.status_code == 303
    assert (await team_of(gateway, team_id))["deputy"] == JO, "the first manager's change stands"


async def test_an_absence_that_somebody_else_has_ended_is_not_ended_twice(gateway: Any) -> None:
    agency = fresh("health_visiting_")
    team_id = await put_team(gateway, agency, absences=[{"who": ADA, "from": "2026-12-20", "to": "2026-12-24", "cover": JO}])

    async with desk_over(gateway, visitor(LEE, agency, Role.MANAGER)) as desk:
        [key] = re.findall(r'name="key" value="([^"]+)"', (await desk.get("/team")).text)
        gone = await desk.post(f"/team/{team_id}/back", key=key)
        again = await desk.post(f"/team/{team_id}/back", key=key)

    assert (gone.status_code, gone.headers["location"]) == (303, "/team?changed=back")
    assert (again.status_code, "The team has changed" in again.text) == (409, True)
    assert "absences" not in await team_of(gateway, team_id), "one that had not begun is taken out"


async def test_a_manager_records_the_first_team_of_an_agency(gateway: Any) -> None:
    agency = fresh("health_visiting_")

    async with desk_over(gateway, visitor(LEE, agency, Role.MANAGER)) as desk:
        empty = words_of((await desk.get("/team")).text)
        nameless = await desk.post("/team/new", name=" ")
        made = await desk.post("/team/new", name="Health visiting, south")
        second = await desk.post("/team/new", name="Health visiting, east")
        page = words_of((await desk.get(made.headers["location"])).text)

    assert "No team is recorded for" in empty
    assert (nameless.status_code, made.status_code, second.status_code) == (422, 303, 303)
    assert "Health visiting, south" in page
    teams = (await gateway.http.get("/v1/teams", params={"agency": agency})).json()["teams"]
    assert [(one["id"], [who["name"] for who in one["managers"]]) for one in teams] == [
        (f"{agency}.team-1", [LEE]),
        (f"{agency}.team-2", [LEE]),
    ]


async def test_a_team_is_its_own_agencys_and_only_who_says_who_answers_changes_it(gateway: Any) -> None:
    story = await a_team(gateway, absences=[{"who": ADA, "from": "2026-11-20", "cover": JO}])
    path, ref = f"/team/{story.team_id}", worker_ref(story.agency, ADA)

    async with desk_over(gateway, story.who(JO)) as desk:
        refused = [
            await desk.get("/team/new"),
            await desk.get(f"{path}/absence"),
            await desk.post(f"{path}/deputy", version="1", deputy=JO),
        ]
        refused += [
            await desk.post(f"{path}/back", key="x"),
            await desk.post(f"{path}/over", key="x"),
            await desk.post("/team/new", name="Ours"),
        ]
        desk.door.who = visitor(LEE, fresh("gp_"), Role.MANAGER)
        hidden = [await desk.get(f"{path}/absence"), await desk.post(f"{path}/deputy", version="1", deputy=JO)]
        hidden += [
            await desk.post(f"{path}/back", key="x"),
            await desk.post(f"{path}/over", key="x"),
            await desk.get(f"/team/returned/{ref}"),
        ]
        nowhere = [await desk.get("/team/gp.nowhere/absence"), await desk.get("/team/returned/no-such-reference")]
        theirs = (await desk.get("/team")).text
        desk.door.who = visitor(LEE, story.agency, Role.OPERATIONS)
        flow = await desk.get("/team")
        desk.door.who = story.manager
        tokenless = await desk.http.post(f"{path}/deputy", data={"version": "1", "deputy": JO})
        unknown = await desk.get(f"{path}/no-such-form")

    assert [one.status_code for one in refused] == [403] * len(refused)
    assert [one.status_code for one in (*hidden, *nowhere, unknown)] == [404] * (len(hidden) + len(nowhere) + 1)
    assert (flow.status_code, tokenless.status_code) == (403, 403)
    assert not [name for name in (ADA, JO, KIT) if name in theirs + "".join(one.text for one in hidden)]
    assert (await team_of(gateway, story.team_id))["version"] == 1


async def test_no_name_of_anybody_stands_in_an_address_or_a_log(gateway: Any, log_text: Any) -> None:
    story = await a_team(gateway)

    async with desk_over(gateway, story.manager) as desk:
        answers = [
            await desk.post(f"/team/{story.team_id}/absence", version="1", who=ADA, cover=JO, **{"from": "20/11/2026"}),
            await desk.post(f"/team/{story.team_id}/member", version="1", name="Kanarienvogel Two"),
            await desk.get("/team"),
        ]
        [key] = re.findall(r'name="key" value="([^"]+)"', answers[-1].text)
        answers.append(await desk.post(f"/team/{story.team_id}/back", key=key))
        addresses = re.findall(r'(?:href|action|src)="([^"]+)"', "".join(one.text for one in answers))

    outside = json.dumps([*addresses, *(one.headers.get("location", "") for one in answers), log_text.getvalue()])
    assert addresses
    assert "anarienvogel" not in outside
    assert "oldammer" not in outside


async def test_a_setting_is_told_that_its_agencys_teams_answer_for_it_and_not_who_is_in_them(gateway: Any) -> None:
    agency = fresh("health_visiting_")
    await put_team(gateway, agency)
    await owe(gateway, told(f"{agency}.north", "Threat to staff"))

    async with desk_over(gateway, visitor(LEE, agency, Role.MANAGER, setting=f"{agency}.north")) as desk:
        team, inbox = (await desk.get("/team")).text, (await desk.get("/inbox")).text

    assert "answer for it" in team
    assert [name for name in (ADA, JO, KIT) if name in team or f'<option value="{name}"' in inbox] == []
